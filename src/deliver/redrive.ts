import type { Facts } from "../core/fact.ts";
import { type Seq, type SeqSource, timeOfSeq } from "../core/id.ts";
import type { Cancel, Clock } from "../ports.ts";
import { type DeadLetterFilter, type Store, StoreUnavailable, type Task } from "../store/index.ts";

/** What a task of the kind `dead-letter.redrive` keeps in its `data`. */
export interface RedriveData {
  readonly filter: DeadLetterFilter;
  /** Dead letters per second. */
  readonly rate: number;
  readonly redriven: number;
  /** Dead letters up to this delivery have been looked at. */
  readonly after: Seq;
}

/** A rate is kept in steps of this length, or longer where one step would be less than a whole dead letter. */
const STEP_MS = 200;
const STEP_MAX = 1000;
const STORE_RETRY_MS = 1000;

/** Sends dead letters again at a steady pace, each with a whole schedule, going on after a restart where it stopped. */
export class Redriver {
  readonly #timers = new Map<Seq, Cancel>();
  #stopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly parts: { readonly store: Store; readonly seqs: SeqSource; readonly facts: Facts },
    private readonly wake: (endpointSeq: Seq, position: Seq) => void,
  ) {}

  run(task: Task): void {
    void this.#step(task, task.data as unknown as RedriveData);
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#timers.values()) cancel();
  }

  async #step(task: Task, data: RedriveData): Promise<void> {
    const stepMs = Math.max(STEP_MS, 1000 / data.rate);
    const count = Math.min(STEP_MAX, Math.max(1, Math.round((data.rate * stepMs) / 1000)));
    try {
      const { progress, done } = await this.#redrive(task, data, count);
      if (!done) this.#later(task, stepMs, progress);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#later(task, STORE_RETRY_MS, data);
    }
  }

  #later(task: Task, delayMs: number, data: RedriveData): void {
    if (this.#stopped) return;
    this.#timers.set(
      task.seq,
      this.clock.after(delayMs, () => void this.#step(task, data)),
    );
  }

  async #redrive(task: Task, data: RedriveData, count: number): Promise<{ progress: RedriveData; done: boolean }> {
    const { store, seqs, facts } = this.parts;
    const firstPosition = seqs.take(count);
    const { redriven, endpoints, last } = await store.deadLetters.redrive(
      { ...data.filter, before: this.#deadBefore(task, data) },
      data.after,
      count,
      firstPosition,
      this.clock.now(),
    );
    if (redriven > 0)
      facts.state({ type: "deliveries.redriven", environmentSeq: task.environmentSeq, count: redriven });
    for (const endpointSeq of endpoints) this.wake(endpointSeq, firstPosition);
    const progress = { ...data, redriven: data.redriven + redriven, after: last ?? data.after };
    await store.tasks.update({
      ...task,
      status: last === null ? "finished" : "running",
      data: { ...progress },
      updatedAt: this.clock.now(),
    });
    if (last === null) this.#timers.delete(task.seq);
    return { progress, done: last === null };
  }

  /** What dies after the task was made is not part of it: a redrive never chases its own failures. */
  #deadBefore(task: Task, data: RedriveData): number {
    return Math.min(data.filter.before ?? Number.MAX_SAFE_INTEGER, timeOfSeq(task.seq) + 1);
  }
}
