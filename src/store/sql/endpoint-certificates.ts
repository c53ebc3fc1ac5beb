import type { EndpointAuth } from "../../core/endpoint-auth.ts";
import type { EndpointTls } from "../../core/resources/endpoint-auth.ts";
import type { EndpointCertificates } from "../index.ts";

export interface CertificateRow
  extends Pick<EndpointCertificates, "seq" | "url" | "environmentSeq" | "applicationSeq"> {
  readonly applicationName: string;
  readonly auth: string | null;
  readonly tls: string | null;
}

/** The columns of the endpoint `e` and its application `a`. */
export const CERTIFICATE_COLUMNS = `e.seq, e.url, e.auth, e.tls, a.seq AS "applicationSeq", a.name AS "applicationName",
  a.environment_seq AS "environmentSeq"`;

/** Returns the certificates of an endpoint, or nothing if it has none. */
export function certificatesOf({ auth: authText, tls: tlsText, ...row }: CertificateRow): EndpointCertificates[] {
  const auth = authText === null ? null : (JSON.parse(authText) as EndpointAuth);
  const tls = tlsText === null ? null : (JSON.parse(tlsText) as EndpointTls);
  const client = auth?.type === "mtls" ? auth.certificate : null;
  const cas = [...(auth?.type === "mtls" && auth.ca !== undefined ? [auth.ca] : []), ...(tls === null ? [] : [tls.ca])];
  return client === null && cas.length === 0 ? [] : [{ ...row, client, cas }];
}
