/**
 * A portal link from `app-portal-access`. Its fragment is `#key=` followed by `{appId, token,
 * region}` in base64, optionally followed by `&next=` and a path.
 */
export interface PortalLink {
  readonly token: string;
  /** The application that the link names, or null. */
  readonly app: string | null;
  /** The fragment of the page to open first; `#/endpoints` by default. */
  readonly next: string;
}

const NEXT = /^\/[\w/.~%-]*$/;

/**
 * Parses the fragment of a portal link. Returns null if the fragment is not a portal link. The
 * server knows which application the token belongs to.
 */
export function parseLink(hash: string): PortalLink | null {
  const parts = new Map(hash.replace(/^#/, "").split("&").map(pair));
  const key = parts.get("key");
  if (key === undefined) return null;
  const next = parts.get("next") ?? "";
  return { ...contentOf(key), next: NEXT.test(next) ? `#${next}` : "#/endpoints" };
}

/**
 * Splits a parameter into name and value. `URLSearchParams` would turn plus signs in base64 into
 * spaces.
 */
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

/**
 * Returns what a key contains. If the key is malformed, returns an empty token, which no server
 * accepts.
 */
function contentOf(key: string): Pick<PortalLink, "token" | "app"> {
  try {
    const { token, appId } = JSON.parse(atob(key)) as { token?: unknown; appId?: unknown };
    return { token: typeof token === "string" ? token : "", app: typeof appId === "string" ? appId : null };
  } catch {
    return { token: "", app: null };
  }
}
