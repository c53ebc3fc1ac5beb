import { wants } from "../../core/event.ts";
import type { Facts } from "../../core/facts.ts";
import { type SeqSource, timeOfSeq } from "../../core/id.ts";
import type { Signals } from "../../core/signal.ts";
import type { Clock } from "../../ports.ts";
import type { KnownEndpoint, Replayable, ReplayOrder, ReplayPage, Resent, Store, Task } from "../../store/index.ts";
import { Turns } from "../../store/turns.ts";
import { matchingFilter } from "./replay-filter.ts";
import type { Step, TaskKind } from "./task-kind.ts";

/**
 * The tasks that send earlier messages to an endpoint, and the messages that each task sends. The
 * names are from the Svix API.
 */
export const REPLAYS = {
  "endpoint.recover": "failed",
  "endpoint.replay": "missing",
  "endpoint.bulk-replay": "sent",
} as const satisfies Readonly<Record<string, ReplayOrder["which"]>>;
export type ReplayTask = keyof typeof REPLAYS;

/** The `data` of a replay. */
export interface ReplayData extends Omit<ReplayOrder, "which" | "askedAt" | "now"> {
  readonly messagesSent: number;
}

/**
 * Number of messages that one step checks, and therefore the maximum number that becomes pending in
 * one commit.
 */
export const STEP_MESSAGES = 500;
/** Pause between two steps, in ms, so that deliveries and requests are not held up. */
const REST_MS = 20;

interface Parts {
  readonly store: Store;
  readonly seqs: SeqSource;
  readonly facts: Facts;
  readonly signals: Signals;
}

export function replayKinds(clock: Clock, parts: Parts): TaskKind[] {
  return Object.entries(REPLAYS).map(([kind, which]) => new Replay(kind, which, clock, parts));
}

/**
 * Reads the messages of an application, oldest first, and makes the matching ones pending for one
 * endpoint, each with a full retry schedule. Excludes messages that were accepted after the
 * creation of the task, and deliveries that ended after it.
 */
class Replay implements TaskKind {
  readonly #turns: Turns;

  constructor(
    readonly kind: string,
    private readonly which: ReplayOrder["which"],
    private readonly clock: Clock,
    private readonly parts: Parts,
  ) {
    this.#turns = new Turns(clock);
  }

  async step(task: Task): Promise<Step> {
    const data = task.data as unknown as ReplayData;
    const endpoint = await this.parts.store.configuration.endpoints.get(data.endpointSeq);
    const obstacle = obstacleOf(endpoint);
    if (endpoint === null || obstacle !== null) return { data: task.data, nextInMs: null, failure: obstacle! };

    const { which } = this;
    const order = { ...data, which, askedAt: timeOfSeq(task.seq), now: this.clock.now() };
    const { rows, last } = await nextReplayable(this.parts.store, endpoint, order, this.#turns);
    const progress = (resent: Resent): ReplayData => ({
      ...data,
      messagesSent: data.messagesSent + count(resent),
      from: last ?? data.from,
    });
    const nextInMs = last === null ? null : REST_MS;
    if (rows.length === 0) return { data: { ...progress(NOTHING_RESENT) }, nextInMs };
    return { data: { ...progress(await this.#resend(task, endpoint, rows, progress)) }, nextInMs };
  }

  async #resend(
    task: Task,
    { seq: endpointSeq, environmentSeq }: KnownEndpoint,
    rows: readonly Replayable[],
    progress: (resent: Resent) => ReplayData,
  ): Promise<Resent> {
    const { store, seqs, facts, signals } = this.parts;
    const [first, now] = [seqs.take(rows.length), this.clock.now()];
    const was = await store.queue.resendAll(endpointSeq, rows, { first, now }, (resent) => ({
      ...task,
      data: { ...progress(resent) },
      updatedAt: now,
    }));
    signals.send({ type: "lane.changed", endpointSeq });
    signals.send({ type: "lane.filled", endpointSeq, position: first });
    facts.state({ type: "deliveries.resent", environmentSeq, endpointSeq, was });
    return was;
  }
}

const NOTHING_RESENT: Resent = { none: 0, pending: 0, delivered: 0, dead: 0, cancelled: 0 };

function count(resent: Resent): number {
  return Object.values(resent).reduce((sum, one) => sum + one, 0);
}

/**
 * Reads the next messages of a replay, and returns those that it sends to the endpoint. The endpoint's
 * filter applies as it is now.
 */
export async function nextReplayable(
  store: Pick<Store, "history" | "queue">,
  endpoint: Pick<KnownEndpoint, "eventTypes" | "channels" | "filter">,
  order: ReplayOrder,
  turns: Turns,
): Promise<ReplayPage> {
  const { rows, last } = await store.history.replayable(order, STEP_MESSAGES);
  const wanted = order.which === "missing" ? rows.filter((row) => isFor(endpoint, row)) : rows;
  return { rows: await matchingFilter(store, endpoint, wanted, turns), last };
}

/** Returns why nothing can be sent to an endpoint, or null if the endpoint accepts deliveries. */
function obstacleOf(endpoint: KnownEndpoint | null): string | null {
  if (endpoint === null || endpoint.deleted) return "The endpoint has been deleted.";
  return endpoint.disabled ? "The endpoint is disabled. Enable it and start the task again." : null;
}

/** Returns whether the endpoint's current subscription matches this message. */
function isFor({ eventTypes, channels }: Pick<KnownEndpoint, "eventTypes" | "channels">, row: Replayable): boolean {
  const subscription = {
    eventTypes: eventTypes === null ? null : new Set(eventTypes),
    channels: channels === null ? null : new Set(channels),
  };
  return wants(subscription, row.eventType, row.channels);
}
