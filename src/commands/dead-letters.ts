import type { RedriveData } from "../deliver/tasks/redrive.ts";
import type { DeadLetterFilter, Task } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { startTask } from "./tasks.ts";

/**
 * Number of dead letters that are dropped in one commit. It is small, so that deliveries continue
 * between commits.
 */
const DROPPED_AT_ONCE = 500;

/**
 * Starts a task that redrives the matching dead letters, `rate` per second, each with a full retry
 * schedule.
 */
export function redrive(
  context: Pick<CommandContext, "store" | "seqs" | "clock" | "deliverer">,
  filter: DeadLetterFilter,
  rate: number,
): Promise<Task> {
  const data: RedriveData = { filter, rate, redriven: 0, after: 0 };
  return startTask(context, filter.environmentSeq, "dead-letter.redrive", () => ({ ...data }));
}

/** Cancels the matching dead letters. Returns their number. */
export async function dropDeadLetters(
  { store, facts }: Pick<CommandContext, "store" | "facts">,
  filter: DeadLetterFilter,
): Promise<number> {
  let count = 0;
  for (;;) {
    const dropped = await store.queue.drop(filter, DROPPED_AT_ONCE);
    count += dropped;
    if (dropped > 0)
      facts.state({ type: "deadletters.dropped", environmentSeq: filter.environmentSeq, count: dropped });
    if (dropped < DROPPED_AT_ONCE) return count;
  }
}
