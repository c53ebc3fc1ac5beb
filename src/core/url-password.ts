/** The text that replaces the password wherever a URL is shown. */
export const MASK = "***";
/** Matches the mask as the URL libraries of some clients write it. Go escapes each `*`. */
const SENT_MASK = /^(?:\*|%2a){3}$/i;

/** Returns the URL with its password masked, or the URL unchanged if it has no password. */
export function maskPassword(text: string): string {
  // Parsing is slow, and URLs with a password are rare.
  if (!text.includes("@")) return text;
  const url = URL.parse(text);
  return url === null || url.password === "" ? text : withPassword(text, MASK);
}

/** Returns the password, percent-encoded as in the URL, or null if there is none. */
export function passwordOf(text: string): string | null {
  if (!text.includes("@")) return null;
  const password = URL.parse(text)?.password ?? "";
  return password === "" ? null : password;
}

/** Returns the URL with this password. An already percent-encoded password is unchanged. */
export function withPassword(text: string, password: string): string {
  const url = new URL(text);
  url.password = password;
  return url.href;
}

/**
 * Replaces a masked password in the URL of a request with the stored password of `before`. A URL
 * with any other password is unchanged. Returns null if there is no stored password, or if the
 * origin or user differs from that of `before`: otherwise somebody who may change the URL but not
 * see the password could have the password sent elsewhere.
 */
export function unmaskedUrl(text: string, before: string | null): string | null {
  if (!SENT_MASK.test(passwordOf(text) ?? "")) return text;
  const stored = before === null ? null : passwordOf(before);
  if (before === null || stored === null) return null;
  const [url, known] = [new URL(text), new URL(before)];
  const isSame = url.origin === known.origin && url.username === known.username;
  return isSame ? withPassword(text, stored) : null;
}
