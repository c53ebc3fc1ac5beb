import type { LookupResult } from "./name-answer.ts";

/**
 * Error codes of c-ares and getaddrinfo that mean "no such name". The runtime may prefix codes with
 * `DNS_`.
 */
const absentCodes: ReadonlySet<string> = new Set([
  "ENOTFOUND", // no such name
  "ENODATA", // the name has no address
  "EBADNAME", // not a valid name, for example because a label has 64 characters
  "ENONAME",
  "EAI_NONAME",
  "EAI_NODATA",
]);

/**
 * Error codes that mean that a name server cannot be reached or refuses the query. Another lookup
 * method may succeed.
 */
const refusedCodes: ReadonlySet<string> = new Set(["ECONNREFUSED", "EREFUSED"]);

const silentCodes: ReadonlySet<string> = new Set(["ETIMEOUT", "ETIMEDOUT", "EAI_AGAIN"]);

/** Converts an error code to a lookup result. Unknown codes count as unanswered. */
export function lookupResultOf(code: string): LookupResult {
  return { kind: absentCodes.has(bare(code)) ? "absent" : "unanswered" };
}

export function isRefusal(code: string): boolean {
  return refusedCodes.has(bare(code));
}

/** Returns whether the code means that no packet reached a name server. */
export function isUnreached(code: string): boolean {
  return bare(code) === "ECONNREFUSED";
}

/**
 * Returns whether the code may mean that the name servers do not respond. It may also mean only
 * that one lookup hangs.
 */
export function isSilence(code: string): boolean {
  return silentCodes.has(bare(code));
}

function bare(code: string): string {
  return code.startsWith("DNS_") ? code.slice("DNS_".length) : code;
}
