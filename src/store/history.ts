import type { Seq } from "../core/id.ts";
import type {
  Attempt,
  AttemptCounts,
  AttemptFilter,
  DeadLetter,
  DeadLetterFilter,
  DeadLetterGroup,
  Delivery,
  EndpointMessage,
  EndpointMessageFilter,
  Key,
  Message,
  MessageFilter,
  PageOf,
  PageRequest,
  PollerKey,
  ReplayOrder,
  ReplayPage,
  StoreTotals,
} from "./index.ts";

/**
 * What has happened: messages, attempts and dead letters, read for people and for replays.
 *
 * **Stable order.** A reader that goes on by number (`replayable`, `messages.list` ascending for pollers, `attempts.count`)
 * must miss nothing: a row at or before one that has been returned never becomes visible later. See `Queue`.
 */
export interface History {
  readonly messages: {
    find(applicationSeq: Seq, key: Key): Promise<Message | null>;
    get(seq: Seq): Promise<Message | null>;
    /** Newest first. `withContent: false` leaves `payload` null. */
    list(applicationSeq: Seq, filter: MessageFilter, page: PageRequest, withContent: boolean): Promise<PageOf<Message>>;
    /** The newest messages of an environment. */
    latest(
      environmentSeq: Seq,
      limit: number,
    ): Promise<ReadonlyArray<Message & { readonly deliveries: readonly Delivery[] }>>;
    /** Messages with a delivery to one endpoint of the application, newest first, without payload. */
    ofEndpoint(
      applicationSeq: Seq,
      endpointSeq: Seq,
      filter: EndpointMessageFilter,
      page: PageRequest,
    ): Promise<PageOf<EndpointMessage>>;
    deliveries(seq: Seq): Promise<readonly Delivery[]>;
  };

  readonly attempts: {
    /** Newest first. */
    ofEndpoint(
      endpointSeq: Seq,
      filter: AttemptFilter,
      page: PageRequest,
      withContent: boolean,
    ): Promise<PageOf<Attempt>>;
    /** Newest first. */
    ofMessage(
      messageSeq: Seq,
      filter: AttemptFilter,
      page: PageRequest,
      withContent: boolean,
    ): Promise<PageOf<Attempt>>;
    get(messageSeq: Seq, attemptSeq: Seq): Promise<Attempt | null>;
    /** Deletes the stored response. */
    expunge(attemptSeq: Seq): Promise<void>;
    /**
     * Counts up to `limit` attempts of an endpoint with numbers from `from` (inclusive) to `to` (exclusive). `next` is the
     * first that has not been counted; null when all have.
     */
    count(
      endpointSeq: Seq,
      range: { readonly from: Seq; readonly to: Seq; readonly limit: number },
    ): Promise<AttemptCounts & { readonly next: Seq | null }>;
  };

  readonly deadLetters: {
    list(filter: DeadLetterFilter, page: PageRequest): Promise<PageOf<DeadLetter>>;
    groups(filter: DeadLetterFilter): Promise<readonly DeadLetterGroup[]>;
    /** Groups of those that `Queue.redrive` would make pending. */
    redrivable(filter: DeadLetterFilter): Promise<readonly DeadLetterGroup[]>;
  };

  /** What a replay would send among the next `limit` messages, oldest first. Skips messages whose payload is gone. */
  replayable(order: ReplayOrder, limit: number): Promise<ReplayPage>;

  /** How far consumers have come that poll for an application's messages. */
  readonly pollers: {
    cursor(key: PollerKey): Promise<Seq | null>;
    /**
     * Returns false when the application already has `consumersMax` other consumers; nothing was stored then. `onlyForward`
     * never moves to an earlier message. Does nothing for an application that is deleted.
     */
    move(
      key: PollerKey,
      cursor: Seq,
      options: { readonly onlyForward: boolean; readonly consumersMax: number; readonly now: number },
    ): Promise<boolean>;
  };

  /** Counts everything: for the start, not for every request. */
  totals(): Promise<readonly StoreTotals[]>;
  /** How many endpoints of an environment are failing. */
  failingEndpoints(environmentSeq: Seq): Promise<number>;
}
