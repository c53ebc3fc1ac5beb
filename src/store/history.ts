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
 * Messages, attempts and dead letters, for people and for replays.
 *
 * **Stable order.** Some readers follow a list by number: `replayable`, `attempts.count`, and
 * `messages.list` in ascending order for pollers. Once a row has been returned, no row at or before
 * it becomes visible. See `Queue`.
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
    /**
     * The messages with a delivery to an endpoint of the application, newest first, without
     * payloads.
     */
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
     * Counts up to `limit` attempts of an endpoint with numbers from `from` (inclusive) to `to`
     * (exclusive). `next` is the first that was not counted; null if all were.
     */
    count(
      endpointSeq: Seq,
      range: { readonly from: Seq; readonly to: Seq; readonly limit: number },
    ): Promise<AttemptCounts & { readonly next: Seq | null }>;
  };

  readonly deadLetters: {
    list(filter: DeadLetterFilter, page: PageRequest): Promise<PageOf<DeadLetter>>;
    groups(filter: DeadLetterFilter): Promise<readonly DeadLetterGroup[]>;
    /** The groups of dead letters that `Queue.redrive` would make pending. */
    redrivable(filter: DeadLetterFilter): Promise<readonly DeadLetterGroup[]>;
  };

  /**
   * The messages that a replay would send among the next `limit` messages, oldest first. Messages
   * whose payload was deleted are skipped.
   */
  replayable(order: ReplayOrder, limit: number): Promise<ReplayPage>;

  /** The cursors of consumers that poll for messages of an application. */
  readonly pollers: {
    cursor(key: PollerKey): Promise<Seq | null>;
    /**
     * Moves a cursor. Returns false and stores nothing if the consumer is new and the application
     * already has `consumersMax` consumers. With `onlyForward` a cursor never moves to an earlier
     * message. Does nothing for a deleted application.
     */
    move(
      key: PollerKey,
      cursor: Seq,
      options: { readonly onlyForward: boolean; readonly consumersMax: number; readonly now: number },
    ): Promise<boolean>;
  };

  /** Counts all pending deliveries and dead letters. Too slow to run on every request. */
  totals(): Promise<readonly StoreTotals[]>;
  /** Counts the failing endpoints of an environment. */
  failingEndpoints(environmentSeq: Seq): Promise<number>;
}
