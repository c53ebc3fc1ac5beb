import type { X509Certificate } from "node:crypto";
import type { Cause } from "../receiver.ts";
import type { RequestView } from "../request-view.ts";

/** The signature of a request and where its certificate is. */
export interface CertificateSignature {
  readonly signature: string;
  readonly digest: "sha1" | "sha256";
  readonly certificateUrl: string;
  readonly time: string;
  /** Returns the signed texts, one for each of the configured secrets that could be right. */
  readonly signed: readonly string[];
}

/** The rules of one sender. */
export interface CertificateSender {
  /** Reads a request. `secrets` are identifiers that must be signed too. */
  read(request: RequestView, secrets: readonly string[]): CertificateSignature | Cause;
  /** Returns whether a certificate may stand at this URL. */
  isAllowedUrl(url: URL): boolean;
  /** Returns whether a certificate has the name of the sender. Not asked for a pinned certificate. */
  isItsCertificate(certificate: X509Certificate): boolean;
}
