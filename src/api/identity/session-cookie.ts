/** The cookie that holds the secret of a session. */
import { isSessionSecret, sessionAgeMaxMs, sessionCookie } from "../../core/session.ts";

export interface CookiePlace {
  readonly publicUrl: string;
  /** The path of the public URL, such as `/hooks`; empty if it has none. */
  readonly prefix: string;
}

/**
 * Returns the name of the cookie. Browsers accept a name with these prefixes only over HTTPS, and
 * `__Host-` only without a path, so that other sites of the domain cannot set the cookie. Browsers
 * ignore ports, so the port is part of the name: several servers on one machine do not share a cookie.
 */
export function cookieName({ publicUrl, prefix }: CookiePlace): string {
  const { protocol, port } = new URL(publicUrl);
  const name = port === "" ? sessionCookie : `${sessionCookie}_${port}`;
  if (protocol !== "https:") return name;
  return prefix === "" ? `__Host-${name}` : `__Secure-${name}`;
}

/** Returns the secret in a request's cookie, or null if there is none. */
export function secretIn(request: Request, name: string): string | null {
  const header = request.headers.get("cookie");
  if (header === null) return null;
  for (const pair of header.split(";")) {
    const at = pair.indexOf("=");
    if (at < 0 || pair.slice(0, at).trim() !== name) continue;
    const value = pair.slice(at + 1).trim();
    return isSessionSecret(value) ? value : null;
  }
  return null;
}

/** Returns a `Set-Cookie` header. A null secret deletes the cookie. */
export function setCookie(secret: string | null, request: Request, place: CookiePlace): string {
  return [
    `${cookieName(place)}=${secret ?? ""}`,
    `Path=${place.prefix}/`,
    `Max-Age=${secret === null ? 0 : sessionAgeMaxMs / 1000}`,
    "HttpOnly",
    "SameSite=Strict",
    ...(isEncrypted(request, place) ? ["Secure"] : []),
  ].join("; ");
}

/**
 * Returns whether the browser reaches the server over HTTPS. The headers cannot be trusted, but a
 * wrong one only affects the cookie of its own sender.
 */
function isEncrypted({ url, headers }: Request, { publicUrl }: CookiePlace): boolean {
  const starts = [publicUrl, url, headers.get("origin") ?? ""].some((text) => text.startsWith("https://"));
  return starts || headers.get("x-forwarded-proto") === "https";
}
