import { type KeyObject, X509Certificate } from "node:crypto";
import type { Check, FetchedKey } from "../receiver.ts";
import type { RequestView } from "../request-view.ts";
import { decodeBase64 } from "./bytes.ts";
import type { CertificateSender, CertificateSignature } from "./certificate-sender.ts";
import { paypal } from "./paypal.ts";
import { isSigned } from "./rsa-signature.ts";
import {
  configText,
  failed,
  type PreparedScheme,
  passed,
  type SourceConfig,
  secretsOf,
  toleranceOf,
} from "./scheme.ts";
import { sns } from "./sns.ts";
import { outside, parseTime, type Window } from "./time.ts";

/** An RSA signature whose certificate is at a URL in the request. */
export interface CertificateParameters {
  readonly type: "certificate";
  readonly headers: readonly string[];
  readonly sender: "paypal" | "aws-sns";
  /** ISO 8601. By default not checked, because retries carry the old time. */
  readonly time: Window;
}

const SENDERS: Readonly<Record<CertificateParameters["sender"], CertificateSender>> = { paypal, "aws-sns": sns };
const PEM_CHARS_MAX = 65_536;
const URL_CHARS_MAX = 1024;
const SIGNATURE_CHARS_MAX = 2048;

export function prepareCertificate(
  { sender: name, time }: CertificateParameters,
  config: SourceConfig,
): PreparedScheme {
  const sender = SENDERS[name];
  const secrets = secretsOf(config);
  const window = toleranceOf(config, time.past, time.future);
  const pin = configText(config, "certificate");
  const pinned = pin === null ? null : certificateFrom(pin);
  let latest: { readonly text: string; readonly certificate: X509Certificate | null } | null = null;
  const certificateOf = (fetched: FetchedKey) => {
    if (latest?.text !== fetched) latest = { text: fetched, certificate: certificateFrom(fetched) };
    return latest.certificate;
  };
  const check = (request: RequestView, now: number, fetched?: FetchedKey): Check => {
    const read = sender.read(request, secrets);
    if (typeof read === "string") return failed(read);
    if (read.signature.length > SIGNATURE_CHARS_MAX) return failed("malformed_signature");
    if (!isAllowed(sender, read.certificateUrl)) return failed("certificate_url_not_allowed");
    const signature = decodeBase64(read.signature);
    const seconds = parseTime(read.time, "iso");
    if (signature === null || seconds === null) return failed("malformed_signature");
    if (pin === null && fetched === undefined) {
      return { kind: "needs-key", key: { url: read.certificateUrl, kind: "certificate", keyId: null } };
    }
    const certificate = pin === null ? certificateOf(fetched!) : pinned;
    if (certificate === null) return failed("unknown_key");
    if (pin === null && !(sender.isItsCertificate(certificate) && isCurrent(certificate, now)))
      return failed("unknown_key");
    if (!isSignedWith(certificate.publicKey, read, signature)) return failed("signature_mismatch");
    const late = outside(seconds, now, window);
    return late === null ? passed : failed(late);
  };
  return { secretHeaders: [], check, sign: null };
}

function isSignedWith(key: KeyObject, { digest, signed }: CertificateSignature, signature: Uint8Array): boolean {
  return signed.some((text) => isSigned(key, digest, text, signature));
}

function isAllowed(sender: CertificateSender, text: string): boolean {
  const url = text.length > URL_CHARS_MAX ? null : URL.parse(text);
  // A URL that is written differently than it is read could mean another host to other software.
  if (url === null || url.href !== text || url.protocol !== "https:") return false;
  const isPlain = url.username === "" && url.password === "" && url.port === "" && url.search === "" && url.hash === "";
  return isPlain && sender.isAllowedUrl(url);
}

/** Returns the first certificate of a text in PEM, or null. */
function certificateFrom(text: string): X509Certificate | null {
  if (text.length > PEM_CHARS_MAX || !text.includes("-----BEGIN CERTIFICATE-----")) return null;
  try {
    const certificate = new X509Certificate(text);
    return certificate.publicKey.asymmetricKeyType === "rsa" ? certificate : null;
  } catch {
    return null;
  }
}

function isCurrent({ validFrom, validTo }: X509Certificate, nowSeconds: number): boolean {
  const now = nowSeconds * 1000;
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo);
}
