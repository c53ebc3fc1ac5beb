import type { Clock } from "../../../ports.ts";
import { StoreUnavailable } from "../../index.ts";

/**
 * Rejects with `StoreUnavailable` if the response of the server does not arrive in time. Without a clock there is no
 * limit.
 */
export function within<T>(clock: Clock | undefined, limitMs: number, response: Promise<T>): Promise<T> {
  if (clock === undefined) return response;
  const { promise, reject } = Promise.withResolvers<never>();
  const cancel = clock.after(limitMs, () =>
    reject(new StoreUnavailable(`PostgreSQL has not responded for ${limitMs / 1000} seconds.`)),
  );
  return Promise.race([response, promise]).finally(cancel);
}
