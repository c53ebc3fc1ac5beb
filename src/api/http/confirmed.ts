import { Problem } from "../../core/problem.ts";
import type { StoreReplica } from "../../store/index.ts";
import type { Operation } from "./operation.ts";

const RETRY_AFTER_SECONDS = 5;
const SUCCESS_MAX = 399;
/** A login must be possible while the replica fails, so that the operator sees why. */
const LOGIN = /^(session|login)\./;

/** Returns whether the response of an operation waits for the replica. */
export function changesData({ id, method }: Pick<Operation, "id" | "method">): boolean {
  return method !== "GET" && method !== "HEAD" && !LOGIN.test(id);
}

/**
 * Waits until the replica has everything that a successful response promises. Throws 503 if that
 * takes too long.
 */
export async function requireConfirmed(replica: StoreReplica, { status }: { readonly status: number }): Promise<void> {
  if (status > SUCCESS_MAX) return;
  const confirmed = replica.confirmed();
  if (confirmed === true || (await confirmed)) return;
  throw new Problem(
    503,
    "replica_unavailable",
    "The replica did not confirm the change in time. The change may have been made; repeat the request with the same eventId or idempotency-key.",
    RETRY_AFTER_SECONDS,
  );
}
