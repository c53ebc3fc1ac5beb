import { wants } from "../core/event.ts";
import type { Facts } from "../core/fact.ts";
import { placeAt, type Seq, type SeqSource } from "../core/id.ts";
import type { Signals } from "../core/signal.ts";
import type { Tracer } from "../core/tracer.ts";
import type { Deliverer } from "../deliver/deliverer.ts";
import type { Clock } from "../ports.ts";
import type { ApplicationEntry } from "../store/directory.ts";
import { type AcceptResult, type NewMessage, type Store, StoreUnavailable } from "../store/index.ts";
import { Turns } from "../store/turns.ts";
import type { Incoming } from "./incoming.ts";

export type Accepted =
  | { readonly accepted: true; readonly seq: Seq; readonly acceptedAt: number }
  | Exclude<AcceptResult, { accepted: true }>;

/** The result for a message that was not stored because the store became unavailable. */
export interface NotStored {
  readonly accepted: false;
  readonly because: "unavailable";
}

const NOT_STORED: NotStored = { accepted: false, because: "unavailable" };

/**
 * Maximum number of deliveries in one commit of a batch, so that a commit blocks the event loop for
 * only a few ms.
 */
const DELIVERIES_AT_ONCE = 1000;
/** Maximum number of lanes that are told about a scheduled message in one turn of the event loop. */
const WOKEN_AT_ONCE = 500;
/**
 * Maximum number of times that an endpoint is compared with a message in one turn of the event
 * loop.
 */
const COMPARED_AT_ONCE = 50_000;

/**
 * Accepts messages: numbers them, matches their endpoints, commits, and enqueues the deliveries.
 */
export class Accepter {
  readonly #turns: Turns;

  constructor(
    private readonly store: Store,
    private readonly seqs: SeqSource,
    private readonly clock: Clock,
    private readonly facts: Facts,
    private readonly signals: Signals,
    private readonly deliverer: Deliverer,
    /** Null unless traces are exported. */
    private readonly tracer: Tracer | null = null,
  ) {
    this.#turns = new Turns(clock);
  }

  /** Accepts a message. Resolves after it is on disk and its deliveries have been enqueued. */
  accept(entry: ApplicationEntry, incoming: Incoming): Promise<Accepted> {
    return this.#acceptFor(entry, wantedBy(entry, incoming), incoming);
  }

  /** Accepts a message for one endpoint only, regardless of the endpoint's subscriptions. */
  acceptOnlyFor(endpointSeq: Seq, entry: ApplicationEntry, incoming: Incoming): Promise<Accepted> {
    return this.#acceptFor(entry, [endpointSeq], incoming);
  }

  async #acceptFor(entry: ApplicationEntry, endpointSeqs: readonly Seq[], incoming: Incoming): Promise<Accepted> {
    if (endpointSeqs.length > DELIVERIES_AT_ONCE) await this.deliverer.prepareLanes(endpointSeqs);
    const message = this.#numbered(entry, endpointSeqs, incoming);
    const committingAt = this.#traceTime();
    const [result] = await this.store.queue.accept([message]);
    return this.#committed(entry, message, result!, incoming.begunAt ?? committingAt, committingAt);
  }

  /** Accepts several messages in one commit. A refused message does not affect the others. */
  async acceptAll(entry: ApplicationEntry, incoming: readonly Incoming[]): Promise<Accepted[]> {
    const messages = incoming.map((one) => this.#numbered(entry, wantedBy(entry, one), one));
    const committingAt = this.#traceTime();
    const results = await this.store.queue.accept(messages);
    return results.map((result, i) => this.#committed(entry, messages[i]!, result, committingAt, committingAt));
  }

  /**
   * Accepts any number of messages, in several commits if they have very many deliveries. Each
   * message is stored with all its deliveries or not at all. If the store becomes unavailable after
   * the first commit, the results state which messages were not stored.
   */
  async acceptInPortions(
    entry: ApplicationEntry,
    incoming: readonly Incoming[],
  ): Promise<ReadonlyArray<Accepted | NotStored>> {
    const wanted = await this.#wantedByAll(entry, incoming);
    const results: (Accepted | NotStored)[] = [];
    for (const [from, to] of portionsOf(wanted)) {
      if (from > 0) await this.#turns.next();
      if (wanted[from]!.length > DELIVERIES_AT_ONCE) await this.deliverer.prepareLanes(wanted[from]!);
      const portion = incoming.slice(from, to);
      const messages = portion.map((one, i) => this.#numbered(entry, wanted[from + i]!, one));
      const committingAt = this.#traceTime();
      try {
        const stored = await this.store.queue.accept(messages);
        stored.forEach((result, i) => {
          const begunAt = portion[i]!.begunAt ?? committingAt;
          results.push(this.#committed(entry, messages[i]!, result, begunAt, committingAt));
        });
      } catch (error) {
        if (from === 0 || !(error instanceof StoreUnavailable)) throw error;
        return [...results, ...incoming.slice(from).map(() => NOT_STORED)];
      }
    }
    return results;
  }

  /** Returns the endpoints of each message. Messages with the same traits share one list. */
  async #wantedByAll(entry: ApplicationEntry, incoming: readonly Incoming[]): Promise<ReadonlyArray<readonly Seq[]>> {
    const known = new Map<string, readonly Seq[]>();
    const wanted: (readonly Seq[])[] = [];
    let compared = 0;
    for (const one of incoming) {
      const traits = JSON.stringify([one.eventType, one.channels]);
      const found = known.get(traits) ?? wantedBy(entry, one);
      if (!known.has(traits)) compared += entry.endpoints.length;
      known.set(traits, found);
      wanted.push(found);
      if (compared < COMPARED_AT_ONCE) continue;
      compared = 0;
      await this.#turns.next();
    }
    return wanted;
  }

  #numbered({ application }: ApplicationEntry, endpointSeqs: readonly Seq[], incoming: Incoming): NewMessage {
    const seq = this.seqs.take(1 + endpointSeqs.length);
    const acceptedAt = this.clock.now();
    return {
      seq,
      applicationSeq: application.seq,
      eventType: incoming.eventType,
      eventId: incoming.eventId,
      channels: incoming.channels,
      tags: incoming.tags,
      payload: incoming.payload,
      contentType: incoming.contentType,
      headers: incoming.headers,
      acceptedAt,
      payloadExpiresAt: incoming.retentionMs === null ? null : acceptedAt + incoming.retentionMs,
      deliverAt: incoming.deliverAt,
      warnings: incoming.warnings,
      received: incoming.received,
      trace: incoming.trace ?? null,
      deliveries: endpointSeqs.map((endpointSeq, i) => ({ seq: seq + 1 + i, endpointSeq })),
      idempotency: incoming.idempotency,
    };
  }

  /** Returns the time for spans, or 0 if none are recorded. */
  #traceTime(): number {
    return this.tracer === null ? 0 : this.tracer.now();
  }

  /** `begunAt` and `committingAt` are times for the spans of the message. */
  #committed(
    { application }: ApplicationEntry,
    message: NewMessage,
    result: AcceptResult,
    begunAt: number,
    committingAt: number,
  ): Accepted {
    if (!result.accepted) return result;
    this.tracer?.accepted(message, { begunAt, committingAt });
    if (message.deliverAt !== null) void this.#wakeLater(message);
    else if (message.deliveries.length > 0) this.deliverer.enqueue(message, message.deliveries);
    this.facts.state({
      type: "message.accepted",
      messageSeq: message.seq,
      applicationSeq: application.seq,
      environmentSeq: application.environmentSeq,
      eventType: message.eventType,
      deliveries: message.deliveries.length,
    });
    return { accepted: true, seq: message.seq, acceptedAt: message.acceptedAt };
  }

  /**
   * Announces a scheduled message. In each lane, the message's delivery waits on disk at the
   * position of the scheduled time. The lanes may be told one after another, because nothing can
   * overtake a delivery that is not due yet.
   */
  async #wakeLater({ deliverAt, deliveries }: NewMessage): Promise<void> {
    for (let at = 0; at < deliveries.length; at += WOKEN_AT_ONCE) {
      if (at > 0) await this.#turns.next();
      for (const { seq, endpointSeq } of deliveries.slice(at, at + WOKEN_AT_ONCE))
        this.signals.send({ type: "lane.filled", endpointSeq, position: placeAt(seq, deliverAt) });
    }
  }
}

/**
 * Divides messages into portions. `wanted` contains the endpoints of each message. Each portion has
 * at least one message and a limited number of deliveries. Yields the start and end of each
 * portion.
 */
export function* portionsOf(wanted: ReadonlyArray<readonly Seq[]>): Generator<[from: number, to: number]> {
  let from = 0;
  let deliveries = 0;
  for (let i = 0; i < wanted.length; i++) {
    const next = wanted[i]!.length;
    if (i > from && deliveries + next > DELIVERIES_AT_ONCE) {
      yield [from, i];
      from = i;
      deliveries = 0;
    }
    deliveries += next;
  }
  if (from < wanted.length) yield [from, wanted.length];
}

function wantedBy({ endpoints }: ApplicationEntry, { eventType, channels }: Incoming): Seq[] {
  const wanted: Seq[] = [];
  for (const { seq, subscription } of endpoints) {
    if (wants(subscription, eventType, channels)) wanted.push(seq);
  }
  return wanted;
}
