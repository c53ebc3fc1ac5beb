/**
 * JSON Web Tokens of the one kind that is taken here: HS256 in compact form (RFC 7515, 7519). Nothing in a token chooses how
 * it is checked, so that neither `none` nor another algorithm ever gets through.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

export type Claims = Readonly<Record<string, unknown>>;

/** The claims of a token that holds good now, or why it does not. */
export type Verified =
  | { readonly claims: Claims }
  | { readonly problem: "malformed" | "signature" | "expired" | "early" };

/** Three parts of base64url, none empty. */
const compactForm = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

export function looksLikeJwt(text: string): boolean {
  return compactForm.test(text);
}

/**
 * Checks signature, `exp` and `nbf` (seconds since the Unix epoch, without leeway; each may be absent). The signature is
 * compared as text: of the spellings that a lenient decoder would take for the same bytes only the one is right, so that
 * a token that was ended has no other name.
 */
export function verifyJwt(text: string, secret: string, nowMs: number): Verified {
  if (!looksLikeJwt(text)) return { problem: "malformed" };
  const [header, payload, signature] = text.split(".") as [string, string, string];
  const { alg, crit } = jsonObject(header) ?? {};
  if (alg !== "HS256" || crit !== undefined) return { problem: "malformed" };
  const expected = createHmac("sha256", secret).update(`${header}.${payload}`).digest("base64url");
  if (!sameText(signature, expected)) return { problem: "signature" };
  const claims = jsonObject(payload);
  if (claims === null) return { problem: "malformed" };
  return checkTimes(claims, nowMs / 1000);
}

function checkTimes(claims: Claims, now: number): Verified {
  const { exp, nbf } = claims;
  if (!isTime(exp) || !isTime(nbf)) return { problem: "malformed" };
  if (exp !== undefined && exp <= now) return { problem: "expired" };
  if (nbf !== undefined && nbf > now) return { problem: "early" };
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
