/**
 * The environment that the page shows. Its name is in the address before the fragment
 * (`/ui/?environment=staging#/msg`), so links within the page, reloads and bookmarks keep it. Another
 * environment is another document, so nothing of the earlier one is shown.
 */

const PARAMETER = "environment";
const HEADER = "boathook-environment";

/** The name in the address; null for the environment of the session itself. */
export const addressedEnvironment: string | null = new URLSearchParams(location.search).get(PARAMETER) || null;

/** Returns the headers that choose an environment. Null is the environment of the session itself. */
export function environmentHeaders(name: string | null = addressedEnvironment): Readonly<Record<string, string>> {
  // A name outside ASCII does not exist, and browsers refuse to send it.
  return name === null ? {} : { [HEADER]: /^[\x20-\x7e]+$/.test(name) ? name : "?" };
}

/** Returns the address of the page of another environment. Null is the environment of the session itself. */
export function environmentLink(name: string | null, hash = "#/"): string {
  return `${location.pathname}${name === null ? "" : `?${new URLSearchParams({ [PARAMETER]: name })}`}${hash}`;
}
