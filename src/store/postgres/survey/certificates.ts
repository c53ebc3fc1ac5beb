import { CERTIFICATE_COLUMNS, type CertificateRow, certificatesOf } from "../../sql/endpoint-certificates.ts";
import type { Survey } from "../../survey.ts";
import type { Queries } from "../connection/database.ts";

/** Number of endpoints that one step reads. */
const STEP_ROWS = 500;

export function endpointCertificates(queries: Queries): Survey["certificates"] {
  const step = `FROM endpoint WHERE deleted_at IS NULL AND seq > $1 ORDER BY seq`;
  return async (after) => {
    const [rows, last] = await Promise.all([
      queries.all<CertificateRow>(
        `SELECT ${CERTIFICATE_COLUMNS} FROM (SELECT * ${step} LIMIT ${STEP_ROWS}) AS e
         JOIN application a ON a.seq = e.application_seq
         WHERE (e.auth IS NOT NULL OR e.tls IS NOT NULL) AND a.deleted_at IS NULL ORDER BY e.seq`,
        [after],
      ),
      queries.first<{ seq: number }>(`SELECT seq ${step} LIMIT 1 OFFSET ${STEP_ROWS - 1}`, [after]),
    ]);
    return { found: rows.flatMap(certificatesOf), next: last?.seq ?? null };
  };
}
