import { urlScheme } from "./endpoint-url/index.ts";

/** The text that replaces the password wherever a URL is shown. */
export const MASK = "***";
/** Matches the mask as the URL libraries of some clients write it. Go escapes each `*`. */
const SENT_MASK = /^(?:\*|%2a){3}$/i;

/**
 * Returns the part of a URL that is its secret, or null if there is none. It is the password, or a
 * user without a password if the protocol takes tokens.
 */
function secretPart({ protocol, username, password }: URL): "password" | "username" | null {
  if (password !== "") return "password";
  return username !== "" && urlScheme(protocol)?.hasTokens === true ? "username" : null;
}

/** Returns the URL with its password masked, or the URL unchanged if it has no password. */
export function maskPassword(text: string): string {
  // Parsing is slow, and URLs with a password are rare.
  if (!text.includes("@")) return text;
  const url = URL.parse(text);
  return url === null || secretPart(url) === null ? text : withPassword(text, MASK);
}

/** Returns the password, percent-encoded as in the URL, or null if there is none. */
export function passwordOf(text: string): string | null {
  if (!text.includes("@")) return null;
  const url = URL.parse(text);
  const part = url === null ? null : secretPart(url);
  return part === null ? null : url![part];
}

/**
 * Returns a URL that has a password with this one instead. An already percent-encoded password is
 * unchanged.
 */
export function withPassword(text: string, password: string): string {
  const url = new URL(text);
  url[secretPart(url) ?? "password"] = password;
  return url.href;
}

/**
 * Replaces a masked password in the URL of a request with the stored password of `before`. A URL
 * with any other password is unchanged. Returns null if there is no stored password, or if it would be
 * sent elsewhere or in another way: otherwise somebody who may change the URL but not see the password
 * could learn it.
 */
export function unmaskedUrl(text: string, before: string | null): string | null {
  if (!SENT_MASK.test(passwordOf(text) ?? "")) return text;
  const stored = before === null ? null : passwordOf(before);
  if (before === null || stored === null) return null;
  return credentialScope(text) === credentialScope(before) ? withPassword(text, stored) : null;
}

/** Returns a text that is equal for two URLs if the same password is sent to the same place in the same way. */
function credentialScope(text: string): string {
  const url = new URL(text);
  const { protocol, host, username, searchParams } = url;
  const user = secretPart(url) === "username" ? null : username;
  const params = urlScheme(protocol)?.credentialParams ?? [];
  return JSON.stringify([protocol, host, user, params.map((name) => searchParams.getAll(name))]);
}
