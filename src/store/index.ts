import type { DeliveryWas } from "../core/fact.ts";
import type { Seq } from "../core/id.ts";
import type { FailureReason } from "../core/outcome.ts";

/**
 * The durable store in verbs. Nothing outside `store/` knows SQL. Every write resolves only after the commit that
 * holds it has been synced to disk (under the setting `sync`); a write that fails has changed nothing.
 *
 * All instants are ms since the Unix epoch and end in `At`. Names ending in `Seq` are sequence numbers (`core/id.ts`).
 */

/** The disk is full or cannot be written: nothing was stored. The API answers 503. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

export type Metadata = Readonly<Record<string, string>>;

export interface Environment {
  readonly seq: Seq;
  readonly name: string;
  readonly createdAt: number;
}

export interface Application {
  readonly seq: Seq;
  readonly environmentSeq: Seq;
  readonly uid: string | null;
  readonly name: string;
  readonly throttleRate: number | null;
  readonly metadata: Metadata;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface EventType {
  readonly seq: Seq;
  readonly environmentSeq: Seq;
  readonly name: string;
  readonly description: string;
  readonly archived: boolean;
  readonly deprecated: boolean;
  /** Version → JSON Schema, as it was sent. */
  readonly schemas: Readonly<Record<string, unknown>> | null;
  readonly featureFlags: readonly string[];
  readonly groupName: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type Ordering = "parallel" | "fifo";

export interface Endpoint {
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  readonly uid: string | null;
  /** WHATWG-normalised. */
  readonly url: string;
  readonly description: string;
  readonly disabled: boolean;
  readonly eventTypes: readonly string[] | null;
  readonly channels: readonly string[] | null;
  readonly metadata: Metadata;
  /** Sent with every delivery, names in the case they were given. */
  readonly headers: Readonly<Record<string, string>>;
  readonly version: number;
  /** Attempts per second, null = unlimited. */
  readonly throttleRate: number | null;
  /** Attempts under way at once, null = the server's `endpoint-concurrency`. */
  readonly concurrency: number | null;
  readonly ordering: Ordering;
  /** Null = the server's `delivery-timeout`. */
  readonly timeoutMs: number | null;
  /** Waits in ms, null = the server's `retry-schedule`. */
  readonly retryScheduleMs: readonly number[] | null;
  readonly paused: boolean;
  /** Since when every attempt has failed; null while healthy. */
  readonly failingSince: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** An endpoint with where it belongs and whether it is still there. */
export interface KnownEndpoint extends Endpoint {
  readonly environmentSeq: Seq;
  /** It or its application has been deleted. */
  readonly deleted: boolean;
}

/** One signing key of an endpoint, `whsec_…` or `whsk_…`. */
export interface EndpointSecret {
  readonly secret: string;
  /** Null for the current key; an older one signs as well until then. */
  readonly expiresAt: number | null;
}

/** A thing is named in a path by its id or by its uid (for messages the `eventId`). */
export type Key = { readonly seq: Seq } | { readonly uid: string };

/** A page of a list: rows beyond `after` in the direction of travel, at most `limit`, the next row's existence in `more`. */
export interface PageRequest {
  readonly limit: number;
  /** Exclusive start; null = from the beginning (in display order). */
  readonly from: Seq | null;
  /** True: the page that ends before `from`. Rows come back in display order all the same. */
  readonly backwards: boolean;
  /** Display order by sequence number. */
  readonly order: "ascending" | "descending";
}

export interface PageOf<T> {
  readonly rows: readonly T[];
  /** Are there rows further on in the direction of travel? */
  readonly more: boolean;
}

/** Restricts a list of messages, attempts or dead letters. Absent fields do not restrict. */
export interface TimeWindow {
  /** Exclusive. */
  readonly before?: number;
  /** Exclusive. */
  readonly after?: number;
}

export interface MessageFilter extends TimeWindow {
  readonly eventTypes?: readonly string[];
  readonly channel?: string;
  readonly tag?: string;
}

export interface Message {
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  readonly eventType: string;
  readonly eventId: string | null;
  readonly channels: readonly string[] | null;
  readonly tags: readonly string[] | null;
  /** The bytes as they came; null once expired or expunged. */
  readonly payload: Uint8Array | null;
  /** Null = application/json. */
  readonly contentType: string | null;
  /** Extra headers of this message only. */
  readonly headers: Readonly<Record<string, string>> | null;
  readonly acceptedAt: number;
}

export interface NewMessage extends Omit<Message, "payload"> {
  readonly payload: Uint8Array;
  /** When the payload is to be deleted, if earlier than the server's `retention`. */
  readonly payloadExpiresAt: number | null;
  /** One per endpoint that wants it. `seq` is also the delivery's place in its lane. */
  readonly deliveries: ReadonlyArray<{ readonly seq: Seq; readonly endpointSeq: Seq }>;
  /** Stored in the same commit, so that the answer can be repeated. */
  readonly idempotency: IdempotencyEntry | null;
}

export interface IdempotencyEntry {
  /** SHA-256 over caller, key and address; 32 bytes. */
  readonly key: Uint8Array;
  readonly expiresAt: number;
}

/** The first 2xx answer to an idempotency key: a text to repeat, or the message it made. */
export type IdempotentAnswer =
  | { readonly kind: "text"; readonly status: number; readonly body: string }
  | { readonly kind: "message"; readonly messageSeq: Seq };

export type AcceptResult =
  | { readonly accepted: true }
  /** The application already has a message with this `eventId`; nothing was stored. */
  | { readonly accepted: false; readonly because: "event-id" }
  /** Another call with this idempotency key was answered first; nothing was stored. */
  | { readonly accepted: false; readonly because: "idempotency"; readonly answer: IdempotentAnswer };

export type DeliveryState = "pending" | "delivered" | "dead" | "cancelled";

/** 0 = by the schedule, 1 = asked for by hand (resend, redrive). The numbers of the Svix API. */
export type Trigger = 0 | 1;

/** A delivery that waits for an attempt. */
export interface PendingDelivery {
  readonly seq: Seq;
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
  /** Its place in the lane. Parallel lanes: due when this instant has come. */
  readonly position: Seq;
  /** Not to be sent earlier. In a fifo lane the head may have to wait although its place has come. */
  readonly dueAt: number;
  /** Failed attempts of the present round. */
  readonly attempts: number;
  /** Rises with each resend or redrive; a settlement of an earlier round changes nothing. */
  readonly round: number;
  readonly trigger: Trigger;
}

/** A place in a lane: everything at or before it has been read. Ties of `position` are broken by `seq`. */
export interface LaneCursor {
  readonly position: Seq;
  readonly seq: Seq;
}

/** What an attempt needs of its message. */
export interface MessageContent {
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  readonly eventType: string;
  readonly payload: Uint8Array | null;
  readonly contentType: string | null;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly acceptedAt: number;
}

export interface Attempt {
  readonly seq: Seq;
  readonly deliverySeq: Seq;
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
  /** Where it was sent: the endpoint's address at that time. */
  readonly url: string;
  /** Null is success. */
  readonly reason: FailureReason | null;
  /** 0 when there was no answer. */
  readonly responseStatus: number;
  /** The answer's body (cut), or the text of the error when there was no answer. Null once expunged. */
  readonly response: Uint8Array | null;
  readonly durationMs: number;
  readonly trigger: Trigger;
  readonly startedAt: number;
  /** When the next attempt is due; null when this one decided the delivery. */
  readonly nextAttemptAt: number | null;
}

/** An attempt's result and what it makes of its delivery. */
export interface Settlement {
  readonly attempt: Attempt;
  readonly round: number;
  readonly next:
    | { readonly state: "delivered" }
    /** Attempts of this round so far, the instant of the next, and the place in the lane. */
    | { readonly state: "pending"; readonly attempts: number; readonly dueAt: number; readonly position: Seq }
    | { readonly state: "dead"; readonly reason: FailureReason };
  readonly settledAt: number;
  /** New value of the endpoint's `failingSince`; undefined = unchanged. */
  readonly failingSince?: number | null;
  /** Disables the endpoint in the same commit; what waits in its lane is left to `bury`. */
  readonly disableEndpoint: boolean;
}

/**
 * What a settlement did to its delivery: moved it from `pending` to its next state; or from `dead` to delivered (it was
 * buried while the request was on its way, but arrived); or nothing, because it had been resent, cancelled or buried meanwhile.
 */
export type Settled = "moved" | "revived" | "stale";

export interface AttemptFilter extends MessageFilter {
  /** Svix numbers: 0 success, 1 pending, 2 fail, 3 sending. */
  readonly status?: 0 | 1 | 2 | 3;
  /** 0 (no answer), 100 … 500. */
  readonly statusCodeClass?: number;
  readonly endpointSeq?: Seq;
}

export interface DeadLetter {
  /** The delivery. */
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  readonly messageSeq: Seq;
  readonly eventId: string | null;
  readonly eventType: string;
  readonly endpointSeq: Seq;
  readonly url: string;
  readonly reason: FailureReason;
  /** Attempts made, over all rounds. */
  readonly attempts: number;
  readonly lastAttempt: Attempt | null;
  readonly deadAt: number;
}

export interface DeadLetterFilter extends TimeWindow {
  readonly environmentSeq: Seq;
  readonly applicationSeq?: Seq;
  readonly endpointSeq?: Seq;
  readonly eventTypes?: readonly string[];
  readonly reason?: FailureReason;
  readonly deliverySeqs?: readonly Seq[];
}

export interface DeadLetterGroup {
  readonly applicationSeq: Seq;
  readonly endpointSeq: Seq;
  readonly eventType: string;
  readonly reason: FailureReason;
  readonly count: number;
  readonly firstDeadAt: number;
  readonly lastDeadAt: number;
}

/** A delivery as part of its message's story. */
export interface Delivery {
  readonly seq: Seq;
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
  readonly state: DeliveryState;
  readonly reason: FailureReason | null;
  readonly dueAt: number;
  /** Attempts made, over all rounds. */
  readonly attemptsTotal: number;
}

export interface Token {
  readonly seq: Seq;
  readonly name: string;
  readonly environmentSeq: Seq;
  /** Null: for the whole environment. */
  readonly applicationSeq: Seq | null;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

export type TaskStatus = "running" | "finished" | "failed";

/** Work that goes on after its request was answered, and over restarts. */
export interface Task {
  readonly seq: Seq;
  readonly environmentSeq: Seq;
  /** For example `dead-letter.redrive`. */
  readonly kind: string;
  readonly status: TaskStatus;
  /** JSON that the kind's code understands: parameters and progress. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly updatedAt: number;
}

export interface PendingLane {
  readonly endpointSeq: Seq;
  /** The place of the first waiting delivery. */
  readonly position: Seq;
}

export interface StoreSize {
  readonly databaseBytes: number;
  readonly walBytes: number;
}

/** What waits and what is dead in one environment. */
export interface StoreTotals {
  readonly environmentSeq: Seq;
  readonly pending: number;
  readonly dead: number;
}

export interface Store {
  /** Four random words made with the data directory: the seed of `IdCodec`. */
  readonly idSeed: readonly [number, number, number, number];
  /** The greatest sequence number in use when the store was opened. */
  readonly lastSeq: Seq;

  readonly environments: {
    list(): Promise<readonly Environment[]>;
    get(seq: Seq): Promise<Environment | null>;
    named(name: string): Promise<Environment | null>;
    /** Makes it unless the name exists; returns the one that is there. */
    ensure(environment: Environment): Promise<Environment>;
  };

  readonly applications: {
    find(environmentSeq: Seq, key: Key): Promise<Application | null>;
    get(seq: Seq): Promise<Application | null>;
    list(environmentSeq: Seq, page: PageRequest): Promise<PageOf<Application>>;
    /** False: the uid is taken; nothing was stored. */
    create(application: Application): Promise<boolean>;
    /** Replaces all fields but `seq`, `environmentSeq` and `createdAt`. False: the uid is taken. */
    update(application: Application): Promise<boolean>;
    /** Deletes it with its endpoints; frees the uid. Their pending deliveries are left to `bury`. */
    delete(seq: Seq, deletedAt: number): Promise<void>;
  };

  readonly eventTypes: {
    get(environmentSeq: Seq, name: string): Promise<EventType | null>;
    /** By name, ascending; `from` is the exclusive start. */
    list(
      environmentSeq: Seq,
      page: { limit: number; from: string | null; backwards: boolean; includeArchived: boolean },
    ): Promise<PageOf<EventType>>;
    /** Of these names, those that do not exist or are archived. */
    unknown(environmentSeq: Seq, names: readonly string[]): Promise<readonly string[]>;
    /** False: an event type with this name exists; nothing was stored. */
    create(eventType: EventType): Promise<boolean>;
    /** Replaces all fields but `seq`, name, environment and `createdAt`. */
    update(eventType: EventType): Promise<void>;
    expunge(environmentSeq: Seq, name: string): Promise<void>;
  };

  readonly endpoints: {
    find(applicationSeq: Seq, key: Key): Promise<Endpoint | null>;
    /** Also when deleted: its history is still shown. */
    get(seq: Seq): Promise<KnownEndpoint | null>;
    list(applicationSeq: Seq, page: PageRequest): Promise<PageOf<Endpoint>>;
    /** Every endpoint of an application that is neither disabled nor deleted: what `accept` matches against. */
    active(applicationSeq: Seq): Promise<readonly Endpoint[]>;
    /** False: the uid is taken; nothing was stored. */
    create(endpoint: Endpoint, secret: string): Promise<boolean>;
    /** Replaces all fields but `seq`, `applicationSeq` and `createdAt`; re-enabling is the caller setting
     * `disabled: false, failingSince: null`. A change of `ordering` re-sorts what waits. False: the uid is taken. */
    update(endpoint: Endpoint): Promise<boolean>;
    delete(seq: Seq, deletedAt: number): Promise<void>;
    /** Current key first, then those that have not expired at `now`. */
    secrets(seq: Seq, now: number): Promise<readonly EndpointSecret[]>;
    /** Makes `secret` the current key; the one before signs on until `oldExpiresAt`. False: more than ten old keys are
     * still valid; nothing was changed. */
    rotateSecret(seq: Seq, secret: string, now: number, oldExpiresAt: number): Promise<boolean>;
  };

  /** Stores messages with their deliveries; each fails alone. Results in the order of the messages. */
  accept(messages: readonly NewMessage[]): Promise<readonly AcceptResult[]>;

  readonly messages: {
    find(applicationSeq: Seq, key: Key): Promise<Message | null>;
    get(seq: Seq): Promise<Message | null>;
    /** Newest first. `withContent: false` leaves `payload` null. */
    list(applicationSeq: Seq, filter: MessageFilter, page: PageRequest, withContent: boolean): Promise<PageOf<Message>>;
    /** The newest of an environment, for the page. */
    latest(
      environmentSeq: Seq,
      limit: number,
    ): Promise<ReadonlyArray<Message & { readonly deliveries: readonly Delivery[] }>>;
    content(seq: Seq): Promise<MessageContent | null>;
    deliveries(seq: Seq): Promise<readonly Delivery[]>;
    /** Deletes the payload and cancels what still waits. Returns how many deliveries that were. */
    expunge(seq: Seq): Promise<number>;
  };

  readonly idempotency: {
    get(key: Uint8Array, now: number): Promise<IdempotentAnswer | null>;
    put(entry: IdempotencyEntry, answer: IdempotentAnswer): Promise<void>;
  };

  /** What waits in one lane beyond `after` (exclusive) and up to the position `upTo` (inclusive), in the order of the
   * lane, at most `limit`. */
  due(endpointSeq: Seq, after: LaneCursor, upTo: Seq, limit: number): Promise<readonly PendingDelivery[]>;
  /** The place of the first delivery that waits in a lane beyond `after`, or null. */
  nextPosition(endpointSeq: Seq, after: LaneCursor): Promise<Seq | null>;
  /** Lanes with something waiting, by endpoint, beyond `afterEndpoint`, at most `limit`. */
  pendingLanes(afterEndpoint: Seq, limit: number): Promise<readonly PendingLane[]>;
  /** Stores attempts and what they make of their deliveries. Says of each what it changed, in order. */
  settle(settlements: readonly Settlement[]): Promise<readonly Settled[]>;
  /** Ends up to `limit` pending deliveries of a lane without an attempt: `dead` with `disabled`, or `cancelled`.
   * Returns how many; fewer than `limit` means that none is left. */
  bury(endpointSeq: Seq, state: "dead" | "cancelled", now: number, limit: number): Promise<number>;
  /** Makes a message pending for an endpoint (again): a new round, first attempt now, at the end of the lane. */
  resend(
    messageSeq: Seq,
    endpointSeq: Seq,
    delivery: { seq: Seq; position: Seq; now: number },
  ): Promise<{ was: DeliveryWas; deliverySeq: Seq }>;

  readonly deadLetters: {
    list(filter: DeadLetterFilter, page: PageRequest): Promise<PageOf<DeadLetter>>;
    groups(filter: DeadLetterFilter): Promise<readonly DeadLetterGroup[]>;
    /** Makes up to `limit` of them pending again, oldest delivery first and beyond `after`: a whole schedule each, at the end
     * of their lanes (`firstPosition` and up, one number each). Those whose endpoint is deleted, or whose payload is gone, are passed over.
     * `last` is where to go on, null when none is left. */
    redrive(
      filter: DeadLetterFilter,
      after: Seq,
      limit: number,
      firstPosition: Seq,
      now: number,
    ): Promise<{ readonly redriven: number; readonly endpoints: readonly Seq[]; readonly last: Seq | null }>;
    /** Drops up to `limit`: they become `cancelled`. Returns how many. */
    drop(filter: DeadLetterFilter, limit: number): Promise<number>;
  };

  readonly attempts: {
    /** Newest first. */
    ofEndpoint(
      endpointSeq: Seq,
      filter: AttemptFilter,
      page: PageRequest,
      withContent: boolean,
    ): Promise<PageOf<Attempt>>;
    ofMessage(
      messageSeq: Seq,
      filter: AttemptFilter,
      page: PageRequest,
      withContent: boolean,
    ): Promise<PageOf<Attempt>>;
    get(messageSeq: Seq, attemptSeq: Seq): Promise<Attempt | null>;
    expunge(attemptSeq: Seq): Promise<void>;
  };

  readonly tokens: {
    create(token: Token, sha256: Uint8Array): Promise<void>;
    /** Whatever its state: expiry and revocation are the caller's to judge. */
    withHash(sha256: Uint8Array): Promise<Token | null>;
    list(): Promise<readonly Token[]>;
    revoke(seq: Seq, now: number): Promise<boolean>;
  };

  readonly tasks: {
    create(task: Task): Promise<void>;
    update(task: Task): Promise<void>;
    get(environmentSeq: Seq, seq: Seq): Promise<Task | null>;
    running(): Promise<readonly Task[]>;
  };

  /** Small named values of the installation, such as the hash of the generated root token. */
  readonly meta: {
    get(name: string): Promise<string | null>;
    set(name: string, value: string): Promise<void>;
  };

  /** Deletes messages and attempts born before `before`, expired payloads and idempotency entries: at most `limit` rows of each kind.
   * Pending deliveries keep their message. Returns how many rows went. */
  prune(before: number, now: number, limit: number): Promise<number>;
  /** Counts everything: for the start, not for every request. */
  totals(): Promise<readonly StoreTotals[]>;
  /** Endpoints of an environment whose latest attempts have failed. */
  failingEndpoints(environmentSeq: Seq): Promise<number>;
  /** Changes whenever another process has written to the data (a token was revoked): what was cached may be stale. Cheap. */
  foreignVersion(): number;
  size(): StoreSize;
  /** Throws `StoreUnavailable` when it cannot be read. */
  ping(): Promise<void>;
  /** Commits what is queued and closes. */
  close(): Promise<void>;
}
