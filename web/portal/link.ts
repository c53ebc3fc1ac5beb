/** The link that `app-portal-access` hands out: `#key=BASE64` of `{appId, token, region}`, and `&next=PATH` behind it. */
export interface PortalLink {
  readonly token: string;
  /** The hash of the page to show first; `#/endpoints` unless the link says otherwise. */
  readonly next: string;
}

const NEXT = /^\/[\w/.~%-]*$/;

/** Null when the fragment is no such link. Whose the token is, the server says: what else stands in the key is ignored. */
export function parseLink(hash: string): PortalLink | null {
  const parts = new Map(hash.replace(/^#/, "").split("&").map(pair));
  const key = parts.get("key");
  if (key === undefined) return null;
  const next = parts.get("next") ?? "";
  return { token: tokenOf(key), next: NEXT.test(next) ? `#${next}` : "#/endpoints" };
}

/** Not by `URLSearchParams`: it takes the plus signs of base64 for spaces. */
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

/** Empty when the key is broken: no server accepts that. */
function tokenOf(key: string): string {
  try {
    const { token } = JSON.parse(atob(key)) as { token?: unknown };
    return typeof token === "string" ? token : "";
  } catch {
    return "";
  }
}
