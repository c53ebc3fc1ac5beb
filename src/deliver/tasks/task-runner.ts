import type { Facts } from "../../core/fact.ts";
import type { Seq } from "../../core/id.ts";
import type { Cancel, Clock } from "../../ports.ts";
import { LeaseLost, type Store, StoreUnavailable, type Task } from "../../store/index.ts";

/** What one step of a task leaves: its new `data`, and how long to rest before the next step; null when it was the last. */
export interface Step {
  readonly data: Task["data"];
  readonly nextInMs: number | null;
  /** Why the rest cannot be done, one sentence for people; ends the task as `failed`. Its `data` gets it as `error`. */
  readonly failure?: string;
}

/** One kind of background task: how to do the next small part of it. */
export interface TaskKind {
  /** The task's `kind`, for example `dead-letter.redrive`. */
  readonly kind: string;
  /**
   * Does a bounded part of the work (a commit's worth) and says how far it has come. After a crash the step may be done again
   * from the `data` that was stored last, so doing it twice must do no harm.
   */
  step(task: Task): Promise<Step>;
}

const STORE_RETRY_MS = 1000;

/** Does background tasks step by step, storing how far they have come, so that they go on after a restart. */
export class TaskRunner {
  readonly #kinds: ReadonlyMap<string, TaskKind>;
  readonly #timers = new Map<Seq, Cancel>();
  #stopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly store: Store,
    private readonly facts: Facts,
    kinds: readonly TaskKind[],
  ) {
    this.#kinds = new Map(kinds.map((kind) => [kind.kind, kind]));
  }

  /** Begins, or goes on with, a task that is stored as `running`. */
  run(task: Task): void {
    const kind = this.#kinds.get(task.kind);
    if (kind === undefined) throw new Error(`There is nobody who does tasks of the kind ${task.kind}.`);
    void this.#step(kind, task);
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#timers.values()) cancel();
  }

  async #step(kind: TaskKind, task: Task): Promise<void> {
    this.#timers.delete(task.seq);
    if (this.#stopped) return;
    try {
      const { data, nextInMs, status } = await this.#advance(kind, task);
      const after: Task = { ...task, status, data, updatedAt: this.clock.now() };
      await this.store.housekeeping.tasks.update(after);
      if (status === "running") this.#after(after.seq, nextInMs ?? 0, () => this.#step(kind, after));
      else this.#ended(after, status);
    } catch (error) {
      this.#interrupted(kind, task, error);
    }
  }

  #interrupted(kind: TaskKind, task: Task, error: unknown): void {
    // Another process works on it.
    if (error instanceof LeaseLost) return;
    if (!(error instanceof StoreUnavailable)) throw error;
    this.#after(task.seq, STORE_RETRY_MS, () => this.#resume(kind, task));
  }

  /** Goes on from what is stored, because the latest write may have been committed nevertheless. */
  async #resume(kind: TaskKind, task: Task): Promise<void> {
    try {
      const stored = await this.store.housekeeping.tasks.get(task.environmentSeq, task.seq);
      if (stored?.status === "running") await this.#step(kind, stored);
    } catch (error) {
      this.#interrupted(kind, task, error);
    }
  }

  /** A step that meets a mistake in the program ends its task as failed: it would meet it again. */
  async #advance(kind: TaskKind, task: Task): Promise<Step & { readonly status: Task["status"] }> {
    try {
      const step = await kind.step(task);
      if (step.failure !== undefined) return failed(step.data, step.failure);
      return { ...step, status: step.nextInMs === null ? "finished" : "running" };
    } catch (error) {
      if (error instanceof StoreUnavailable || error instanceof LeaseLost) throw error;
      this.facts.state({ type: "defect.found", where: `task ${task.kind}`, error });
      return failed(task.data, "Something went wrong inside the server; its log says what.");
    }
  }

  #ended({ seq, environmentSeq, kind, data }: Task, status: "finished" | "failed"): void {
    const error = status === "failed" ? String(data.error) : null;
    this.facts.state({ type: "task.ended", environmentSeq, taskSeq: seq, kind, status, error });
  }

  #after(seq: Seq, delayMs: number, work: () => Promise<void>): void {
    if (this.#stopped) return;
    this.#timers.set(
      seq,
      this.clock.after(delayMs, () => void work()),
    );
  }
}

function failed(data: Task["data"], error: string): Step & { readonly status: "failed" } {
  return { data: { ...data, error }, nextInMs: null, status: "failed" };
}
