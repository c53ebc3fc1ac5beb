/** Headers whose values are secrets of the receiver, in lower case. */
const sensitiveNames: ReadonlySet<string> = new Set([
  "x-auth-token",
  "x-api-key",
  "www-authenticate",
  "authorization",
  "proxy-authenticate",
  "proxy-authorization",
]);

/** Returns whether a header of a request to an endpoint has a value that must not be shown. */
export function isSensitiveHeader(name: string): boolean {
  return sensitiveNames.has(name.toLowerCase());
}
