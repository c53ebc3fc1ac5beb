import { timingSafeEqual } from "node:crypto";
import { tokenHash } from "../../core/token.ts";
import { unauthenticated } from "../http/errors.ts";

const BEARER_CHARS = "bearer ".length;

/** Returns a request's bearer token, or null if there is none. */
export function bearerOrNull(request: Request): string | null {
  const header = request.headers.get("authorization");
  if (header === null || header.slice(0, BEARER_CHARS).toLowerCase() !== "bearer ") return null;
  return header.slice(BEARER_CHARS).trim();
}

/** Returns a request's bearer token. Throws 401 if there is none. */
export function bearerOf(request: Request): string {
  return bearerOrNull(request) ?? missing();
}

export function missing(): never {
  throw unauthenticated("The token is missing. Send the header Authorization: Bearer TOKEN.");
}

/** Returns whether the request contains this bearer token. The comparison takes constant time. */
export function hasBearerToken(request: Request, token: string): boolean {
  return timingSafeEqual(tokenHash(bearerOf(request)), tokenHash(token));
}
