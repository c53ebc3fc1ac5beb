import type { Facts } from "../../core/facts.ts";
import { type Seq, timeOfSeq } from "../../core/id.ts";
import type { Clock } from "../../ports.ts";
import type { DeadLetterFilter, Dropped, Store, Task } from "../../store/index.ts";
import { type DeadLetterRange, deadBefore, rangeOf } from "./dead-letter-range.ts";
import type { Step, TaskKind } from "./task-kind.ts";

/** The kind of the task that drops dead letters. */
export const DROP = "dead-letter.drop";

/**
 * The `data` of a drop. Its range is absent before the first step, and `deadUntil` also in tasks of
 * earlier versions.
 */
export interface DropData extends Partial<DeadLetterRange> {
  readonly filter: DeadLetterFilter;
  readonly dropped: number;
  /** The last dead letter that has been processed. */
  readonly after: Seq;
}

/** Number of dead letters that become cancelled in one commit. */
const STEP_LETTERS = 500;
/** Pause between two steps, in ms, so that deliveries and requests are not held up. */
const REST_MS = 20;

/** Cancels the dead letters that existed when the task was created. */
export class Drop implements TaskKind {
  readonly kind = DROP;

  constructor(
    private readonly clock: Clock,
    private readonly parts: { readonly store: Store; readonly facts: Facts },
  ) {}

  async step(task: Task): Promise<Step> {
    const { store, facts } = this.parts;
    const data = task.data as unknown as DropData;
    const [createdAt, now] = [timeOfSeq(task.seq), this.clock.now()];
    if (data.total === undefined) {
      const { groups } = store.history.deadLetters;
      return { data: { ...data, ...(await rangeOf(groups, data.filter, { createdAt, now })) }, nextInMs: 0 };
    }
    const filter = deadBefore(data.filter, data.deadUntil ?? createdAt);
    const progress = ({ dropped, last }: Dropped): DropData => ({
      ...data,
      dropped: data.dropped + dropped,
      after: last ?? data.after,
    });
    const range = { after: data.after, limit: STEP_LETTERS };
    const result = await store.queue.dropStep(filter, range, now, (dropped) => ({
      ...task,
      data: { ...progress(dropped) },
      updatedAt: now,
    }));
    const { environmentSeq } = task;
    if (result.dropped > 0) facts.state({ type: "deadletters.dropped", environmentSeq, count: result.dropped });
    return { data: { ...progress(result) }, nextInMs: result.last === null ? null : REST_MS };
  }
}
