import { DROP, type DropData } from "../deliver/tasks/drop.ts";
import type { RedriveData } from "../deliver/tasks/redrive.ts";
import type { AuditActor, DeadLetterFilter, Task } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { newTask, startTask } from "./tasks.ts";

/**
 * Number of dead letters that are dropped in one commit. It is small, so that deliveries continue
 * between commits.
 */
const DROPPED_AT_ONCE = 500;

type Parts = Pick<CommandContext, "store" | "seqs" | "clock" | "deliverer">;

/**
 * Starts a task that redrives the matching dead letters, `rate` per second, each with a full retry
 * schedule.
 */
export function redrive(parts: Parts, filter: DeadLetterFilter, rate: number, startedBy: AuditActor): Promise<Task> {
  const { environmentSeq } = filter;
  const data: RedriveData = { filter, rate, redriven: 0, after: 0 };
  return startTask(parts, { environmentSeq, kind: "dead-letter.redrive", startedBy }, () => ({ ...data }));
}

/** Starts a task that cancels the matching dead letters. */
export function startDrop(parts: Parts, filter: DeadLetterFilter, startedBy: AuditActor): Promise<Task> {
  const { environmentSeq } = filter;
  return startTask(parts, { environmentSeq, kind: DROP, startedBy }, () => dropData(filter));
}

/** Returns the task of `startDrop`, which is yet to be stored and started. It has no limit. */
export function newDrop(parts: Pick<Parts, "seqs" | "clock">, filter: DeadLetterFilter, startedBy: AuditActor): Task {
  const { environmentSeq } = filter;
  return newTask(parts, { environmentSeq, kind: DROP, startedBy }, () => dropData(filter));
}

function dropData(filter: DeadLetterFilter): Task["data"] {
  const data: DropData = { filter, dropped: 0, after: 0 };
  return { ...data };
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
