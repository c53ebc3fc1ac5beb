import { readdirSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { systemCalls } from "./system-calls.ts";

/** The scheduling policy of threads that run only while nothing else wants the processor, sched(7). */
const SCHED_IDLE = 5;

/** Lowers the priority of this process, so that others get the processor first. */
export function lowerPriority(): void {
  for (const thread of threadsOf()) {
    try {
      setPriority(thread, constants.priority.PRIORITY_LOW);
    } catch {
      // The thread has ended, or the system does not allow it.
    }
  }
}

/**
 * From now on, this process runs only while no other wants the processor. On a busy machine it may
 * stand still for long, so it must hold no lock that others need. An unprivileged process cannot
 * undo this. It has no effect where the system has no such policy.
 */
export function runOnlyWhenIdle(): void {
  const calls = systemCalls();
  if (calls?.sched_setscheduler === undefined) return;
  for (const thread of threadsOf()) calls.sched_setscheduler(thread, SCHED_IDLE, new Int32Array(1));
}

/** On Linux, each thread has its own priority. Threads that are started later inherit it. */
function threadsOf(): readonly number[] {
  try {
    return readdirSync("/proc/self/task").map(Number);
  } catch {
    return [0];
  }
}
