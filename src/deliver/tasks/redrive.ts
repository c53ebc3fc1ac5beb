import type { Facts } from "../../core/facts.ts";
import { type Seq, type SeqSource, timeOfSeq } from "../../core/id.ts";
import { advance, type Pace, paceFrom, stepMs } from "../../core/pace.ts";
import type { Signals } from "../../core/signal.ts";
import type { Clock } from "../../ports.ts";
import type { DeadLetterFilter, Redriven, Store, Task } from "../../store/index.ts";
import { type DeadLetterRange, deadBefore, rangeOf } from "./dead-letter-range.ts";
import type { Step, TaskKind } from "./task-kind.ts";

/**
 * The `data` of a `dead-letter.redrive` task. Its range is absent before the first step, and in
 * tasks of earlier versions.
 */
export interface RedriveData extends Partial<DeadLetterRange> {
  readonly filter: DeadLetterFilter;
  /** Number of dead letters to redrive per second. */
  readonly rate: number;
  readonly redriven: number;
  /** The last dead letter that has been processed. */
  readonly after: Seq;
  /** Progress relative to the rate. Absent before the first step. */
  readonly pace?: Pace;
}

/** Limits of one step. The dead letters of a step become pending in one commit. */
const LIMITS = { stepMsMax: 200, stepMax: 1000 };

/** Redrives dead letters at a steady rate, each with a full retry schedule. */
export class Redrive implements TaskKind {
  readonly kind = "dead-letter.redrive";

  constructor(
    private readonly clock: Clock,
    /** A clock that never steps, so that the pace does not change when the wall clock is set. */
    private readonly time: Pick<Clock, "now">,
    private readonly parts: {
      readonly store: Store;
      readonly seqs: SeqSource;
      readonly facts: Facts;
      readonly signals: Signals;
    },
  ) {}

  async step(task: Task): Promise<Step> {
    const data = task.data as unknown as RedriveData;
    if (data.total === undefined && data.pace === undefined) return { data: await this.#counted(task), nextInMs: 0 };
    const [now, paceNow] = [this.clock.now(), this.time.now()];
    const before = data.pace ?? paceFrom(paceNow, data.rate, LIMITS);
    const { count, pace } = advance(before, data.rate, paceNow, LIMITS);
    const nextInMs = stepMs(data.rate, LIMITS);
    if (count === 0) return { data: { ...data, pace }, nextInMs };
    const progress = ({ redriven, last }: Redriven): RedriveData => ({
      ...data,
      redriven: data.redriven + redriven,
      after: last ?? data.after,
      pace,
    });
    const result = await this.#redrive(task, data, { count, now }, progress);
    return { data: { ...progress(result) }, nextInMs: result.last === null ? null : nextInMs };
  }

  async #counted({ seq, data }: Task): Promise<Task["data"]> {
    const { filter } = data as unknown as RedriveData;
    const { redrivable } = this.parts.store.history.deadLetters;
    return { ...data, ...(await rangeOf(redrivable, filter, { createdAt: timeOfSeq(seq), now: this.clock.now() })) };
  }

  async #redrive(
    task: Task,
    data: RedriveData,
    { count, now }: { readonly count: number; readonly now: number },
    progress: (result: Redriven) => RedriveData,
  ): Promise<Redriven> {
    const { store, seqs, facts, signals } = this.parts;
    const { environmentSeq } = task;
    const first = seqs.take(count);
    const filter = deadBefore(data.filter, data.deadUntil ?? timeOfSeq(task.seq));
    const range = { after: data.after, limit: count };
    const result = await store.queue.redrive(filter, range, { first, now }, (redriven) => ({
      ...task,
      data: { ...progress(redriven) },
      updatedAt: now,
    }));
    const { redriven, endpoints } = result;
    for (const endpointSeq of endpoints) {
      signals.send({ type: "lane.filled", endpointSeq, position: first });
    }
    if (redriven > 0) facts.state({ type: "deliveries.redriven", environmentSeq, count: redriven });
    return result;
  }
}
