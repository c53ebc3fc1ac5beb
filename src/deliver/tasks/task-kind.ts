import type { Task } from "../../store/index.ts";

/**
 * The result of one step of a task: its new `data`, and the pause before the next step. The pause
 * is null after the last step.
 */
export interface Step {
  readonly data: Task["data"];
  readonly nextInMs: number | null;
  /**
   * Why the remaining work cannot be done, as one sentence for users. The task ends as `failed`,
   * with this text as `error` in its `data`.
   */
  readonly failure?: string;
}

/** A kind of background task. It defines how to do the next small step. */
export interface TaskKind {
  /** The task's `kind`, such as `dead-letter.redrive`. */
  readonly kind: string;
  /**
   * Does a bounded part of the work (one commit) and returns the progress. After a crash the step
   * may be repeated with the `data` that was stored last, so repeating a step must be harmless.
   */
  step(task: Task): Promise<Step>;
  /**
   * Tasks of this kind begin immediately, even if as many tasks run as `limits` allows. Absent
   * means false.
   */
  readonly isUrgent?: boolean;
  /**
   * Called before the first step, also after a restart. The returned function is called when the
   * task has ended.
   */
  hold?(task: Task): () => void;
}
