import type { Facts } from "../../core/facts.ts";
import type { Seq } from "../../core/id.ts";
import type { Signals } from "../../core/signal.ts";
import type { Clock } from "../../ports.ts";
import type { Expunged, Store, Task } from "../../store/index.ts";
import type { Step, TaskKind } from "./task-kind.ts";

/**
 * The kind of the task that deletes the payloads of all messages of an application. The name is
 * from the Svix API.
 */
export const PURGE = "application.purge_content";

/** The `data` of a purge. */
export interface PurgeData {
  readonly applicationSeq: Seq;
  /** The last message that has been processed. */
  readonly from: Seq;
  readonly messagesPurged: number;
}

const STEP_MESSAGES = 500;
/** Pause between two steps, in ms, so that deliveries and requests are not held up. */
const REST_MS = 20;

/**
 * Deletes the payloads of the messages that existed when the task was created. Later messages keep
 * their payload.
 */
export class Purge implements TaskKind {
  readonly kind = PURGE;

  constructor(
    private readonly clock: Clock,
    private readonly parts: { readonly store: Store; readonly facts: Facts; readonly signals: Signals },
  ) {}

  async step(task: Task): Promise<Step> {
    const { store, facts, signals } = this.parts;
    const data = task.data as unknown as PurgeData;
    const range = { from: data.from, to: task.seq, limit: STEP_MESSAGES };
    const progress = ({ messages }: Expunged, last: Seq | null): Task["data"] => ({
      ...data,
      messagesPurged: data.messagesPurged + messages,
      from: last ?? data.from,
    });
    const { last, ...expunged } = await store.queue.expunge.step(data.applicationSeq, range, (result, end) => ({
      ...task,
      data: progress(result, end),
      updatedAt: this.clock.now(),
    }));
    for (const endpointSeq of expunged.endpoints) signals.send({ type: "lane.changed", endpointSeq });
    facts.state({ type: "messages.expunged", environmentSeq: task.environmentSeq, ...expunged });
    return { data: progress(expunged, last), nextInMs: last === null ? null : REST_MS };
  }
}
