import { Problem } from "../../core/problem.ts";
import type { Identity } from "../identity/identity.ts";

const RETRY_AFTER_SECONDS = 1;

/** Minimum size of a budget, in bytes. */
const BYTES_MIN = 128 * 1024 * 1024;

/** The callers that share a part of a budget. `anonymous` is every caller without a token. */
export type CallerKind = "application" | "environment" | "anonymous";

/** A caller as the limits count it. All tokens of one application are the same caller. */
export interface Caller {
  readonly kind: CallerKind;
  readonly key: string;
}

/** All callers without a token count as one caller. */
export const anonymous: Caller = { kind: "anonymous", key: "" };

const root: Caller = { kind: "environment", key: "root" };

/**
 * Returns the caller for limits on resources. An application can create any number of tokens, so
 * its tokens share one limit, and so do the tokens of an environment. The root token has its own.
 */
export function callerOf(identity: Identity): Caller {
  if (identity.credential.kind === "none") return anonymous;
  if (identity.root) return root;
  if (identity.applicationSeq !== null) return { kind: "application", key: String(identity.applicationSeq) };
  return { kind: "environment", key: String(identity.environmentSeq) };
}

/** Limits of a budget, in bytes. */
interface Limits {
  /** Maximum for all callers of a kind together. */
  readonly kindBytesMax: number;
  readonly callerBytesMax: number;
}

/**
 * Limits the memory that requests use at the same time. Applications may use half of it, and one
 * application a quarter. Callers without a token may use a quarter. The remaining quarter is always
 * free for environment tokens and the root token.
 */
export class ByteBudget {
  readonly #bytesMax: number;
  readonly #limits: Readonly<Record<CallerKind, Limits>>;
  #bytes = 0;
  readonly #byKind: Record<CallerKind, number> = { application: 0, environment: 0, anonymous: 0 };
  readonly #byCaller = new Map<string, number>();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#limits = {
      application: { kindBytesMax: bytesMax / 2, callerBytesMax: bytesMax / 4 },
      environment: { kindBytesMax: bytesMax, callerBytesMax: bytesMax / 2 },
      anonymous: { kindBytesMax: bytesMax / 4, callerBytesMax: bytesMax / 4 },
    };
  }

  /** Returns a budget in which every caller can use at least two bodies of the maximum size. */
  static for({ maxBodyBytes }: { readonly maxBodyBytes: number }): ByteBudget {
    return new ByteBudget(Math.max(BYTES_MIN, 8 * maxBodyBytes));
  }

  lease(caller: Caller): ByteLease {
    return new ByteLease((bytes) => this.#add(caller, bytes));
  }

  /**
   * Adds bytes to the used memory. Returns false and changes nothing if a limit would be exceeded.
   */
  #add({ kind, key }: Caller, bytes: number): boolean {
    const callerKey = `${kind} ${key}`;
    const own = (this.#byCaller.get(callerKey) ?? 0) + bytes;
    const ofKind = this.#byKind[kind] + bytes;
    const all = this.#bytes + bytes;
    const { kindBytesMax, callerBytesMax } = this.#limits[kind];
    if (bytes > 0 && (all > this.#bytesMax || ofKind > kindBytesMax || own > callerBytesMax)) return false;
    this.#bytes = all;
    this.#byKind[kind] = ofKind;
    if (own === 0) this.#byCaller.delete(callerKey);
    else this.#byCaller.set(callerKey, own);
    return true;
  }
}

/** A part of a budget that one request uses. */
export class ByteLease {
  #bytes = 0;

  constructor(private readonly add: (bytes: number) => boolean) {}

  /** Takes more bytes from the budget. Throws 503 if the budget is used up. */
  grow(bytes: number): void {
    if (!this.add(bytes)) throw overloaded();
    this.#bytes += bytes;
  }

  /** Returns all bytes to the budget. May be called repeatedly. */
  end(): void {
    this.add(-this.#bytes);
    this.#bytes = 0;
  }
}

export function overloaded(): Problem {
  const detail = "Too many large requests or responses are under way. Try again later.";
  return new Problem(503, "overloaded", detail, RETRY_AFTER_SECONDS);
}
