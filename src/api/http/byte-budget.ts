import { Problem } from "../../core/problem.ts";

const RETRY_AFTER_SECONDS = 1;

/** Memory limits for the contents of requests or responses, in bytes. */
export interface ByteLimits {
  readonly bytesMax: number;
  /** Maximum for one caller, so that no caller uses up the whole budget. */
  readonly callerBytesMax: number;
}

/**
 * Limits the memory that requests use at the same time, in total and per caller. All callers
 * without a token count as one caller.
 */
export class ByteBudget {
  #bytes = 0;
  readonly #byCaller = new Map<string, number>();

  constructor(private readonly limits: ByteLimits) {}

  lease(caller: string): ByteLease {
    return new ByteLease((bytes) => this.#add(caller, bytes));
  }

  /**
   * Adds bytes to the used memory. Returns false and changes nothing if a limit would be exceeded.
   */
  #add(caller: string, bytes: number): boolean {
    const own = (this.#byCaller.get(caller) ?? 0) + bytes;
    const { bytesMax, callerBytesMax } = this.limits;
    if (bytes > 0 && (this.#bytes + bytes > bytesMax || own > callerBytesMax)) return false;
    this.#bytes += bytes;
    if (own === 0) this.#byCaller.delete(caller);
    else this.#byCaller.set(caller, own);
    return true;
  }
}

/** A part of a budget that one request uses. */
export class ByteLease {
  #bytes = 0;

  constructor(private readonly add: (bytes: number) => boolean) {}

  /** Takes more bytes from the budget. Throws 503 if the budget is used up. */
  grow(bytes: number): void {
    if (!this.add(bytes)) {
      const detail = "Too many large requests or responses are under way. Try again later.";
      throw new Problem(503, "overloaded", detail, RETRY_AFTER_SECONDS);
    }
    this.#bytes += bytes;
  }

  /** Returns all bytes to the budget. May be called repeatedly. */
  end(): void {
    this.add(-this.#bytes);
    this.#bytes = 0;
  }
}
