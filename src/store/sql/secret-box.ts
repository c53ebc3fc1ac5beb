import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts secrets at rest. */
export interface SecretBox {
  /** Encrypts a secret. Must be called within the transaction that stores the result. */
  seal(text: string): Uint8Array;
  /** Decrypts a secret. Throws if no known key has sealed it or it has been modified. */
  open(sealed: Uint8Array): string;
}

/** Encrypts with one key, by AES-256-GCM. The result is nonce, tag and ciphertext. */
export class KeyBox implements SecretBox {
  /** Identifies the key without revealing it. See `fingerprintOf`. */
  readonly fingerprint: string;
  readonly #key: Uint8Array;

  /** `hex` is the key as 64 hex digits. */
  constructor(readonly hex: string) {
    this.#key = Buffer.from(hex, "hex");
    this.fingerprint = fingerprintOf(this.#key);
  }

  seal(text: string): Uint8Array {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** Throws if the secret was sealed with another key or has been modified. */
  open(sealed: Uint8Array): string {
    const decipher = createDecipheriv("aes-256-gcm", this.#key, sealed.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
  }

  /** Returns the decrypted secret, or null if it was sealed with another key or has been modified. */
  openOrNull(sealed: Uint8Array): string | null {
    try {
      return this.open(sealed);
    } catch {
      return null;
    }
  }
}

/** Returns what identifies a key. It is stored with the data, so that a wrong key is detected. */
function fingerprintOf(key: Uint8Array): string {
  return createHash("sha256").update("boathook encryption key\0").update(key).digest("hex").slice(0, 32);
}
