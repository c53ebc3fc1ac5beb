import type { Facts } from "../core/fact.ts";
import { type Seq, type SeqSource, timeOfSeq } from "../core/id.ts";
import type { Clock } from "../ports.ts";
import type { DeadLetterFilter, Store, Task } from "../store/index.ts";
import type { Step, TaskKind } from "./task-runner.ts";

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

/** Sends dead letters again at a steady pace, each with a whole schedule. */
export class Redrive implements TaskKind {
  readonly kind = "dead-letter.redrive";

  constructor(
    private readonly clock: Clock,
    private readonly parts: { readonly store: Store; readonly seqs: SeqSource; readonly facts: Facts },
    private readonly wake: (endpointSeq: Seq, position: Seq) => void,
  ) {}

  async step(task: Task): Promise<Step> {
    const { store, seqs, facts } = this.parts;
    const data = task.data as unknown as RedriveData;
    const stepMs = Math.max(STEP_MS, 1000 / data.rate);
    const count = Math.min(STEP_MAX, Math.max(1, Math.round((data.rate * stepMs) / 1000)));
    const firstPosition = seqs.take(count);
    const { redriven, endpoints, last } = await store.deadLetters.redrive(
      { ...data.filter, before: deadBefore(task, data) },
      data.after,
      count,
      firstPosition,
      this.clock.now(),
    );
    if (redriven > 0)
      facts.state({ type: "deliveries.redriven", environmentSeq: task.environmentSeq, count: redriven });
    for (const endpointSeq of endpoints) this.wake(endpointSeq, firstPosition);
    const progress = { ...data, redriven: data.redriven + redriven, after: last ?? data.after };
    return { data: progress, nextInMs: last === null ? null : stepMs };
  }
}

/** What dies after the task was made is not part of it: a redrive never chases its own failures. */
function deadBefore(task: Task, data: RedriveData): number {
  return Math.min(data.filter.before ?? Number.MAX_SAFE_INTEGER, timeOfSeq(task.seq) + 1);
}
