/** The cookie that holds the secret of a session. */
import { isSessionSecret, sessionAgeMaxMs, sessionCookie } from "../../core/session.ts";
import { cookieNamed, cookieValue, isEncrypted } from "./cookie.ts";

export interface CookiePlace {
  readonly publicUrl: string;
  /** The path of the public URL, such as `/hooks`; empty if it has none. */
  readonly prefix: string;
}

/** Returns the secret in a request's cookie, or null if there is none. */
export function secretIn(request: Request, place: CookiePlace): string | null {
  const value = cookieValue(request, nameOf(place));
  return value !== null && isSessionSecret(value) ? value : null;
}

/** Returns a `Set-Cookie` header. A null secret deletes the cookie. */
export function setCookie(secret: string | null, request: Request, place: CookiePlace): string {
  return [
    `${nameOf(place)}=${secret ?? ""}`,
    `Path=${place.prefix}/`,
    `Max-Age=${secret === null ? 0 : sessionAgeMaxMs / 1000}`,
    "HttpOnly",
    "SameSite=Strict",
    ...(isEncrypted(request, place.publicUrl) ? ["Secure"] : []),
  ].join("; ");
}

/** Browsers accept `__Host-` only with `Path=/`. */
function nameOf({ publicUrl, prefix }: CookiePlace): string {
  return cookieNamed(sessionCookie, publicUrl, prefix === "" ? "__Host-" : "__Secure-");
}
