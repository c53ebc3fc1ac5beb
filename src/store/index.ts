import type { Capability } from "../core/capability.ts";
import type { DeliveryWas } from "../core/fact.ts";
import type { Seq } from "../core/id.ts";
import type { FailureReason } from "../core/outcome.ts";
import type { Finding } from "../core/problem.ts";

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

export type EnvironmentType = "development" | "production";

export interface Environment {
  readonly seq: Seq;
  /** Unique. That of a JWT's environment is the `org_…` text of the JWT. */
  readonly name: string;
  /** For people only. */
  readonly type: EnvironmentType;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What was still there. */
export interface DeletedWithEnvironment {
  /** Hidden ones as well. */
  readonly applications: readonly Seq[];
  readonly endpoints: ReadonlyArray<Pick<Endpoint, "seq" | "applicationSeq">>;
}

export interface Application {
  readonly seq: Seq;
  readonly environmentSeq: Seq;
  readonly uid: string | null;
  readonly name: string;
  /** Attempts per second over all its endpoints, null = unlimited. */
  readonly throttleRate: number | null;
  readonly metadata: Metadata;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What becomes of messages that do not fit the schema of their type: nothing, a warning on them, a refusal. */
export type Validation = "off" | "warn" | "reject";

/** Leaves applications out of a list. */
export interface ApplicationExclusion {
  readonly withoutEndpoints: boolean;
  /** Those that have endpoints, all of them disabled. */
  readonly allDisabled: boolean;
  /** Those that have endpoints, all of them at this address or below it. */
  readonly allAt: string | null;
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
  readonly validation: Validation;
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

/** `taken`: the uid is another's. `gone`: there is no such endpoint (any more). Then nothing was stored. */
export type EndpointUpdate = { readonly before: Endpoint; readonly after: Endpoint } | "taken" | "gone";

/** An endpoint with where it belongs and whether it is still there. */
export interface KnownEndpoint extends Endpoint {
  readonly environmentSeq: Seq;
  /** Attempts per second of its application, over all endpoints; null = unlimited. */
  readonly applicationThrottleRate: number | null;
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
  /**
   * The search was long and was cut short: there may be fewer rows than asked for, even none, and `more` is true. It is to be gone on
   * with from here instead of from the last row.
   */
  readonly resume?: Seq;
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
  /** Not to be sent before this instant; null = at once. */
  readonly deliverAt: number | null;
  /** Where it does not fit the schema of its type; null when nothing was found. */
  readonly warnings: readonly Finding[] | null;
}

export interface NewMessage extends Omit<Message, "payload"> {
  readonly payload: Uint8Array;
  /** When the payload is to be deleted, if earlier than the server's `retention`. */
  readonly payloadExpiresAt: number | null;
  /** One per endpoint that wants it. `seq` is also the delivery's place in its lane, unless `deliverAt` is a later one (`placeAt`). */
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
  readonly channels: readonly string[] | null;
  readonly tags: readonly string[] | null;
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
  /** By what the attempt can be found. Absent: it is looked up. */
  readonly message?: Pick<MessageContent, "eventType" | "channels" | "tags">;
  readonly round: number;
  readonly next:
    | { readonly state: "delivered" }
    /** Attempts of this round so far, the instant of the next, and the place in the lane. */
    | {
        readonly state: "pending";
        readonly attempts: number;
        readonly dueAt: number;
        /** Its new place in a parallel lane. In a fifo lane it keeps the one it has. */
        readonly position: Seq;
      }
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
  /** Svix numbers: 0 success, 1 pending, 2 fail, 3 sending, 4 cancelled. */
  readonly status?: DeliveryStatus;
  /** 0 (no answer), 100 … 500. */
  readonly statusCodeClass?: number;
  readonly endpointSeq?: Seq;
}

/** How far a message is on its way to an endpoint, as the Svix API numbers it: 0 success, 1 pending, 2 fail, 3 sending, 4 cancelled. */
export type DeliveryStatus = 0 | 1 | 2 | 3 | 4;

export interface EndpointMessageFilter extends MessageFilter {
  /**
   * 0: has arrived, if only in an earlier round. 1: waits for its first attempt. 2: is dead, cancelled ones included, and has never
   * arrived. 3: waits for another attempt. 4: is cancelled.
   */
  readonly status?: DeliveryStatus;
}

/** A message that goes to an endpoint, and how far it is. */
export interface EndpointMessage {
  /** The message's. */
  readonly seq: Seq;
  readonly message: Message;
  readonly delivery: Delivery;
}

/** Attempts of an endpoint by how they ended. */
export interface AttemptCounts {
  readonly delivered: number;
  readonly failed: number;
}

/** Where a consumer of an application's messages has come to. */
export interface PollerKey {
  readonly applicationSeq: Seq;
  readonly sink: string;
  readonly consumer: string;
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
  /** What the token of one application may do; null: all that such a token can. */
  readonly capabilities: readonly Capability[] | null;
  /** What it may do at most, as it was written; null: no such limits. */
  readonly scopes: readonly string[] | null;
  /** The token of one application sees event types without a flag, and those with one of these. */
  readonly featureFlags: readonly string[];
  /** The caller's name for what the token was made for; `endOfApplication` can choose by it. */
  readonly sessionId: string | null;
  /** The end of its text; empty when that was not kept. */
  readonly hint: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

export interface TokenFilter {
  readonly environmentSeq: Seq;
  /** Null: those for the whole environment. */
  readonly applicationSeq: Seq | null;
  /** Leaves out those that have expired at this instant or were revoked; null = lists all. */
  readonly validAt: number | null;
}

/** Which tokens of an application are to end, and when. */
export interface TokenEnd {
  readonly applicationSeq: Seq;
  /** Those that end earlier by themselves still do. */
  readonly endsAt: number;
  /** Only those that were made with one of these; null = all, also JWTs that were issued up to `issuedUntil`. */
  readonly sessionIds: readonly string[] | null;
  readonly issuedUntil: number;
}

/** Who changed something, as it was called then. */
export interface AuditActor {
  readonly kind: "root" | "token" | "jwt" | "command";
  /** The token's id, or the JWT's subject. */
  readonly id: string | null;
  readonly name: string | null;
}

/** A change of configuration: who, what, when; no secrets, no payloads. */
export interface AuditEntry {
  readonly seq: Seq;
  readonly environmentSeq: Seq;
  readonly actor: AuditActor;
  /** The operation's id. */
  readonly action: string;
  /** Ids of what was changed, by the kind of thing: `{"appId": "app_…"}`. */
  readonly subject: Readonly<Record<string, string>>;
  /** False: begun, and not known whether it was done, because the process ended meanwhile. */
  readonly done: boolean;
  readonly at: number;
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

export interface TaskFilter {
  readonly status?: TaskStatus;
  readonly kind?: string;
  /** Made at or after this instant. */
  readonly since?: number;
}

/** Which messages of an application are to be sent to one of its endpoints again, or for the first time. */
export interface ReplayOrder {
  readonly applicationSeq: Seq;
  readonly endpointSeq: Seq;
  /**
   * `failed`: dead letters and what is being retried, unless an earlier round has succeeded. `missing`: what has no delivery, or one
   * that died without an attempt. `sent`: everything with a delivery, but for what still waits for its first attempt.
   */
  readonly which: "failed" | "missing" | "sent";
  /** Numbers of the messages: beyond `from` and before `to`, both exclusive. */
  readonly from: Seq;
  readonly to: Seq;
  /** When it was asked for: deliveries that have ended since are not touched, so that a replay never chases its own failures. */
  readonly askedAt: number;
  readonly eventTypes?: readonly string[];
  readonly channel?: string;
  readonly tag?: string;
  /** For `sent`; Svix numbers: 0 success, 1 pending, 2 fail, 3 sending, 4 cancelled. */
  readonly status?: 0 | 1 | 2 | 3 | 4;
  /** For `sent`: of the latest attempt; 0 (no answer), 100 … 500. */
  readonly statusCodeClass?: number;
}

/** A message that a replay may send. */
export interface Replayable {
  readonly messageSeq: Seq;
  readonly eventType: string;
  readonly channels: readonly string[] | null;
  /** Its delivery to the endpoint, as it was found; null when there is none. */
  readonly delivery: { readonly seq: Seq; readonly state: DeliveryState; readonly round: number } | null;
}

export interface ReplayPage {
  readonly rows: readonly Replayable[];
  /** The message at which to go on; null when there are no more. */
  readonly last: Seq | null;
}

/** How many deliveries were made pending, by what they were before. */
export type Resent = Readonly<Record<DeliveryWas, number>>;

export interface Expunged {
  /** Messages that had a payload. */
  readonly messages: number;
  /** Deliveries that waited and were cancelled, and their endpoints. */
  readonly cancelled: number;
  readonly endpoints: readonly Seq[];
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

export interface Pruned {
  /** Rows that are gone. */
  readonly deleted: number;
  /** There is more to look at now; otherwise everything has been looked at. */
  readonly more: boolean;
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
    page(page: PageRequest): Promise<PageOf<Environment>>;
    /** Makes it unless the name exists; returns the one that is there. */
    ensure(environment: Pick<Environment, "seq" | "name" | "createdAt">): Promise<Environment>;
    /** False: the name is taken; nothing was stored. */
    create(environment: Environment): Promise<boolean>;
    /** False: the name is taken; nothing was stored. */
    rename(seq: Seq, name: string, updatedAt: number): Promise<boolean>;
    /** Deletes it with everything in it; frees the name. Pending deliveries are left to `bury`. Says what this commit has deleted. */
    delete(seq: Seq, deletedAt: number): Promise<DeletedWithEnvironment>;
  };

  readonly applications: {
    find(environmentSeq: Seq, key: Key): Promise<Application | null>;
    get(seq: Seq): Promise<Application | null>;
    list(environmentSeq: Seq, page: PageRequest, exclude?: ApplicationExclusion | null): Promise<PageOf<Application>>;
    /** False: the uid is taken; nothing was stored. */
    create(application: Application): Promise<boolean>;
    /** Replaces all fields but `seq`, `environmentSeq` and `createdAt`. False: the uid is taken. */
    update(application: Application): Promise<boolean>;
    /** Deletes it with its endpoints; frees the uid. Their pending deliveries are left to `bury`. Returns the endpoints that this
     * commit has deleted. */
    delete(seq: Seq, deletedAt: number): Promise<readonly Seq[]>;
    /** Also when deleted or hidden: its history is still told. */
    known(seq: Seq): Promise<Application | null>;
    /** The hidden applications, at most one an environment, whose endpoints get the operational webhooks. `find` and `list` pass
     * them over. */
    operational(): Promise<readonly Application[]>;
    /** Makes it the hidden application of its environment unless there is one; returns the one that is there. */
    ensureOperational(application: Application): Promise<Application>;
  };

  readonly eventTypes: {
    get(environmentSeq: Seq, name: string): Promise<EventType | null>;
    /** By name, ascending; `from` is the exclusive start. */
    list(
      environmentSeq: Seq,
      page: {
        limit: number;
        from: string | null;
        backwards: boolean;
        includeArchived: boolean;
        /** Leaves out those that have feature flags but none of these; null or absent = shows all. */
        featureFlags?: readonly string[] | null;
      },
    ): Promise<PageOf<EventType>>;
    /** Of these names, those that do not exist, are archived, or have flags but none of `featureFlags`; null = flags do not matter. */
    unknown(
      environmentSeq: Seq,
      names: readonly string[],
      featureFlags: readonly string[] | null,
    ): Promise<readonly string[]>;
    /** False: an event type with this name exists; nothing was stored. */
    create(eventType: EventType): Promise<boolean>;
    /** Replaces all fields but `seq`, name, environment and `createdAt`. */
    update(eventType: EventType): Promise<void>;
    /** Creates or, where there is one with its name, updates each; all in one commit. */
    putAll(eventTypes: readonly EventType[]): Promise<void>;
    expunge(environmentSeq: Seq, name: string): Promise<void>;
  };

  readonly endpoints: {
    find(applicationSeq: Seq, key: Key): Promise<Endpoint | null>;
    /** Also when deleted: its history is still shown. */
    get(seq: Seq): Promise<KnownEndpoint | null>;
    list(applicationSeq: Seq, page: PageRequest): Promise<PageOf<Endpoint>>;
    /** Those that an application has or ever had, deleted ones included, in the order they were made. */
    ever(applicationSeq: Seq): Promise<readonly Seq[]>;
    /** Every endpoint of an application that is neither disabled nor deleted: what `accept` matches against. */
    active(applicationSeq: Seq): Promise<readonly Endpoint[]>;
    /** False: the uid is taken; nothing was stored. */
    create(endpoint: Endpoint, secret: string): Promise<boolean>;
    /** Lays what `change` returns over the endpoint as it is in this commit, so that no other change of it is lost; `seq`, `applicationSeq`
     * and `createdAt` stay. What `change` throws is thrown, and it may be called more than once. Re-enabling is the caller
     * setting `disabled: false, failingSince: null`. A change of `ordering` re-sorts what waits. */
    update(seq: Seq, change: (before: Endpoint) => Partial<Endpoint>): Promise<EndpointUpdate>;
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
    /** Those with a delivery to an endpoint of the application, newest first, without payload. */
    ofEndpoint(
      applicationSeq: Seq,
      endpointSeq: Seq,
      filter: EndpointMessageFilter,
      page: PageRequest,
    ): Promise<PageOf<EndpointMessage>>;
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
    /** Those that `redrive` would make pending, in groups. */
    redrivable(filter: DeadLetterFilter): Promise<readonly DeadLetterGroup[]>;
    /** Makes up to `limit` of them pending again, oldest delivery first and beyond `after`: a whole schedule each, at the end
     * of their lanes (`firstPosition` and up, one number each). Those whose endpoint is deleted or disabled, or whose payload is gone, are passed over.
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
    /** Counts up to `limit` attempts of an endpoint with numbers from `from` (inclusive) to `to` (exclusive). `next` is the first
     * that has not been counted, null when all have. */
    count(
      endpointSeq: Seq,
      range: { readonly from: Seq; readonly to: Seq; readonly limit: number },
    ): Promise<AttemptCounts & { readonly next: Seq | null }>;
  };

  /** How far consumers have come that fetch an application's messages instead of having them sent. */
  readonly pollers: {
    cursor(key: PollerKey): Promise<Seq | null>;
    /** False: the application has `consumersMax` others already; nothing was stored. `onlyForward`: never to an earlier message.
     * In an application that is deleted there is nothing to remember. */
    move(
      key: PollerKey,
      cursor: Seq,
      options: { readonly onlyForward: boolean; readonly consumersMax: number; readonly now: number },
    ): Promise<boolean>;
  };

  readonly replay: {
    /** What is to be sent among the next `limit` messages, the oldest first. Messages whose payload is gone are passed over. */
    page(order: ReplayOrder, limit: number): Promise<ReplayPage>;
    /**
     * Makes these pending for the endpoint in one commit: a new round each, first attempt now, at the end of the lane (`first` and up, a
     * number each, which new deliveries also take as their own); in a fifo lane what waits keeps its place. Those whose delivery is no
     * longer as it was found are passed over. The same commit stores the task as `progress` makes it of the result.
     */
    resend(
      endpointSeq: Seq,
      rows: readonly Replayable[],
      at: { readonly first: Seq; readonly now: number },
      progress: (resent: Resent) => Task,
    ): Promise<Resent>;
  };

  /** Deletes payloads for good and cancels what still waits of their messages. */
  readonly expunge: {
    /** In one commit. `found` says for each key, in order, whether the application has such a message. */
    messages(applicationSeq: Seq, keys: readonly Key[]): Promise<Expunged & { readonly found: readonly boolean[] }>;
    /** The next `limit` messages of an application beyond `from` and before `to`, both exclusive. `last` is where to go on, null
     * when there are no more. The same commit stores the task as `progress` makes it of the result. */
    step(
      applicationSeq: Seq,
      range: { readonly from: Seq; readonly to: Seq; readonly limit: number },
      progress: (expunged: Expunged, last: Seq | null) => Task,
    ): Promise<Expunged & { readonly last: Seq | null }>;
  };

  readonly tokens: {
    create(token: Token, sha256: Uint8Array): Promise<void>;
    /** Whatever its state: expiry and revocation are the caller's to judge. */
    withHash(sha256: Uint8Array): Promise<Token | null>;
    list(): Promise<readonly Token[]>;
    get(environmentSeq: Seq, seq: Seq): Promise<Token | null>;
    page(filter: TokenFilter, page: PageRequest): Promise<PageOf<Token>>;
    /** Only what is given. */
    change(seq: Seq, change: Partial<Pick<Token, "name" | "scopes">>): Promise<void>;
    revoke(seq: Seq, now: number): Promise<boolean>;
    /** Ends it at this instant, unless it ends earlier by itself. */
    end(seq: Seq, endsAt: number): Promise<void>;
    endOfApplication(end: TokenEnd): Promise<void>;
    /** When a JWT of this application that was issued then was told to end; null = it was not. */
    jwtEnd(applicationSeq: Seq, issuedAt: number): Promise<number | null>;
  };

  /** What was changed, by whom. An entry is begun before its change and ended after it, so that no crash loses it. */
  readonly audit: {
    /** Stored no later than anything that is written after this call: there is no need to wait for it. */
    begin(entry: AuditEntry): Promise<void>;
    /** Stores the entry as it is by now. */
    end(entry: AuditEntry): Promise<void>;
    /** Nothing was changed after all. */
    drop(seq: Seq): Promise<void>;
    /** Newest first. */
    list(environmentSeq: Seq, window: TimeWindow, page: PageRequest): Promise<PageOf<AuditEntry>>;
  };

  readonly tasks: {
    create(task: Task): Promise<void>;
    update(task: Task): Promise<void>;
    get(environmentSeq: Seq, seq: Seq): Promise<Task | null>;
    list(environmentSeq: Seq, filter: TaskFilter, page: PageRequest): Promise<PageOf<Task>>;
    running(): Promise<readonly Task[]>;
  };

  /** Small named values of the installation, such as the hash of the generated root token. */
  readonly meta: {
    get(name: string): Promise<string | null>;
    set(name: string, value: string): Promise<void>;
  };

  /** Deletes messages, attempts and ended tasks born before `before`, tokens that had expired by then, expired payloads and idempotency
   * entries, and audit entries that are more than a year old: looks at no more than `limit` rows of each kind, going on where the call before
   * ended. Pending deliveries keep their message. */
  prune(before: number, now: number, limit: number): Promise<Pruned>;
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
