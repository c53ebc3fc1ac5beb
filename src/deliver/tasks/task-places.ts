import type { Seq } from "../../core/id.ts";
import type { Task } from "../../store/index.ts";

export interface TaskLimits {
  /** Maximum number of tasks that run at once. */
  readonly tasksMax: number;
  /** Maximum number of tasks that run at once for one application. */
  readonly tasksPerAppMax: number;
}

/**
 * The places of running tasks. A task takes one of the process's places. If it works on only one
 * application, it also takes one of that application's places.
 */
export class TaskPlaces {
  /** The application of each running task, or null if the task works on a whole environment. */
  readonly #taken = new Map<Seq, Seq | null>();

  constructor(private readonly limits: TaskLimits) {}

  get isFull(): boolean {
    return this.#taken.size >= this.limits.tasksMax;
  }

  /** Takes a place for this task. Returns false if no place is free. */
  take(task: Task): boolean {
    const applicationSeq = applicationOf(task);
    if (this.isFull || this.#countOf(applicationSeq) >= this.limits.tasksPerAppMax) return false;
    this.#taken.set(task.seq, applicationSeq);
    return true;
  }

  free(taskSeq: Seq): void {
    this.#taken.delete(taskSeq);
  }

  #countOf(applicationSeq: Seq | null): number {
    if (applicationSeq === null) return 0;
    let count = 0;
    for (const seq of this.#taken.values()) if (seq === applicationSeq) count++;
    return count;
  }
}

/**
 * Returns the application that a task works on, or null. The application's number is in the task's
 * data or in its filter.
 */
export function applicationOf({ data }: Task): Seq | null {
  const { applicationSeq, filter } = data as { applicationSeq?: Seq; filter?: { applicationSeq?: Seq } };
  return applicationSeq ?? filter?.applicationSeq ?? null;
}
