import type { Seq } from "../core/id.ts";
import type { Task } from "../store/index.ts";
import type { CommandContext } from "./context.ts";

/**
 * Ends a running background task between two steps. Its completed steps are not undone. Returns
 * whether the task was running, or null if the environment has no such task.
 */
export async function cancelTask(
  { store, clock, deliverer }: Pick<CommandContext, "store" | "clock" | "deliverer">,
  environmentSeq: Seq,
  seq: Seq,
): Promise<boolean | null> {
  const wasRunning = await store.housekeeping.tasks.cancel(environmentSeq, seq, clock.now());
  if (wasRunning) deliverer.cancelTask(seq);
  return wasRunning;
}

/** Stores a background task and starts it. It continues after restarts until it ends. */
export async function startTask(
  { store, seqs, clock, deliverer }: Pick<CommandContext, "store" | "seqs" | "clock" | "deliverer">,
  environmentSeq: Seq,
  kind: string,
  dataOf: (seq: Seq) => Task["data"],
): Promise<Task> {
  const seq = seqs.next();
  const task: Task = { seq, environmentSeq, kind, status: "running", data: dataOf(seq), updatedAt: clock.now() };
  await store.housekeeping.tasks.create(task);
  deliverer.startTask(task);
  return task;
}
