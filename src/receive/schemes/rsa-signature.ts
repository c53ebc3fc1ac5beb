import { type KeyObject, verify } from "node:crypto";

/** Returns whether an RSA signature (PKCS #1 v1.5) is right. Never throws. */
export function isSigned(key: KeyObject, digest: "sha1" | "sha256", text: string, signature: Uint8Array): boolean {
  try {
    return verify(digest, Buffer.from(text), key, signature);
  } catch {
    return false;
  }
}
