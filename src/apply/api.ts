import type { Json } from "./json.ts";

/** The API of a server, as this room uses it. */
export interface Api {
  /** Resolves with the parsed body. Rejects with an error that has `status` if the server refuses. */
  get(path: string): Promise<unknown>;
  post(path: string, body: object): Promise<unknown>;
  patch(path: string, body: object): Promise<unknown>;
  delete(path: string): Promise<unknown>;
}

/** Maximum number of concurrent requests. */
const CONCURRENCY = 16;

/**
 * Does the work for each item, `concurrency` at a time. After a failure it begins no more work, and
 * rejects when nothing is in progress.
 */
export async function pooled<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
  concurrency = CONCURRENCY,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  let failure: { readonly error: unknown } | null = null;
  const run = async () => {
    while (failure === null && next < items.length) {
      const index = next++;
      try {
        results[index] = await work(items[index]!, index);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, run));
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
  return results;
}

/** Resolves with the response to a request, or with null if the status is 404. */
export async function notFoundAsNull(request: Promise<unknown>): Promise<Json | null> {
  try {
    return (await request) as Json;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

/** Returns the status with which the server refused a request, or null for other errors. */
export function statusOf(error: unknown): number | null {
  const { status } = Object(error) as { readonly status?: unknown };
  return typeof status === "number" ? status : null;
}
