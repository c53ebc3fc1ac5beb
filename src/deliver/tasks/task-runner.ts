import type { Facts } from "../../core/facts.ts";
import type { Seq } from "../../core/id.ts";
import type { Cancel, Clock } from "../../ports.ts";
import { LeaseLost, type Store, StoreUnavailable, type Task } from "../../store/index.ts";
import { OpenTasks } from "./open-tasks.ts";
import type { Step, TaskKind } from "./task-kind.ts";
import { type TaskLimits, TaskPlaces } from "./task-places.ts";

const STORE_RETRY_MS = 1000;

/** What happens after a step of a task that has not ended. */
interface Pause {
  readonly task: Task;
  readonly delayMs: number;
  /** True if it is unknown whether the step was stored. */
  readonly isUncertain: boolean;
}

/**
 * Runs background tasks step by step. Stores their progress, so that they continue after a restart.
 */
export class TaskRunner {
  readonly #kinds: ReadonlyMap<string, TaskKind>;
  /** Functions that cancel the pause of a task. Null while a step of the task is under way. */
  readonly #running = new Map<Seq, Cancel | null>();
  /**
   * The tasks that wait because as many tasks run as `limits` allows, in the order in which `run`
   * was called.
   */
  readonly #waiting = new Map<Seq, Task>();
  readonly #places: TaskPlaces;
  readonly #open = new OpenTasks();
  /** The functions returned by `hold` for tasks that have not ended. */
  readonly #holds = new Map<Seq, () => void>();
  #isStopped = false;
  #onIdle: (() => void) | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly store: Store,
    private readonly facts: Facts,
    kinds: readonly TaskKind[],
    limits: TaskLimits,
  ) {
    this.#places = new TaskPlaces(limits);
    this.#kinds = new Map(kinds.map((kind) => [kind.kind, kind]));
  }

  /** Leases the running tasks that no other process works on, and continues them. */
  async lease(): Promise<void> {
    for (const task of await this.store.housekeeping.tasks.lease()) this.run(task);
  }

  /**
   * Counts a task that is about to be stored. Returns false if too many tasks of its application, or
   * too many in all, have not ended. `cancel` reverts this if the task was not stored.
   */
  admit(task: Task): boolean {
    if (!this.#open.hasRoomFor(task)) return false;
    this.#open.add(task);
    return true;
  }

  /** Starts or continues a task that is stored as `running`. Throws if its kind is unknown. */
  run(task: Task): void {
    const kind = this.#kinds.get(task.kind);
    if (kind === undefined) throw new Error(`Background tasks of the kind ${task.kind} are unknown.`);
    if (this.#running.has(task.seq)) return;
    this.#open.add(task);
    if (kind.hold !== undefined && !this.#holds.has(task.seq)) this.#holds.set(task.seq, kind.hold(task));
    if (kind.isUrgent) {
      void this.#step(kind, task);
      return;
    }
    this.#waiting.set(task.seq, task);
    this.#startWaiting();
  }

  /**
   * Drops a task whose end has been stored, or that was not stored. A step that is under way then fails
   * to store its progress, which also ends the task's work.
   */
  cancel(taskSeq: Seq): void {
    this.#waiting.delete(taskSeq);
    if (!this.#running.has(taskSeq)) this.#close(taskSeq);
    const cancelPause = this.#running.get(taskSeq) ?? null;
    if (cancelPause === null) return;
    cancelPause();
    this.#ended(taskSeq);
  }

  /**
   * Returns whether a task that is stored as `running` has not begun, or has not continued after a
   * restart, because too many others run.
   */
  isWaiting(taskSeq: Seq): boolean {
    return this.#waiting.has(taskSeq);
  }

  /** Returns the number of tasks that have not ended. */
  counts(): { readonly running: number; readonly waiting: number } {
    return { running: this.#running.size, waiting: this.#waiting.size };
  }

  /** Starts the waiting tasks that may run now. */
  #startWaiting(): void {
    for (const task of this.#waiting.values()) {
      if (this.#isStopped || this.#places.isFull) return;
      if (!this.#places.take(task)) continue;
      this.#waiting.delete(task.seq);
      void this.#step(this.#kinds.get(task.kind)!, task);
    }
  }

  /** Starts no more steps. Resolves when the steps under way have ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const [seq, cancel] of this.#running) {
      cancel?.();
      if (cancel !== null) this.#running.delete(seq);
    }
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  async #step(kind: TaskKind, task: Task): Promise<void> {
    if (this.#isStopped) return;
    this.#running.set(task.seq, null);
    const pause = await this.#advanceAndStore(kind, task);
    if (pause === null) this.#ended(task.seq);
    else this.#rest(kind, pause);
  }

  #rest(kind: TaskKind, pause: Pause): void {
    const { seq } = pause.task;
    if (this.#isStopped) this.#ended(seq);
    else
      this.#running.set(
        seq,
        this.clock.after(pause.delayMs, () => void this.#continue(kind, pause)),
      );
  }

  /**
   * Continues a task after a pause. If it is unknown whether the last write was stored, continues
   * from the stored task.
   */
  async #continue(kind: TaskKind, pause: Pause): Promise<void> {
    const { task, isUncertain } = pause;
    if (!isUncertain) return this.#step(kind, task);
    this.#running.set(task.seq, null);
    try {
      const stored = await this.store.housekeeping.tasks.get(task.environmentSeq, task.seq);
      if (stored?.status === "running") await this.#step(kind, stored);
      else this.#ended(task.seq);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) this.#found(kind, error);
      this.#rest(kind, { ...pause, delayMs: STORE_RETRY_MS });
    }
  }

  #ended(taskSeq: Seq): void {
    this.#running.delete(taskSeq);
    this.#places.free(taskSeq);
    this.#close(taskSeq);
    this.#startWaiting();
    if (this.#running.size === 0) this.#onIdle?.();
  }

  #close(taskSeq: Seq): void {
    this.#open.delete(taskSeq);
    this.#holds.get(taskSeq)?.();
    this.#holds.delete(taskSeq);
  }

  /**
   * Does one step and stores the result. Returns how to continue, or null if the task has ended or
   * another process has its lease.
   */
  async #advanceAndStore(kind: TaskKind, task: Task): Promise<Pause | null> {
    try {
      const { data, nextInMs, status } = await this.#advance(kind, task);
      const after: Task = { ...task, status, data, updatedAt: this.clock.now() };
      await this.store.housekeeping.tasks.update(after);
      if (status === "running") return { task: after, delayMs: nextInMs ?? 0, isUncertain: false };
      this.#tell(after, status);
      return null;
    } catch (error) {
      if (error instanceof LeaseLost) return null;
      if (!(error instanceof StoreUnavailable)) this.#found(kind, error);
      return { task, delayMs: STORE_RETRY_MS, isUncertain: true };
    }
  }

  /** Does one step. A bug ends the task as failed, because a retry would meet the same bug. */
  async #advance(kind: TaskKind, task: Task): Promise<Step & { readonly status: Task["status"] }> {
    try {
      const step = await kind.step(task);
      if (step.failure !== undefined) return failed(step.data, step.failure);
      return { ...step, status: step.nextInMs === null ? "finished" : "running" };
    } catch (error) {
      if (error instanceof StoreUnavailable || error instanceof LeaseLost) throw error;
      this.#found(kind, error);
      return failed(task.data, "The task failed because of an internal error. The server log has the details.");
    }
  }

  #found({ kind }: TaskKind, error: unknown): void {
    this.facts.state({ type: "defect.found", where: `task ${kind}`, error });
  }

  #tell({ seq, environmentSeq, kind, data }: Task, status: "finished" | "failed"): void {
    const error = status === "failed" ? String(data.error) : null;
    this.facts.state({ type: "task.ended", environmentSeq, taskSeq: seq, kind, status, error });
  }
}

function failed(data: Task["data"], error: string): Step & { readonly status: "failed" } {
  return { data: { ...data, error }, nextInMs: null, status: "failed" };
}
