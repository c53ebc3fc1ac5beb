import { hash } from "node:crypto";

/**
 * API tokens consist of a prefix that identifies them and 256 random bits. Only the SHA-256 is
 * stored, so read access to the data does not reveal usable tokens. With this much randomness, a
 * slow hash is not needed.
 */

export const tokenBytes = 32;
/** Minimum time between two stored uses of a token, in ms. */
export const tokenUseStepMs = 60_000;

/**
 * Name of the stored value that contains the hash of the generated root token. The value exists
 * only if the first start generated a token.
 */
export const rootTokenMeta = "root-token-sha256";

/**
 * Number of random bytes in a token of the door. Such a token is part of a URL that is pasted into
 * the settings of a sender, so it is shorter than an API token.
 */
export const doorTokenBytes = 24;

const DOOR_TOKEN_PATTERN = /^[A-Za-z0-9_-]{32}$/;

const PREFIX = "bhk_";
const ROOT_PREFIX = "bhroot_";
const HINT_CHARS = 4;

/** Returns the text of a token. `random` must be `tokenBytes` bytes from a secure source. */
export function tokenText(random: Uint8Array): string {
  return PREFIX + Buffer.from(random).toString("base64url");
}

/** Returns the text of a root token. `random` is as in `tokenText`. */
export function rootTokenText(random: Uint8Array): string {
  return ROOT_PREFIX + Buffer.from(random).toString("base64url");
}

/** Returns the text of a token of the door. `random` must be `doorTokenBytes` secure bytes. */
export function doorTokenText(random: Uint8Array): string {
  return Buffer.from(random).toString("base64url");
}

/** Returns whether a text has the form of a token of the door. */
export function isDoorToken(text: string): boolean {
  return DOOR_TOKEN_PATTERN.test(text);
}

/** Returns the 32-byte hash that identifies a token. */
export function tokenHash(text: string): Buffer {
  return hash("sha256", text, "buffer");
}

/**
 * Returns the last characters of a token, by which users can recognise it. They are too few to be
 * useful to an attacker.
 */
export function tokenHint(text: string): string {
  return text.slice(-HINT_CHARS);
}

/**
 * Returns the capabilities and scopes that restrict a token, for display. Returns null if the token
 * is unrestricted.
 */
export function tokenLimits(token: {
  readonly capabilities: readonly string[] | null;
  readonly scopes: readonly string[] | null;
}): readonly string[] | null {
  if (token.capabilities === null || token.scopes === null) return token.capabilities ?? token.scopes;
  return [...token.capabilities, ...token.scopes];
}

/** Returns the display form of a token whose text is no longer known. */
export function censoredToken(hint: string): string {
  return `${PREFIX}***${hint}`;
}
