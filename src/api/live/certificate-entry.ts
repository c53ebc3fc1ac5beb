import { certificateSeverity } from "../../core/attention-rules.ts";
import type { SourceCertificates } from "../../core/broker.ts";
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

/** Returns null if the certificates of a source are valid for long. */
export function ofSourceCertificates(source: SourceCertificates, now: number, ids: IdCodec): Entry | null {
  const { client, ca, sourceSeq, name } = source;
  const isClient = client !== null && (ca === null || client <= ca);
  const endsAt = isClient ? client : ca;
  const severity = endsAt === null ? null : certificateSeverity(endsAt, now);
  if (severity === null) return null;
  const what = isClient ? "The client certificate of the source" : "A CA that the source trusts";
  return {
    ...{ kind: "source_certificate_expiring", severity, since: null },
    ...{ sourceId: ids.encode("src_", sourceSeq), sourceName: name },
    detail: `${what} ${ends(endsAt!, now)}. No messages are taken without a valid one.`,
  };
}

function ends(endsAt: number, now: number): string {
  return `${endsAt <= now ? "ended" : "ends"} at ${formatInstant(endsAt)}`;
}
