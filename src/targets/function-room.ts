import type { Seq } from "../core/id.ts";

/** Maximum length of what functions keep while they wait: in total, and of one application. */
const CHARS_MAX = 128 * 1_048_576;
const CHARS_PER_OWNER_MAX = 32 * 1_048_576;

/** Limits what functions keep in memory until they end: their requests, messages and responses. */
export class FunctionRoom {
  #total = 0;
  readonly #byOwner = new Map<Seq, number>();

  /** Counts what a function of the application `owner` keeps. Returns false if there is no room for it. */
  take(owner: Seq, chars: number): boolean {
    const kept = (this.#byOwner.get(owner) ?? 0) + chars;
    if (kept > CHARS_PER_OWNER_MAX || this.#total + chars > CHARS_MAX) return false;
    this.#total += chars;
    this.#byOwner.set(owner, kept);
    return true;
  }

  /** Must be called with everything that a function has taken when it ends. */
  giveBack(owner: Seq, chars: number): void {
    this.#total -= chars;
    const left = (this.#byOwner.get(owner) ?? 0) - chars;
    if (left === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, left);
  }
}
