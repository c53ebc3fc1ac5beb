import type { Seq } from "../core/id.ts";
import { Problem } from "../core/problem.ts";
import { openTasksPerAppMax } from "../deliver/tasks/open-tasks.ts";
import type { AuditActor, Task } from "../store/index.ts";
import type { CommandContext } from "./context.ts";

const RETRY_AFTER_SECONDS = 10;

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

/** What kind of task is started, where, and by whom. */
export interface TaskOrigin extends Pick<Task, "environmentSeq" | "kind"> {
  readonly startedBy: AuditActor;
}

/**
 * Stores a background task and starts it. It continues after restarts until it ends. Throws 429 if
 * too many tasks of its application, or too many in all, have not ended.
 */
export async function startTask(
  parts: Pick<CommandContext, "store" | "seqs" | "clock" | "deliverer">,
  origin: TaskOrigin,
  dataOf: (seq: Seq) => Task["data"],
): Promise<Task> {
  const task = newTask(parts, origin, dataOf);
  if (!parts.deliverer.admitTask(task)) throw tooManyTasks();
  try {
    await parts.store.housekeeping.tasks.create(task);
  } catch (error) {
    parts.deliverer.cancelTask(task.seq);
    throw error;
  }
  parts.deliverer.startTask(task);
  return task;
}

/** Returns a background task that is yet to be stored. Call `startTask` of the engine when it is. */
export function newTask(
  { seqs, clock }: Pick<CommandContext, "seqs" | "clock">,
  { environmentSeq, kind, startedBy }: TaskOrigin,
  dataOf: (seq: Seq) => Task["data"],
): Task {
  const seq = seqs.next();
  const data = { ...dataOf(seq), startedBy };
  return { seq, environmentSeq, kind, status: "running", data, updatedAt: clock.now() };
}

function tooManyTasks(): Problem {
  const detail = `At most ${openTasksPerAppMax} background tasks of an application or environment can run or wait. Try again when some have ended, or cancel them.`;
  return new Problem(429, "too_many_tasks", detail, RETRY_AFTER_SECONDS);
}
