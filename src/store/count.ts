import { type Seq, seqAt } from "../core/id.ts";
import type { Clock } from "../ports.ts";
import type { AttemptCounts, Store } from "./index.ts";

/** Maximum number of attempts counted in one turn of the event loop. */
const COUNTED_AT_ONCE = 20_000;

/** Counts the endpoint's attempts that ended from `since` (inclusive) to `until` (exclusive). */
export async function countAttempts(
  store: Store,
  clock: Clock,
  endpointSeq: Seq,
  since: number,
  until: number,
): Promise<AttemptCounts> {
  let [delivered, failed] = [0, 0];
  const to = seqAt(until);
  for (let from: Seq | null = seqAt(since); from !== null && from < to; ) {
    const counts = await store.history.attempts.count(endpointSeq, { from, to, limit: COUNTED_AT_ONCE });
    delivered += counts.delivered;
    failed += counts.failed;
    from = counts.next;
    if (from !== null) await new Promise<void>((resolve) => clock.soon(resolve));
  }
  return { delivered, failed };
}
