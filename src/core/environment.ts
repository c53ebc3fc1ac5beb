import { dotsProblem } from "./rule.ts";

/** The environment of requests that do not name one. It always exists. */
export const defaultEnvironment = "default";

/**
 * Prefix of environment ids, and of the names of environments that JWTs create. The name of no
 * other environment starts with this prefix.
 */
export const environmentPrefix = "org_";

export const environmentNameCharsMax = 255;
/**
 * Matches printable ASCII without a leading or trailing space, which an HTTP header transmits
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
