import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts secrets at rest with AES-256-GCM. The result is nonce, tag and ciphertext. */
export class SecretBox {
  constructor(/** 32 bytes. */ private readonly key: Uint8Array) {}

  seal(text: string): Uint8Array {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.key, nonce);
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** Decrypts a secret. Throws if it was sealed with another key or has been modified. */
  open(sealed: Uint8Array): string {
    const decipher = createDecipheriv("aes-256-gcm", this.key, sealed.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
  }

  /**
   * Identifies the key without revealing it. The fingerprint is stored with the data, so that a
   * wrong key is detected.
   */
  get fingerprint(): string {
    return createHash("sha256").update("boathook encryption key\0").update(this.key).digest("hex").slice(0, 32);
  }
}
