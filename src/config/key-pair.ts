import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { KeyPair } from "../core/key-pair.ts";
import { firstText, textAgain } from "./file-text.ts";
import { SettingsError } from "./read.ts";
import type { Settings } from "./schema.ts";

/** TLS libraries refuse shorter keys at their usual security level. */
const RSA_BITS_MIN = 2048;

interface Reading {
  readonly now: number;
  /** Whether a running server reads the files again. They must then be regular files. */
  readonly again: boolean;
}

/**
 * Reads the files of `tls-cert` and `tls-key`. Returns null if neither is set. Throws
 * `SettingsError` if a file cannot be read, if the certificate is not valid now, or if the key does
 * not belong to it.
 */
export function readKeyPair(settings: Pick<Settings, "tlsCert" | "tlsKey">, reading: Reading): KeyPair | null {
  const { tlsCert: certPath, tlsKey: keyPath } = settings;
  if (certPath === null || keyPath === null) return null;
  const cert = readText("tls-cert", certPath, reading);
  const key = readText("tls-key", keyPath, reading);
  const certificates = parsedCertificates(cert, certPath);
  const [own] = certificates;
  for (const certificate of certificates) refuseInvalidTime(certificate, certPath, reading.now);
  if (!own!.checkPrivateKey(parsedKey(key, keyPath))) {
    throw new SettingsError(
      `The tls-key ${keyPath} does not belong to the first certificate in the tls-cert ${certPath}. Put the certificate of this server first, and use the key that it was requested with.`,
    );
  }
  return { cert, key };
}

function readText(name: string, path: string, { again }: Reading): string {
  let problem: string;
  try {
    const read = again ? textAgain(path) : firstText(path);
    if ("text" in read) return read.text;
    ({ problem } = read);
  } catch (error) {
    problem = `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
  }
  throw new SettingsError(`The ${name} ${path} ${problem}. Set ${name} to a PEM file that this process may read.`);
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function parsedCertificates(text: string, path: string): readonly X509Certificate[] {
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) {
    throw new SettingsError(`The tls-cert ${path} contains no certificate. Set tls-cert to a PEM file with one.`);
  }
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new SettingsError(`Certificate ${index + 1} in the tls-cert ${path} is damaged. Export it as PEM again.`);
    }
  });
}

function refuseInvalidTime({ validFrom, validTo, subject }: X509Certificate, path: string, now: number): void {
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  const name = subject.replaceAll("\n", ", ");
  if (now > to) {
    throw new SettingsError(
      `The certificate of ${name} in the tls-cert ${path} expired at ${instant(to)}. Renew it, or check the clock.`,
    );
  }
  if (now < from) {
    throw new SettingsError(
      `The certificate of ${name} in the tls-cert ${path} is not valid before ${instant(from)}. Check the clock.`,
    );
  }
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

function parsedKey(text: string, path: string): KeyObject {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    throw new SettingsError(
      `The tls-key ${path} is protected by a passphrase. Remove it with \`openssl pkey\`, and protect the file with its mode.`,
    );
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch {
    throw new SettingsError(`The tls-key ${path} contains no private key. Set tls-key to a PEM file with one.`);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < RSA_BITS_MIN) {
    throw new SettingsError(
      `The tls-key ${path} is an RSA key of ${bits} bits, which clients refuse. Use a key of at least ${RSA_BITS_MIN} bits or an elliptic curve, and request a new certificate with it.`,
    );
  }
  return key;
}
