/**
 * A link from `app-portal-access`: `#key=` and the base64 of `{appId, token, region}`, optionally
 * `&next=` and a path.
 */
export interface PortalLink {
  readonly token: string;
  /** The fragment of the first page, `#/endpoints` by default. */
  readonly next: string;
}

const NEXT = /^\/[\w/.~%-]*$/;

/**
 * Returns null if the fragment is not a link. Uses only the token of the key: the server knows who
 * it belongs to.
 */
export function parseLink(hash: string): PortalLink | null {
  const parts = new Map(hash.replace(/^#/, "").split("&").map(pair));
  const key = parts.get("key");
  if (key === undefined) return null;
  const next = parts.get("next") ?? "";
  return { token: tokenOf(key), next: NEXT.test(next) ? `#${next}` : "#/endpoints" };
}

/** Splits a parameter. `URLSearchParams` would turn the plus signs of base64 into spaces. */
function pair(text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), decoded(text.slice(at + 1))];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Returns an empty token, which no server accepts, if the key is malformed. */
function tokenOf(key: string): string {
  try {
    const { token } = JSON.parse(atob(key)) as { token?: unknown };
    return typeof token === "string" ? token : "";
  } catch {
    return "";
  }
}
