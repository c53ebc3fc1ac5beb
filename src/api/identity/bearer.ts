import { timingSafeEqual } from "node:crypto";
import { tokenHash } from "../../core/token.ts";
import { unauthenticated } from "../http/errors.ts";

const BEARER_CHARS = "bearer ".length;

/** What stands behind `Bearer`; 401 when there is no such header. */
export function bearerOf(request: Request): string {
  const header = request.headers.get("authorization");
  if (header === null || header.slice(0, BEARER_CHARS).toLowerCase() !== "bearer ") {
    throw unauthenticated("A token is needed: Authorization: Bearer TOKEN");
  }
  return header.slice(BEARER_CHARS).trim();
}

/** Does the request carry this token? Takes as long for a wrong one as for the right one. */
export function carriesToken(request: Request, token: string): boolean {
  return timingSafeEqual(tokenHash(bearerOf(request)), tokenHash(token));
}
