import { certificateSeverity } from "../../core/attention-rules.ts";
import type { IdCodec } from "../../core/id.ts";
import { formatInstant } from "../../core/instant.ts";
import type { ExpiringCertificate } from "../../deliver/watches/certificate-watch.ts";
import type { Entry } from "./attention-entry.ts";

/** Entries about certificates that end soon or have ended. Their end is in `detail`. */

/** Returns null if the certificate of this server is valid for long, or if there is none. */
export function ofServerCertificate(endsAt: number | null, now: number): Entry | null {
  const severity = endsAt === null ? null : certificateSeverity(endsAt, now);
  if (severity === null) return null;
  const detail = `The certificate in \`tls-cert\` ${ends(endsAt!, now)}. Renew it, then send SIGHUP.`;
  return { kind: "certificate_expiring", severity, since: null, detail };
}

/** Returns null if the certificate of an endpoint is valid for long. */
export function ofCertificate(certificate: ExpiringCertificate, now: number, ids: IdCodec): Entry | null {
  const { endsAt, kind, seq, url, applicationSeq, applicationName } = certificate;
  const severity = certificateSeverity(endsAt, now);
  if (severity === null) return null;
  const what = kind === "client" ? "The client certificate of the endpoint" : "A CA that the endpoint trusts";
  return {
    ...{ kind: "endpoint_certificate_expiring", severity, since: null },
    ...{ appId: ids.encode("app_", applicationSeq), appName: applicationName },
    ...{ endpointId: ids.encode("ep_", seq), url },
    detail: `${what} ${ends(endsAt, now)}. Deliveries fail without a valid one.`,
  };
}

function ends(endsAt: number, now: number): string {
  return `${endsAt <= now ? "ended" : "ends"} at ${formatInstant(endsAt)}`;
}
