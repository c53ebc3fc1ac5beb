import { timingSafeEqual } from "node:crypto";
import { rootTokenMeta, tokenHash } from "../../core/token.ts";
import type { Store } from "../../store/index.ts";

/** The hash of the root token: of the configured one, or else of the generated one. */
export class RootHash {
  readonly isConfigured: boolean;
  /** Null if it has not been read yet or does not exist. */
  #hash: Buffer | null;
  #reading: Promise<string | null> | null = null;
  /** Incremented by `forget`, so that a value read before it is not kept. */
  #changes = 0;

  /** `rootToken` is the configured token, or null. */
  constructor(
    private readonly store: Pick<Store, "housekeeping">,
    rootToken: string | null,
  ) {
    this.isConfigured = rootToken !== null;
    this.#hash = rootToken === null ? null : tokenHash(rootToken);
  }

  /** Returns whether this is the hash of the root token, as far as it has been read. */
  equals(hash: Buffer): boolean {
    return this.#hash !== null && timingSafeEqual(hash, this.#hash);
  }

  /**
   * Returns whether this is the hash of the root token. The stored hash is read on first use. The
   * comparison takes constant time.
   */
  async read(hash: Buffer): Promise<boolean> {
    if (this.#hash !== null) return this.equals(hash);
    const changes = this.#changes;
    this.#reading ??= this.store.housekeeping.meta.get(rootTokenMeta);
    const reading = this.#reading;
    const hex = await reading.finally(() => {
      if (this.#reading === reading) this.#reading = null;
    });
    if (hex === null) return false;
    const stored = Buffer.from(hex, "hex");
    if (changes === this.#changes) this.#hash = stored;
    return timingSafeEqual(hash, stored);
  }

  /** Drops the hash of a generated token, which may have been replaced. */
  forget(): void {
    this.#changes++;
    this.#reading = null;
    if (!this.isConfigured) this.#hash = null;
  }
}
