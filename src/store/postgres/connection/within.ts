import type { Clock } from "../../../ports.ts";
import { StoreUnavailable } from "../../index.ts";

/** The error of a statement that has had no response for a time, in ms. */
export const unresponsive = (limitMs: number): StoreUnavailable =>
  new StoreUnavailable(`PostgreSQL has not responded for ${limitMs / 1000} seconds.`);

/**
 * Rejects with `StoreUnavailable` if the response of the server does not arrive in time. Without a clock there is no
 * limit.
 */
export function within<T>(clock: Clock | undefined, limitMs: number, response: Promise<T>): Promise<T> {
  if (clock === undefined) return response;
  const { promise, reject } = Promise.withResolvers<never>();
  const cancel = clock.after(limitMs, () => reject(unresponsive(limitMs)));
  return Promise.race([response, promise]).finally(cancel);
}
