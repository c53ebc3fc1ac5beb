import { invalid } from "../../core/problem.ts";
import { idempotencyKeyCharsMax } from "../../core/rule.ts";

/** Returns the idempotency key of a request, or null. Throws 422 if it is too long. */
export function idempotencyKeyOf(request: Request): string | null {
  const key = request.headers.get("idempotency-key");
  if (key === null || key === "") return null;
  if (key.length > idempotencyKeyCharsMax) {
    throw invalid(["header", "idempotency-key"], `Must be at most ${idempotencyKeyCharsMax} characters long.`);
  }
  return key;
}
