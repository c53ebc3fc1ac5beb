import { hash } from "node:crypto";

/**
 * Tokens: a prefix that tells what they are, and 256 random bits. Only their SHA-256 is kept: who reads the data cannot
 * use them, and so much chance needs no slow hash.
 */

export const tokenBytes = 32;

const PREFIX = "bhk_";
const HINT_CHARS = 4;

/** The text of a token; `random` are `tokenBytes` bytes fit for secrets. */
export function tokenText(random: Uint8Array): string {
  return PREFIX + Buffer.from(random).toString("base64url");
}

/** What a token is known by; 32 bytes. */
export function tokenHash(text: string): Buffer {
  return hash("sha256", text, "buffer");
}

/** The end of a token, for people to recognise it by: too short to be of use to anybody else. */
export function tokenHint(text: string): string {
  return text.slice(-HINT_CHARS);
}

/** All that limits a token beside what it is for, as it is shown; null: nothing. */
export function tokenLimits(token: {
  readonly capabilities: readonly string[] | null;
  readonly scopes: readonly string[] | null;
}): readonly string[] | null {
  if (token.capabilities === null || token.scopes === null) return token.capabilities ?? token.scopes;
  return [...token.capabilities, ...token.scopes];
}

/** How a token is shown when its text is not known any more. */
export function censoredToken(hint: string): string {
  return `${PREFIX}***${hint}`;
}
