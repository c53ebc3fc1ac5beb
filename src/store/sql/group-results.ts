import { GroupUndone } from "../index.ts";

/**
 * Resolves like `Promise.all`, but waits until all promises have settled. If any were rejected,
 * rejects with the failed write's error.
 */
export async function resultsOf<T extends readonly unknown[]>(
  started: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const settled = await Promise.allSettled(started);
  const errors = settled.filter((result) => result.status === "rejected").map(({ reason }) => reason);
  if (errors.length > 0) throw errors.find((error) => !(error instanceof GroupUndone)) ?? errors[0];
  return settled.map((result) => (result as PromiseFulfilledResult<unknown>).value) as {
    -readonly [K in keyof T]: Awaited<T[K]>;
  };
}
