import type { Seq } from "../core/id.ts";
import type { SeriesRow } from "../core/series.ts";
import type {
  Attempt,
  AttemptCounts,
  AttemptFilter,
  DeadLetter,
  DeadLetterFilter,
  DeadLetterGroup,
  Delivery,
  EndpointCounts,
  EndpointMessage,
  EndpointMessageFilter,
  GroupKey,
  Key,
  KnownMessage,
  LatestMessage,
  Lease,
  LeaseOptions,
  Message,
  MessageFilter,
  PageOf,
  PageRequest,
  PollerKey,
  ReplayOrder,
  ReplayPage,
  SourceLogEntry,
  StoreTotals,
} from "./records/index.ts";

/**
 * Reads messages, attempts and dead letters, for the API and for replays.
 *
 * **Stable order.** Some readers follow a list by number: `replayable`, `attempts.count`, and
 * `messages.list` in ascending order for pollers. Once a row has been returned, no row with the
 * same or a smaller number becomes visible. See `Queue`.
 */
export interface History {
  readonly messages: {
    find(applicationSeq: Seq, key: Key): Promise<Message | null>;
    /** Finds a message like `find`, but does not read its content, which may be megabytes. */
    known(applicationSeq: Seq, key: Key): Promise<KnownMessage | null>;
    get(seq: Seq): Promise<Message | null>;
    /** Lists messages, newest first. If `withContent` is false, `payload` is null. */
    list(applicationSeq: Seq, filter: MessageFilter, page: PageRequest, withContent: boolean): Promise<PageOf<Message>>;
    /**
     * Lists the newest messages of an environment, without payloads. Only the 5,000 newest messages
     * of all environments are searched.
     */
    latest(environmentSeq: Seq, limit: number): Promise<readonly LatestMessage[]>;
    /**
     * Lists the messages with a delivery to one of the application's endpoints, newest first,
     * without payloads.
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
    /** Lists attempts, newest first. */
    ofEndpoint(
      endpointSeq: Seq,
      filter: AttemptFilter,
      page: PageRequest,
      withContent: boolean,
    ): Promise<PageOf<Attempt>>;
    /** Lists attempts, newest first. */
    ofMessage(
      messageSeq: Seq,
      filter: AttemptFilter,
      page: PageRequest,
      withContent: boolean,
    ): Promise<PageOf<Attempt>>;
    /** `messageSeq` is null if the message is not known. */
    get(messageSeq: Seq | null, attemptSeq: Seq): Promise<Attempt | null>;
    /** Deletes the response of an attempt. */
    expunge(attemptSeq: Seq): Promise<void>;
    /**
     * Counts the endpoint's attempts with numbers from `from` (inclusive) to `to` (exclusive), at
     * most `limit` of them. `next` is the first attempt that was not counted, or null if all were
     * counted.
     */
    count(
      endpointSeq: Seq,
      range: { readonly from: Seq; readonly to: Seq; readonly limit: number },
    ): Promise<AttemptCounts & { readonly next: Seq | null }>;
  };

  readonly deadLetters: {
    list(filter: DeadLetterFilter, page: PageRequest): Promise<PageOf<DeadLetter>>;
    groups(filter: DeadLetterFilter): Promise<readonly DeadLetterGroup[]>;
    /** Counts, in groups, the dead letters that `Queue.redrive` would redrive. */
    redrivable(filter: DeadLetterFilter): Promise<readonly DeadLetterGroup[]>;
  };

  /**
   * Reads the next `limit` messages, oldest first, and returns those that a replay would send.
   * Skips messages whose payload was deleted.
   */
  replayable(order: ReplayOrder, limit: number): Promise<ReplayPage>;

  /** The cursors of consumers that poll for messages of an application. */
  readonly pollers: {
    cursor(key: PollerKey): Promise<Seq | null>;
    /**
     * Moves a cursor. Returns false and stores nothing if the consumer is new and the application
     * already has `consumersMax` consumers. If `onlyForward` is true, a cursor never moves to an
     * earlier message. Does nothing if the application was deleted.
     */
    move(
      key: PollerKey,
      cursor: Seq,
      options: { readonly onlyForward: boolean; readonly consumersMax: number; readonly now: number },
    ): Promise<boolean>;
  };

  /**
   * Groups of workers that share the messages of an application. A group leases each message after
   * its cursor, and leases it again until a worker acknowledges it.
   */
  readonly groups: {
    /**
     * Leases messages until `endsAt`: first those whose lease has ended at `now`, then the next ones
     * after the cursor. Their payloads have at most `bytesMax` bytes, unless there is only one. Creates
     * the group if it is new; its cursor is then `begin`. Returns `full` if the application already has
     * `groupsMax` groups, and no messages if the application was deleted or the group has `leasesMax`
     * leases. Skips messages that are no longer stored.
     */
    lease(key: GroupKey, options: LeaseOptions): Promise<readonly Lease[] | "full">;
    /**
     * Ends leases, because their messages have been processed. If some of them have ended, changes
     * nothing and returns those. A message that was acknowledged before is not among them.
     */
    ack(key: GroupKey, leases: readonly Lease[], now: number): Promise<readonly Lease[]>;
    /** Gives messages back, so that they can be leased again at once. Ignores leases that have ended. */
    nack(key: GroupKey, leases: readonly Lease[], now: number): Promise<void>;
  };

  /** The requests that sources have refused, or stored although they failed their check. */
  readonly sourceLog: {
    /**
     * Adds an entry. A source keeps its newest `sourceLogEntriesMax` entries. Does nothing if the
     * source does not exist.
     */
    add(entry: SourceLogEntry): Promise<void>;
    /** Returns an entry of any source, also of a deleted one. */
    get(seq: Seq): Promise<SourceLogEntry | null>;
    /** Lists the entries of a source, newest first. */
    list(sourceSeq: Seq, page: PageRequest): Promise<PageOf<SourceLogEntry>>;
  };

  /**
   * The links to payloads (`core/payload-link.ts`) that have been used. `prune` deletes them when they
   * have expired.
   */
  readonly payloadLinks: {
    isUsed(linkSeq: Seq): Promise<boolean>;
    /** Marks a link as used. Returns false if it has been used before. */
    use(linkSeq: Seq): Promise<boolean>;
  };

  /** Counts over time. Old buckets are deleted by `prune`. */
  readonly series: {
    /** Adds counts to buckets, in one commit. */
    add(rows: readonly SeriesRow[]): Promise<void>;
    /**
     * Lists the buckets of a scope that start at or after `from` and before `to`, in order of time.
     * Buckets without counts are absent.
     */
    read(scopeSeq: Seq, stepMs: number, from: number, to: number): Promise<readonly SeriesRow[]>;
  };

  /** Counts all pending deliveries and dead letters. This is too slow to run for every request. */
  totals(): Promise<readonly StoreTotals[]>;
  /**
   * Counts the endpoints in the state `failing`, of an environment or, if it is null, of all. Those
   * of deleted and hidden applications are not counted.
   */
  failingEndpoints(environmentSeq: Seq | null): Promise<number>;
  /**
   * Counts the endpoints of all environments that are not failing. Those of deleted and hidden
   * applications count too.
   */
  endpointCounts(): Promise<EndpointCounts>;
}
