import type { Clock } from "../../../ports.ts";
import { StoreUnavailable } from "../../index.ts";

/** Rejects with `StoreUnavailable` if the response of the server does not arrive in time. */
export function within<T>(clock: Clock, limitMs: number, response: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const cancel = clock.after(limitMs, () =>
    reject(new StoreUnavailable(`PostgreSQL has not responded for ${limitMs / 1000} seconds.`)),
  );
  return Promise.race([response, promise]).finally(cancel);
}
