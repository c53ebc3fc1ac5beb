import { hash, timingSafeEqual } from "node:crypto";
import type { Seq } from "./id.ts";

/**
 * A session lets a browser act for the holder of a token, or for a person who has logged in at an
 * identity provider. The browser gets a random secret in a cookie. Only the secret's SHA-256 is stored, as with tokens.
 */

/** Number of random bytes in the secret of a session. */
export const sessionSecretBytes = 32;

const DAY_MS = 86_400_000;
/** Time without a request after which a session ends, in ms. */
export const sessionIdleMs = 7 * DAY_MS;
/** Maximum age of a session, in ms. */
export const sessionAgeMaxMs = 30 * DAY_MS;
/** Maximum number of sessions of one token or user. A new one ends the one that was used least recently. */
export const sessionsPerOwnerMax = 20;
/** Minimum time between two stored uses of a session, in ms. */
export const sessionUseStepMs = 60_000;
export const userAgentCharsMax = 256;

/** The name of the cookie, without the prefix and the port that may be added to it. */
export const sessionCookie = "boathook_session";

const COOKIE_PATTERN = /(?:^|;)\s*(?:__(?:Host|Secure)-)?boathook_session(?:_\d+)?=[^;]*/g;

/**
 * Returns a `Cookie` header without the secrets of sessions. Browsers also send them to inboxes and to
 * the door, which store and pass on the headers of requests.
 */
export function withoutSessionSecrets(cookies: string): string {
  return cookies.replace(COOKIE_PATTERN, "").replace(/^;\s*/, "");
}

const SECRET_PATTERN = /^[A-Za-z0-9_-]{43}$/;

export function sessionSecretText(random: Uint8Array): string {
  return Buffer.from(random).toString("base64url");
}

/** Returns whether a text has the form of a session's secret. */
export function isSessionSecret(text: string): boolean {
  return SECRET_PATTERN.test(text);
}

/**
 * Returns the token that a page must send with every change. It is derived from the secret, so it is
 * not stored, and the secret cannot be derived from it.
 */
export function csrfToken(secret: string): string {
  return hash("sha256", `csrf ${secret}`, "base64url");
}

/** Compares in constant time. */
export function isCsrfToken(text: string, secret: string): boolean {
  const [sent, expected] = [Buffer.from(text), Buffer.from(csrfToken(secret))];
  return sent.length === expected.length && timingSafeEqual(sent, expected);
}

/** The session of a request, as far as its handler needs it. */
export interface SessionRef {
  readonly seq: Seq;
  readonly csrf: string;
}

/** The parts of a request that show which page sent it. */
export interface RequestOrigin {
  readonly method: string;
  /** The header `Sec-Fetch-Site`. Browsers omit it over unencrypted HTTP to other machines. */
  readonly fetchSite: string | null;
  /** The header `Origin`. */
  readonly origin: string | null;
  /** The header `Host`. */
  readonly host: string | null;
}

/**
 * Returns whether a request may come from a page of this server: false if its headers show another
 * origin. A request without `Sec-Fetch-Site` and `Origin` may be a GET over unencrypted HTTP, to
 * which `SameSite=Strict` applies.
 */
export function isSameOrigin({ method, fetchSite, origin, host }: RequestOrigin, publicUrl: string): boolean {
  if (fetchSite !== null) return fetchSite === "same-origin" || (fetchSite === "none" && isRead(method));
  if (origin === null) return true;
  const url = URL.parse(origin);
  if (url === null) return false;
  return url.origin === new URL(publicUrl).origin || (host !== null && url.host === host.toLowerCase());
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD";
}
