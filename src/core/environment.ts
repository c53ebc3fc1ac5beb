/** The environment of requests that name none. It always exists. */
export const defaultEnvironment = "default";

/**
 * Prefix of the ids of environments, and of the names of environments that come from JWTs. No other
 * name starts with it.
 */
export const environmentPrefix = "org_";

export const environmentNameCharsMax = 255;
/** Printable ASCII without a space at either end: what an HTTP header transmits unchanged. */
export const environmentNamePattern = "^[!-~]([ -~]*[!-~])?$";

const pattern = new RegExp(environmentNamePattern);

/**
 * Returns what is wrong with the name of an environment, or null. A name must not look like an id
 * and must survive in a header.
 */
export function environmentNameProblem(name: string): string | null {
  if (name.startsWith(environmentPrefix)) return `Must not start with ${environmentPrefix} because ids start with it.`;
  return pattern.test(name) ? null : "Only printable ASCII characters are allowed, without a space at either end.";
}
