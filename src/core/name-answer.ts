import type { Shortage } from "../ports.ts";

/**
 * The cached DNS result of one host name, and the rules for how long it may be used. All times are
 * in ms of a clock that never steps back.
 */

/** Result of one lookup. */
export type LookupResult =
  | { readonly kind: "found"; readonly addresses: readonly string[] }
  /** The name servers report that the name does not exist or has no address. */
  | { readonly kind: "absent" }
  /** The lookup failed, because there was no response in time or the server reported an error. */
  | { readonly kind: "unanswered" }
  /** This machine could not look up the name, because no name server responds to anything. */
  | { readonly kind: "unreachable"; readonly shortage: Shortage };

export interface NameAnswer {
  /** Addresses from the latest successful lookup. Empty if none may be used. */
  readonly addresses: readonly string[];
  /** Time until which the addresses may be used if later lookups fail. */
  readonly usableUntil: number;
  /** Time until which no new lookup is made. */
  readonly nextLookupAt: number;
  /** Number of consecutive failed lookups. */
  readonly failures: number;
  /** Set if the latest lookup could not reach a name server. */
  readonly shortage?: Shortage;
}

/**
 * How long a successful result is used without a new lookup, in ms. It is short, so that an
 * endpoint's new address is found soon.
 */
export const freshMs = 10_000;
/** How long a successful result may be used while lookups fail, in ms (serve-stale, RFC 8767). */
export const usableMs = 5 * 60_000;
/** Pause after the first failed lookup, in ms. It doubles with each further failure. */
const pauseMsMin = 2000;
/** Maximum pause, in ms, so that a repaired name is found within this time. */
const pauseMsMax = 30_000;

/**
 * Returns the pause before the next lookup, in ms, after `failures` (at least 1) consecutive
 * failures.
 */
export function pauseAfterFailureMs(failures: number): number {
  return Math.min(pauseMsMin * 2 ** (failures - 1), pauseMsMax);
}

/**
 * Returns the cache entry after a lookup at `nowMs`. Only an unanswered lookup keeps the previous
 * addresses; "no such name" is a definite response and removes them.
 */
export function learn(before: NameAnswer | undefined, result: LookupResult, nowMs: number): NameAnswer {
  if (result.kind === "unreachable") {
    const { addresses = [], usableUntil = nowMs, failures = 0 } = before ?? {};
    // The pause does not grow, so that all names are found soon after the name servers respond
    // again.
    return { addresses, usableUntil, nextLookupAt: nowMs + pauseMsMin, failures, shortage: result.shortage };
  }
  if (result.kind === "found" && result.addresses.length > 0) {
    const { addresses } = result;
    return { addresses, usableUntil: nowMs + usableMs, nextLookupAt: nowMs + freshMs, failures: 0 };
  }
  const failures = (before?.failures ?? 0) + 1;
  const nextLookupAt = nowMs + pauseAfterFailureMs(failures);
  const kept = result.kind === "unanswered" ? usableAddresses(before, nowMs) : [];
  if (kept.length === 0) return { addresses: [], usableUntil: nowMs, nextLookupAt, failures };
  return { addresses: kept, usableUntil: before!.usableUntil, nextLookupAt, failures };
}

/**
 * Returns the addresses that may be used at `nowMs`, fresh or stale. Returns an empty list if there
 * are none.
 */
export function usableAddresses(answer: NameAnswer | undefined, nowMs: number): readonly string[] {
  return answer !== undefined && nowMs < answer.usableUntil ? answer.addresses : [];
}

/**
 * Priority of a name if not all names can be looked up immediately. 0: the latest lookup succeeded
 * or the addresses are still usable. 1: the name is new. 2: the latest lookup failed.
 */
export type NameRank = 0 | 1 | 2;

export function rankOf(answer: NameAnswer | undefined, nowMs: number): NameRank {
  if (answer === undefined) return 1;
  return answer.failures === 0 || usableAddresses(answer, nowMs).length > 0 ? 0 : 2;
}

/** Returns the result for callers: the usable addresses, or the reason why there are none. */
export function resolvedOf(answer: NameAnswer | undefined, nowMs: number): readonly string[] | Shortage {
  const usable = usableAddresses(answer, nowMs);
  return usable.length === 0 && answer?.shortage !== undefined ? answer.shortage : usable;
}
