import type { Database } from "bun:sqlite";
import type { EndpointAuth } from "../../core/endpoint-auth.ts";
import type { EndpointTls } from "../../core/resources/endpoint-auth.ts";
import type { EndpointCertificates } from "../index.ts";
import type { Survey } from "../survey.ts";
import type { Turns } from "../turns.ts";

/** Number of endpoints that one step reads. */
const STEP_ROWS = 500;

interface Row extends Pick<EndpointCertificates, "seq" | "url" | "environmentSeq" | "applicationSeq"> {
  readonly applicationName: string;
  readonly auth: string | null;
  readonly tls: string | null;
}

export function endpointCertificates(db: Database, turns: Turns): Survey["certificates"] {
  const step = `SELECT * FROM endpoint e INDEXED BY endpoint_listed WHERE e.deleted_at IS NULL AND e.seq > ?1
    ORDER BY e.seq LIMIT ${STEP_ROWS}`;
  const rows = db.prepare<Row, [number]>(
    `SELECT e.seq, e.url, e.auth, e.tls, a.seq AS applicationSeq, a.name AS applicationName,
       a.environment_seq AS environmentSeq
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

function certificatesOf({ auth: authText, tls: tlsText, ...row }: Row): EndpointCertificates[] {
  const auth = authText === null ? null : (JSON.parse(authText) as EndpointAuth);
  const tls = tlsText === null ? null : (JSON.parse(tlsText) as EndpointTls);
  const client = auth?.type === "mtls" ? auth.certificate : null;
  const cas = [...(auth?.type === "mtls" && auth.ca !== undefined ? [auth.ca] : []), ...(tls === null ? [] : [tls.ca])];
  return client === null && cas.length === 0 ? [] : [{ ...row, client, cas }];
}
