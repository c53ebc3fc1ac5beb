import { dotsProblem } from "./rule.ts";

/** Environment for requests that do not name one. It always exists. */
export const defaultEnvironment = "default";

/**
 * Prefix of environments' ids, and of the names of environments that come from JWTs. No other name
 * starts with this prefix.
 */
export const environmentPrefix = "org_";

export const environmentNameCharsMax = 255;
/**
 * Printable ASCII without a leading or trailing space: text that an HTTP header transmits
 * unchanged.
 */
export const environmentNamePattern = "^[!-~]([ -~]*[!-~])?$";

const pattern = new RegExp(environmentNamePattern);

/**
 * Returns the error in an environment's name, or null. A name must not look like an id and must be
 * valid in a header.
 */
export function environmentNameProblem(name: string): string | null {
  if (name.startsWith(environmentPrefix)) return `Must not start with ${environmentPrefix} because ids start with it.`;
  const dots = dotsProblem(name);
  if (dots !== null) return dots;
  return pattern.test(name) ? null : "Only printable ASCII characters are allowed, without a space at either end.";
}
