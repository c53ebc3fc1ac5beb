/**
 * Verifies JSON Web Tokens. The only supported kind is HS256 in compact form (RFC 7515, RFC 7519).
 * A token cannot influence how it is verified, so neither `none` nor another algorithm is ever
 * accepted.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

export type Claims = Readonly<Record<string, unknown>>;

/** The claims of a valid token, or the reason why it is invalid. */
export type Verified =
  | { readonly claims: Claims }
  | { readonly problem: "malformed" | "signature" | "expired" | "early" };

/** Matches three non-empty parts of base64url characters, separated by dots. */
const compactForm = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

export function looksLikeJwt(text: string): boolean {
  return compactForm.test(text);
}

/** Maximum tolerated difference between the issuer's clock and this server's clock, in seconds. */
export const jwtLeewaySeconds = 60;

/**
 * Verifies the signature, `exp` and `nbf`. Both times are optional, in seconds since the Unix
 * epoch, with a leeway of `jwtLeewaySeconds`. The signature is compared as text: a lenient decoder
 * accepts several spellings of the same bytes, and a revoked token must not have another valid
 * spelling.
 */
export function verifyJwt(text: string, secret: string, nowMs: number): Verified {
  if (!looksLikeJwt(text)) return { problem: "malformed" };
  const [header, payload, signature] = text.split(".") as [string, string, string];
  const { alg, crit } = jsonObject(header) ?? {};
  if (alg !== "HS256" || crit !== undefined) return { problem: "malformed" };
  const expected = signatureOf(`${header}.${payload}`, secret);
  if (!sameText(signature, expected)) return { problem: "signature" };
  const claims = jsonObject(payload);
  if (claims === null) return { problem: "malformed" };
  return checkTimes(claims, nowMs / 1000);
}

/** Returns a JWT with its signature. `unsigned` is its header and payload. */
export function signJwt(unsigned: string, secret: string): string {
  return `${unsigned}.${signatureOf(unsigned, secret)}`;
}

/** Returns a JWT without its signature. */
export function unsignedJwt(text: string): string {
  return text.slice(0, text.lastIndexOf("."));
}

function signatureOf(unsigned: string, secret: string): string {
  return createHmac("sha256", secret).update(unsigned).digest("base64url");
}

function checkTimes(claims: Claims, now: number): Verified {
  const { exp, nbf } = claims;
  if (!isTime(exp) || !isTime(nbf)) return { problem: "malformed" };
  if (exp !== undefined && exp + jwtLeewaySeconds <= now) return { problem: "expired" };
  if (nbf !== undefined && nbf - jwtLeewaySeconds > now) return { problem: "early" };
  return { claims };
}

function isTime(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === "number" && Number.isFinite(value));
}

function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function jsonObject(part: string): Claims | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Claims) : null;
  } catch {
    return null;
  }
}
