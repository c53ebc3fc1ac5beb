import type { Database } from "bun:sqlite";
import { CERTIFICATE_COLUMNS, type CertificateRow, certificatesOf } from "../../sql/endpoint-certificates.ts";
import type { Survey } from "../../survey.ts";
import type { Turns } from "../../turns.ts";

/** Number of endpoints that one step reads. */
const STEP_ROWS = 500;

export function endpointCertificates(db: Database, turns: Turns): Survey["certificates"] {
  const step = `SELECT * FROM endpoint e INDEXED BY endpoint_listed WHERE e.deleted_at IS NULL AND e.seq > ?1
    ORDER BY e.seq LIMIT ${STEP_ROWS}`;
  const rows = db.prepare<CertificateRow, [number]>(
    `SELECT ${CERTIFICATE_COLUMNS}
     FROM (${step}) e CROSS JOIN application a ON a.seq = e.application_seq
     WHERE (e.auth IS NOT NULL OR e.tls IS NOT NULL) AND a.deleted_at IS NULL`,
  );
  const last = db.prepare<{ seq: number }, [number]>(
    `SELECT e.seq FROM endpoint e INDEXED BY endpoint_listed WHERE e.deleted_at IS NULL AND e.seq > ?1
     ORDER BY e.seq LIMIT 1 OFFSET ${STEP_ROWS - 1}`,
  );
  return async (after) => {
    if (after > 0) await turns.next();
    return { found: rows.all(after).flatMap(certificatesOf), next: last.get(after)?.seq ?? null };
  };
}
