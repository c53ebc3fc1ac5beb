/** How sources that take messages from a queue verify their broker, and identify themselves to it. */
import { urlScheme } from "../core/endpoint-url/index.ts";
import { certificatesProblem, keyProblem } from "../core/pem.ts";
import { configText, type SourceConfig } from "./schemes/scheme.ts";

/** An error in a field of a configuration. */
export interface QueueTlsProblem {
  readonly field: "url" | "ca" | "certificate" | "key";
  readonly msg: string;
}

/** The certificates and the key of a source, in PEM. Null means that it has none. */
export interface QueueTls {
  readonly ca: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
}

/** Returns the certificates and the key in a configuration. */
export function queueTlsOf(config: SourceConfig): QueueTls {
  return {
    ca: configText(config, "ca"),
    certificate: configText(config, "certificate"),
    key: configText(config, "key"),
  };
}

/**
 * Returns the first error in the certificates and the key of a configuration with a valid URL, or null.
 * Values that are stored already are not checked again, because a certificate may have expired since.
 */
export function queueTlsProblem(config: SourceConfig, stored: SourceConfig, nowMs: number): QueueTlsProblem | null {
  const { ca, certificate, key } = queueTlsOf(config);
  const before = queueTlsOf(stored);
  if (certificate !== null && key === null) return { field: "key", msg: "A certificate needs its private key." };
  if (key !== null && certificate === null)
    return { field: "certificate", msg: "A private key needs its certificate." };
  const caProblem = ca === null || ca === before.ca ? null : certificatesProblem(ca, nowMs);
  if (caProblem !== null) return { field: "ca", msg: caProblem };
  if (certificate !== null && key !== null && !(certificate === before.certificate && key === before.key)) {
    const problem = certificatesProblem(certificate, nowMs);
    if (problem !== null) return { field: "certificate", msg: problem };
    const ofKey = keyProblem(key, certificate);
    if (ofKey !== null) return { field: "key", msg: ofKey };
  }
  return ca === null && certificate === null ? null : clearTextProblem(config);
}

/** Returns the error if the connection to the queue has no TLS, or null. */
function clearTextProblem(config: SourceConfig): QueueTlsProblem | null {
  const url = new URL(String(config.url));
  const problem = urlScheme(url.protocol)?.clearTextProblem(url) ?? null;
  return problem === null ? null : { field: "url", msg: `Certificates need a connection with TLS. ${problem}` };
}
