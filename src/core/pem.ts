/** Checks of certificates and private keys in PEM (RFC 7468). The messages never contain a key. */
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { ClientTls } from "../ports.ts";

/** Maximum length of a text with certificates or a key, in characters. */
export const pemCharsMax = 64 * 1024;
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;

/** Returns the blocks of a text that have this label. */
export function pemBlocks(text: string, label: RegExp): string[] {
  return [...text.matchAll(BLOCK)].filter((match) => label.test(match[1]!)).map(([block]) => block);
}

/** Validates a text with one or more certificates that have not expired. */
export function certificatesProblem(text: string, nowMs: number): string | null {
  if (text.length > pemCharsMax) return `Must be at most ${pemCharsMax} characters long.`;
  // A key in this field would be shown in responses.
  if (text.includes("PRIVATE KEY")) return "Must contain only certificates, but contains a private key.";
  const blocks = pemBlocks(text, /^CERTIFICATE$/);
  if (blocks.length === 0) return "Must be one or more certificates in PEM (-----BEGIN CERTIFICATE-----).";
  for (const [i, block] of blocks.entries()) {
    const certificate = certificateOf(block);
    if (certificate === null) return `Certificate ${i + 1} cannot be read.`;
    const end = new Date(certificate.validTo);
    if (end.getTime() <= nowMs) return `Certificate ${i + 1} expired at ${end.toISOString()}.`;
  }
  return null;
}

/** Validates the private key of the first certificate in `certificates`, which must be valid. */
export function keyProblem(key: string, certificates: string): string | null {
  if (key.length > pemCharsMax) return `Must be at most ${pemCharsMax} characters long.`;
  const parsed = privateKeyOf(key);
  if (typeof parsed === "string") return parsed;
  const certificate = certificateOf(pemBlocks(certificates, /^CERTIFICATE$/)[0] ?? "");
  if (certificate?.checkPrivateKey(parsed)) return null;
  return "The key does not belong to the certificate, which must be the first one of its chain.";
}

/** Returns whether a text looks like a private key in PEM. */
export function isPrivateKey(text: string): boolean {
  return text.includes("PRIVATE KEY-----");
}

/** Validates a private key for RS256 or ES256 (RFC 7518, 3.1). */
export function signingKeyProblem(text: string): string | null {
  if (text.length > pemCharsMax) return `Must be at most ${pemCharsMax} characters long.`;
  const key = privateKeyOf(text);
  if (typeof key === "string") return key;
  const isP256 = key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1";
  return isP256 || key.asymmetricKeyType === "rsa" ? null : "Must be an RSA key or an EC key with the curve P-256.";
}

/** Returns a private key, or the error in the text. */
export function privateKeyOf(text: string): KeyObject | string {
  try {
    return createPrivateKey(text);
  } catch (error) {
    const isEncrypted = error instanceof Error && "code" in error && error.code === "ERR_MISSING_PASSPHRASE";
    return isEncrypted
      ? "The key is encrypted. Decrypt it, for example with `openssl pkey`. It is stored encrypted."
      : "Must be a private key in PEM.";
  }
}

function certificateOf(block: string): X509Certificate | null {
  try {
    return new X509Certificate(block);
  } catch {
    return null;
  }
}

/** Returns the TLS settings of a client with an id for its connections. */
export function clientTls(ca: string | null, identity: ClientTls["identity"]): ClientTls {
  const id = createHash("sha256")
    .update(JSON.stringify([ca, identity?.certificate, identity?.key]))
    .digest("hex");
  return { ca, identity, id };
}
