import type { Finding } from "./name-answer.ts";

/**
 * What an error of a look-up means. The codes are those of c-ares and getaddrinfo, with or without the `DNS_` that the
 * runtime puts before them.
 */
const absentCodes: ReadonlySet<string> = new Set([
  "ENOTFOUND", // no such name
  "ENODATA", // the name has no address
  "EBADNAME", // no name that could be asked for, such as one with a label of 64 characters
  "ENONAME",
  "EAI_NONAME",
  "EAI_NODATA",
]);

/** The name servers could not be asked at all, or want nothing to do with us. Another way to ask may know more. */
const refusedCodes: ReadonlySet<string> = new Set(["ECONNREFUSED", "EREFUSED"]);

/** Total: whatever is not known to mean that there is no such name says nothing of it. */
export function findingOfError(code: string): Finding {
  return { kind: absentCodes.has(bare(code)) ? "absent" : "unanswered" };
}

export function isRefusal(code: string): boolean {
  return refusedCodes.has(bare(code));
}

function bare(code: string): string {
  return code.startsWith("DNS_") ? code.slice("DNS_".length) : code;
}
