/** Checks of certificates and private keys in PEM (RFC 7468). The messages never contain a key. */
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { ClientTls } from "../ports.ts";

/** Maximum length of a text with certificates or a key, in characters. */
export const pemCharsMax = 64 * 1024;
/** Our own limit: signing with a longer key holds the event loop for tens of milliseconds. */
const RSA_BITS_MAX = 4096;
const DASHES = "-----";

/** Returns the complete blocks of a text that have this label. */
export function pemBlocks(text: string, label: RegExp): string[] {
  return parsePem(text)
    .blocks.filter((block) => label.test(block.label))
    .map((block) => block.text);
}

interface Pem {
  readonly blocks: readonly { readonly label: string; readonly text: string }[];
  /** Whether each block that begins also ends. TLS refuses other texts. */
  readonly isComplete: boolean;
}

/** Finds the blocks of a text in linear time, because customers send it. */
function parsePem(text: string): Pem {
  const begin = /-----BEGIN ([A-Z0-9 ]+)-----/g;
  const blocks = [];
  let isComplete = true;
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    const ending = `-----END ${match[1]}-----`;
    // The content of a block has no five dashes.
    const end = text.indexOf(DASHES, begin.lastIndex);
    if (end < 0) return { blocks, isComplete: false };
    begin.lastIndex = end;
    if (text.startsWith(ending, end)) {
      begin.lastIndex += ending.length;
      blocks.push({ label: match[1]!, text: text.slice(match.index, begin.lastIndex) });
    } else {
      isComplete = false;
    }
  }
  return { blocks, isComplete };
}

/** Validates a text with one or more certificates that have not expired. */
export function certificatesProblem(text: string, nowMs: number): string | null {
  if (text.length > pemCharsMax) return `Must be at most ${pemCharsMax} characters long.`;
  // A key in this field would be shown in responses.
  if (text.includes("PRIVATE KEY")) return "Must contain only certificates, but contains a private key.";
  if (text.includes("\0")) return "Must not contain the character NUL.";
  const { isComplete, blocks: all } = parsePem(text);
  const blocks = all.filter(({ label }) => label === "CERTIFICATE");
  if (blocks.length === 0) return "Must be one or more certificates in PEM (-----BEGIN CERTIFICATE-----).";
  for (const [i, block] of blocks.entries()) {
    const certificate = certificateOf(block.text);
    if (certificate === null) return `Certificate ${i + 1} cannot be read.`;
    const end = new Date(certificate.validTo);
    if (end.getTime() <= nowMs) return `Certificate ${i + 1} expired at ${end.toISOString()}.`;
  }
  return isComplete ? null : "A block in PEM has no end, or an end with another label.";
}

/** Returns the earliest end of the certificates in a text, in ms since the Unix epoch; null if it has none. */
export function certificatesEndAt(text: string): number | null {
  const certificates = pemBlocks(text, /^CERTIFICATE$/).map(certificateOf);
  const ends = certificates.flatMap((certificate) => (certificate === null ? [] : [Date.parse(certificate.validTo)]));
  return ends.length === 0 ? null : Math.min(...ends);
}

/** Validates the private key of the first certificate in `certificates`, which must be valid. */
export function keyProblem(key: string, certificates: string): string | null {
  if (key.length > pemCharsMax) return `Must be at most ${pemCharsMax} characters long.`;
  const parsed = privateKeyOf(key);
  if (typeof parsed === "string") return parsed;
  if (isLong(parsed)) return tooLong;
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
  if (isLong(key)) return tooLong;
  const isP256 = key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1";
  return isP256 || key.asymmetricKeyType === "rsa" ? null : "Must be an RSA key or an EC key with the curve P-256.";
}

const tooLong = `An RSA key must have at most ${RSA_BITS_MAX} bits.`;

function isLong({ asymmetricKeyDetails }: KeyObject): boolean {
  return (asymmetricKeyDetails?.modulusLength ?? 0) > RSA_BITS_MAX;
}

/** Returns a private key, or the error in the text. */
function privateKeyOf(text: string): KeyObject | string {
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
