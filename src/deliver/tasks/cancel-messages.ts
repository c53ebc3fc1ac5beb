import type { Facts } from "../../core/facts.ts";
import type { Seq } from "../../core/id.ts";
import type { Signals } from "../../core/signal.ts";
import type { Clock } from "../../ports.ts";
import type { CancelledStep, LaneCursor, Store, Task } from "../../store/index.ts";
import type { Gate } from "../gate.ts";
import type { Step, TaskKind } from "./task-kind.ts";

/** The kind of the task that cancels the pending deliveries of an endpoint. The name is from the Svix API. */
export const CANCEL = "endpoint.cancel-msgs";

/** The `data` of a cancellation. */
export interface CancelData {
  readonly applicationSeq: Seq;
  readonly endpointSeq: Seq;
  /** The number before which messages are cancelled. */
  readonly before: Seq;
  /** The place in the lane that the task has reached. */
  readonly after: LaneCursor;
  readonly deliveriesCancelled: number;
}

/** Number of deliveries that one step checks, and therefore the maximum that is cancelled in one commit. */
const STEP_DELIVERIES = 500;
/** Pause between two steps, in ms, so that deliveries and requests are not held up. */
const REST_MS = 20;

interface Parts {
  readonly store: Store;
  readonly facts: Facts;
  readonly signals: Signals;
  readonly gate: Pick<Gate, "closeEndpoint">;
}

/**
 * Cancels the pending deliveries of an endpoint whose messages were accepted before a time. Until
 * the task has ended, no attempt to the endpoint starts, so none of these messages is sent after
 * the request for the cancellation. That is why the task does not wait for other tasks.
 */
export class CancelMessages implements TaskKind {
  readonly kind = CANCEL;
  readonly isUrgent = true;

  constructor(
    private readonly clock: Clock,
    private readonly parts: Parts,
  ) {}

  hold(task: Task): () => void {
    const { gate, signals } = this.parts;
    const { endpointSeq } = task.data as unknown as CancelData;
    const open = gate.closeEndpoint(endpointSeq);
    signals.send({ type: "lane.changed", endpointSeq });
    return () => {
      open();
      signals.send({ type: "lane.changed", endpointSeq });
    };
  }

  async step(task: Task): Promise<Step> {
    const { store, facts, signals } = this.parts;
    const data = task.data as unknown as CancelData;
    const { endpointSeq, before, after } = data;
    const now = this.clock.now();
    const progress = ({ cancelled, last }: CancelledStep): CancelData => ({
      ...data,
      deliveriesCancelled: data.deliveriesCancelled + cancelled,
      after: last ?? after,
    });
    const result = await store.queue.cancel.step(
      endpointSeq,
      { before, after, limit: STEP_DELIVERIES },
      now,
      (step) => ({ ...task, data: { ...progress(step) }, updatedAt: now }),
    );
    if (result.cancelled > 0) {
      signals.send({ type: "lane.changed", endpointSeq });
      const { environmentSeq } = task;
      const count = result.cancelled;
      facts.state({ type: "deliveries.cancelled", environmentSeq, count, messageSeq: null, endpoints: [endpointSeq] });
    }
    return { data: { ...progress(result) }, nextInMs: result.last === null ? null : REST_MS };
  }
}
