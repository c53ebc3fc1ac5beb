/**
 * What is known of one host name, and for how long it may be used. Pure: instants are milliseconds of a clock that
 * never steps back.
 */

/** What asking for a name came to. */
export type Finding =
  | { readonly kind: "found"; readonly addresses: readonly string[] }
  /** The name servers say that there is no such name, or that it has no address. */
  | { readonly kind: "absent" }
  /** Nobody could tell: no answer in time, or one that says that something is broken. */
  | { readonly kind: "unanswered" };

export interface NameAnswer {
  /** What the latest good answer said; empty when there is none that may be used. */
  readonly addresses: readonly string[];
  /** Until then the addresses may be used, if need be. */
  readonly usableUntil: number;
  /** Until then nobody is asked again. */
  readonly restUntil: number;
  /** How many times in a row asking has failed. */
  readonly failures: number;
}

/** A good answer is used so long without asking again. Short: an endpoint that moves is found again soon. */
export const freshMs = 10_000;
/** A good answer may be used so long while the name servers don't answer (RFC 8767, in small). */
export const usableMs = 5 * 60_000;
/** The rest after so many failures: two seconds after the first, doubling. */
const restMsMin = 2000;
/** A name that is mended is found within this time. */
const restMsMax = 30_000;

/** How long a name is left alone after `failures` (at least 1) in a row. */
export function restAfterFailureMs(failures: number): number {
  return Math.min(restMsMin * 2 ** (failures - 1), restMsMax);
}

/** What is known after a finding at `nowMs`. Only silence keeps what was known before; that there is no such name is an answer. */
export function learn(before: NameAnswer | undefined, finding: Finding, nowMs: number): NameAnswer {
  if (finding.kind === "found" && finding.addresses.length > 0) {
    const { addresses } = finding;
    return { addresses, usableUntil: nowMs + usableMs, restUntil: nowMs + freshMs, failures: 0 };
  }
  const failures = (before?.failures ?? 0) + 1;
  const restUntil = nowMs + restAfterFailureMs(failures);
  const kept = finding.kind === "unanswered" ? usableAddresses(before, nowMs) : [];
  if (kept.length === 0) return { addresses: [], usableUntil: nowMs, restUntil, failures };
  return { addresses: kept, usableUntil: before!.usableUntil, restUntil, failures };
}

/** The addresses that may be used at `nowMs`, however old; empty when there are none. */
export function usableAddresses(answer: NameAnswer | undefined, nowMs: number): readonly string[] {
  return answer !== undefined && nowMs < answer.usableUntil ? answer.addresses : [];
}

/** Who is asked for first when not everybody can be: names that are known to be good, then new ones, then failing ones. */
export type NameRank = 0 | 1 | 2;

export function rankOf(answer: NameAnswer | undefined, nowMs: number): NameRank {
  if (answer === undefined) return 1;
  return answer.failures === 0 || usableAddresses(answer, nowMs).length > 0 ? 0 : 2;
}
