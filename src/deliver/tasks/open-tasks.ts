import type { Seq } from "../../core/id.ts";
import type { Task } from "../../store/index.ts";
import { applicationOf } from "./task-places.ts";

/** Maximum number of tasks of one application that have not ended. */
export const openTasksPerAppMax = 100;
/** Maximum number of tasks of this process that have not ended. */
const OPEN_TASKS_MAX = 10_000;

/**
 * Counts the tasks that have not ended, whether they run or wait. Tasks of a whole environment count
 * like those of an application.
 */
export class OpenTasks {
  /** The application or environment of each task. Their numbers never coincide. */
  readonly #ownerOf = new Map<Seq, Seq>();
  readonly #counts = new Map<Seq, number>();

  hasRoomFor(task: Task): boolean {
    return this.#ownerOf.size < OPEN_TASKS_MAX && (this.#counts.get(ownerOf(task)) ?? 0) < openTasksPerAppMax;
  }

  /** Counts a task, even beyond the limits. Counting it again changes nothing. */
  add(task: Task): void {
    if (this.#ownerOf.has(task.seq)) return;
    const owner = ownerOf(task);
    this.#ownerOf.set(task.seq, owner);
    this.#counts.set(owner, (this.#counts.get(owner) ?? 0) + 1);
  }

  delete(taskSeq: Seq): void {
    const owner = this.#ownerOf.get(taskSeq);
    if (owner === undefined) return;
    this.#ownerOf.delete(taskSeq);
    const count = this.#counts.get(owner)! - 1;
    if (count === 0) this.#counts.delete(owner);
    else this.#counts.set(owner, count);
  }
}

function ownerOf(task: Task): Seq {
  return applicationOf(task) ?? task.environmentSeq;
}
