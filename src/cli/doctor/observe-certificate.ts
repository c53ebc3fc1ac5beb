import { X509Certificate } from "node:crypto";
import { statSync } from "node:fs";
import { readKeyPair, type Settings, SettingsError } from "../../config/index.ts";
import type { CertificateFacts } from "../../doctor/certificate.ts";

/** Reads the files of `tls-cert` and `tls-key`. Returns null if neither is set. */
export function observeCertificate(settings: Settings, now: number): CertificateFacts | null {
  try {
    const pair = readKeyPair(settings, { now, again: false });
    if (pair === null) return null;
    const certificates = pair.cert.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
    const ends = certificates.map((pem) => Date.parse(new X509Certificate(pem).validTo));
    return { problem: null, expiresAt: Math.min(...ends), keyMode: modeOf(settings.tlsKey!) };
  } catch (error) {
    if (error instanceof SettingsError) return { problem: error.message };
    throw error;
  }
}

/** Windows has no such permissions. */
function modeOf(path: string): number {
  return process.platform === "win32" ? 0 : statSync(path).mode & 0o777;
}
