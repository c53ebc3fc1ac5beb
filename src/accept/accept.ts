import type { Facts } from "../core/facts.ts";
import { acceptanceTime, placeAt, type Seq, type SeqSource } from "../core/id.ts";
import type { MessageQuota } from "../core/quota.ts";
import type { Signals } from "../core/signal.ts";
import type { Tracer } from "../core/tracer.ts";
import type { Deliverer } from "../deliver/deliverer.ts";
import type { Clock } from "../ports.ts";
import type { ApplicationEntry } from "../store/directory.ts";
import { type AcceptResult, type NewMessage, type Store, StoreUnavailable } from "../store/index.ts";
import { Turns } from "../store/turns.ts";
import type { Incoming } from "./incoming.ts";
import { DELIVERIES_AT_ONCE, portionsOf } from "./portions.ts";
import type { Quotas } from "./quotas.ts";
import { Recipients } from "./recipients.ts";

export type Accepted =
  | { readonly accepted: true; readonly seq: Seq; readonly acceptedAt: number }
  | Exclude<Refused, { because: "uncounted" }>;

type Refused = Exclude<AcceptResult, { accepted: true }>;

/** The result for a message that was not stored because the store became unavailable. */
export interface NotStored {
  readonly accepted: false;
  readonly because: "unavailable";
}

const NOT_STORED: NotStored = { accepted: false, because: "unavailable" };

/** Maximum number of lanes that get a scheduled message in one turn of the event loop. */
const WOKEN_AT_ONCE = 500;
/**
 * Accepts messages: numbers them, matches their endpoints, commits, and enqueues the deliveries.
 */
export class Accepter {
  readonly #turns: Turns;
  readonly #recipients: Recipients;

  constructor(
    private readonly store: Store,
    private readonly seqs: SeqSource,
    private readonly clock: Clock,
    private readonly facts: Facts,
    private readonly signals: Signals,
    private readonly deliverer: Deliverer,
    /** Null unless traces are exported. */
    private readonly tracer: Tracer | null = null,
    /** Null means that no message is limited. */
    private readonly quotas: Quotas | null = null,
  ) {
    this.#turns = new Turns(clock);
    this.#recipients = new Recipients(this.#turns);
  }

  /** Accepts a message. Resolves after it is on disk and its deliveries have been enqueued. */
  accept(entry: ApplicationEntry, incoming: Incoming): Promise<Accepted> {
    const recipients = this.#recipients.of(entry, incoming);
    if (!(recipients instanceof Promise)) return this.#acceptFor(entry, recipients, incoming);
    return recipients.then((chosen) => this.#acceptFor(entry, chosen, incoming));
  }

  /** Accepts a message for one endpoint only, regardless of the endpoint's subscription and filter. */
  acceptOnlyFor(endpointSeq: Seq, entry: ApplicationEntry, incoming: Incoming): Promise<Accepted> {
    return this.#acceptFor(entry, [endpointSeq], incoming);
  }

  async #acceptFor(
    entry: ApplicationEntry,
    endpointSeqs: readonly Seq[],
    incoming: Incoming,
    quota: MessageQuota | null = this.#quotaOf(entry),
  ): Promise<Accepted> {
    if (endpointSeqs.length > DELIVERIES_AT_ONCE) await this.deliverer.prepareLanes(endpointSeqs);
    const message = this.#numbered(entry, endpointSeqs, incoming, quota);
    const committingAt = this.#traceTime([message]);
    const [result] = await this.store.queue.accept([message]);
    if (isUncounted(result!)) return this.#acceptFor(entry, endpointSeqs, incoming, await this.#counted(entry, quota));
    return this.#committed(entry, message, result!, incoming.begunAt ?? committingAt, committingAt);
  }

  #quotaOf({ application }: ApplicationEntry): MessageQuota | null {
    return this.quotas === null ? null : this.quotas.ofMessages(application);
  }

  /**
   * Counts what the application uses. Returns its quota, or null if it was just deleted or if counting
   * takes long: a customer with millions of messages must not wait because it gets a quota.
   */
  async #counted({ application }: ApplicationEntry, quota: MessageQuota | null): Promise<MessageQuota | null> {
    return (await this.quotas?.count(application.seq)) ? quota : null;
  }

  /**
   * Accepts several operational messages in one commit. A refused message does not affect the others.
   * The messages have no quota, and endpoints for them have no filters.
   */
  async acceptAll(entry: ApplicationEntry, incoming: readonly Incoming[]): Promise<Accepted[]> {
    const messages = incoming.map((one) => {
      const endpointSeqs = entry.endpoints.matching(one.eventType, one.channels);
      return this.#numbered(entry, endpointSeqs, one, null);
    });
    const committingAt = this.#traceTime(messages);
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
    const wanted = await this.#recipients.ofAll(entry, incoming);
    const results: (Accepted | NotStored)[] = [];
    for (const [from, to] of portionsOf(wanted)) {
      if (from > 0) await this.#turns.next();
      if (wanted[from]!.length > DELIVERIES_AT_ONCE) await this.deliverer.prepareLanes(wanted[from]!);
      const portion = incoming.slice(from, to);
      try {
        results.push(...(await this.#acceptPortion(entry, wanted.slice(from, to), portion, this.#quotaOf(entry))));
      } catch (error) {
        if (from === 0 || !(error instanceof StoreUnavailable)) throw error;
        return [...results, ...incoming.slice(from).map(() => NOT_STORED)];
      }
    }
    return results;
  }

  async #acceptPortion(
    entry: ApplicationEntry,
    wanted: ReadonlyArray<readonly Seq[]>,
    portion: readonly Incoming[],
    quota: MessageQuota | null,
  ): Promise<Accepted[]> {
    const messages = portion.map((one, i) => this.#numbered(entry, wanted[i]!, one, quota));
    const committingAt = this.#traceTime(messages);
    const results = await this.store.queue.accept(messages);
    // If one is uncounted, none was stored.
    if (results.some(isUncounted))
      return this.#acceptPortion(entry, wanted, portion, await this.#counted(entry, quota));
    return results.map((result, i) =>
      this.#committed(entry, messages[i]!, result, portion[i]!.begunAt ?? committingAt, committingAt),
    );
  }

  #numbered(
    { application }: ApplicationEntry,
    endpointSeqs: readonly Seq[],
    incoming: Incoming,
    quota: MessageQuota | null,
  ): NewMessage {
    const { stride } = this.seqs;
    const seq = this.seqs.take(1 + endpointSeqs.length);
    const acceptedAt = acceptanceTime(seq, this.clock.now());
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
      deliveries: endpointSeqs.map((endpointSeq, i) => ({ seq: seq + (1 + i) * stride, endpointSeq })),
      idempotency: incoming.idempotency,
      sentBy: incoming.sentBy ?? null,
      quota,
    };
  }

  /** Returns the time for the spans of messages, or 0 if none are recorded. */
  #traceTime(messages: readonly NewMessage[]): number {
    const { tracer } = this;
    return tracer !== null && messages.some((message) => tracer.records(message)) ? tracer.now() : 0;
  }

  /** `begunAt` and `committingAt` are times for the spans of the message. */
  #committed(
    { application }: ApplicationEntry,
    message: NewMessage,
    result: AcceptResult,
    begunAt: number,
    committingAt: number,
  ): Accepted {
    if (!result.accepted) return this.#refused(application, message, result);
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

  #refused(
    { seq: applicationSeq, environmentSeq }: ApplicationEntry["application"],
    { acceptedAt: at }: NewMessage,
    result: Refused,
  ): Accepted {
    if (isUncounted(result)) throw new Error("Internal error: a message without a quota was refused as uncounted.");
    if (result.because === "quota") {
      const { quota, limit } = result.exceeded;
      this.facts.state({ type: "quota.exceeded", applicationSeq, environmentSeq, quota, limit, at });
    }
    return result;
  }

  /**
   * Announces a scheduled message. In each lane, the message's delivery waits on disk at the
   * position of the scheduled time. The lanes may get it one after another, because nothing can
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

function isUncounted(result: AcceptResult): result is Extract<Refused, { because: "uncounted" }> {
  return !result.accepted && result.because === "uncounted";
}
