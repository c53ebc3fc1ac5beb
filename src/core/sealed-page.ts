import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";

/**
 * Pages of a move are sealed for the destination, so that nobody between the two servers reads them:
 * neither a proxy nor the command that carries them. A sealed page is an X25519 public key that is
 * used once (DER), a nonce, a tag, and the ciphertext of AES-256-GCM under the key that HKDF-SHA-256
 * derives from the shared secret.
 */

const PUBLIC_BYTES = 44;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = PUBLIC_BYTES + NONCE_BYTES + TAG_BYTES;

/** The key pair of a destination. */
export class PageKeys {
  readonly #privateKey: KeyObject;
  /** The public key: DER in base64. */
  readonly publicKey: string;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync("x25519");
    this.#privateKey = privateKey;
    this.publicKey = derOf(publicKey).toString("base64");
  }

  /** Opens a page that was sealed for this key pair. Returns null if it was not, or was modified. */
  open(sealed: Uint8Array): Uint8Array | null {
    if (sealed.length < HEAD_BYTES) return null;
    const page = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    try {
      const sender = publicKeyOf(page.subarray(0, PUBLIC_BYTES));
      const key = keyFrom(diffieHellman({ privateKey: this.#privateKey, publicKey: sender }));
      const decipher = createDecipheriv("aes-256-gcm", key, page.subarray(PUBLIC_BYTES, PUBLIC_BYTES + NONCE_BYTES));
      decipher.setAuthTag(page.subarray(PUBLIC_BYTES + NONCE_BYTES, HEAD_BYTES));
      return Buffer.concat([decipher.update(page.subarray(HEAD_BYTES)), decipher.final()]);
    } catch {
      return null;
    }
  }
}

/** Seals a page for a destination. Returns null if `publicKey` is not an X25519 public key. */
export function sealPage(publicKey: string, page: Uint8Array): Uint8Array | null {
  const once = generateKeyPairSync("x25519");
  const nonce = randomBytes(NONCE_BYTES);
  let key: Buffer;
  try {
    const recipient = publicKeyOf(Buffer.from(publicKey, "base64"));
    // Also fails for a point of low order, with which everyone knows the shared secret.
    key = keyFrom(diffieHellman({ privateKey: once.privateKey, publicKey: recipient }));
  } catch {
    return null;
  }
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const text = Buffer.concat([cipher.update(page), cipher.final()]);
  return Buffer.concat([derOf(once.publicKey), nonce, cipher.getAuthTag(), text]);
}

function derOf(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

function publicKeyOf(der: Buffer): KeyObject {
  return createPublicKey({ key: der, type: "spki", format: "der" });
}

function keyFrom(shared: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", shared, "", "boathook move", 32));
}
