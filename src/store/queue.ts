import type { DeliveryWas } from "../core/fact.ts";
import type { Seq } from "../core/id.ts";
import type {
  AcceptResult,
  Claim,
  DeadLetterFilter,
  Expunged,
  IdempotencyEntry,
  IdempotentAnswer,
  Key,
  LaneCursor,
  MessageContent,
  NewMessage,
  PendingDelivery,
  PendingLane,
  Redriven,
  Replayable,
  Resent,
  Settled,
  Settlement,
  Task,
} from "./index.ts";

/**
 * The durable queue: what waits, in which lane, and what becomes of it.
 *
 * **Stable order.** A lane is read by cursor, so a store must never let a row appear behind one: once `due` has
 * returned a row, no delivery that is accepted later becomes visible at or before that row's place. In SQLite this
 * holds because one process takes the numbers and commits them in the order in which it took them. A store whose
 * transactions commit in another order must hold rows back until every earlier number has been committed or given up.
 * What is given a place behind a cursor on purpose (a resend, a retry in a lane that became fifo) is announced by the
 * caller with a wake-up for that place.
 *
 * **Claims.** Every process serves only lanes that it has claimed. Two processes may both believe for a moment that a
 * lane is theirs (one was paused longer than its lease); `settle` must then still move each round of a delivery at most
 * once, and the other process learns it from `stale`. The message may have been sent twice: delivery is at least once.
 */
export interface Queue {
  /** Claims the lanes that no live process has. */
  claim(): Promise<Claim>;
  /**
   * Replaces a claim by one that is valid for longer. The new one may own fewer lanes, or more, also when `validUntil` had
   * passed. While this rejects, the old claim stays as it is.
   */
  renew(claim: Claim): Promise<Claim>;
  /** Gives the lanes back at once. Called when every attempt under the claim has been settled. */
  release(claim: Claim): Promise<void>;

  /** Stores messages with their deliveries; each fails alone. Results are in the order of the messages. */
  accept(messages: readonly NewMessage[]): Promise<readonly AcceptResult[]>;

  /** The first responses to idempotency keys. */
  readonly idempotency: {
    get(key: Uint8Array, now: number): Promise<IdempotentAnswer | null>;
    put(entry: IdempotencyEntry, answer: IdempotentAnswer): Promise<void>;
  };

  /** Claimed lanes with a pending delivery, by endpoint, beyond `afterEndpoint`, at most `limit`. */
  pendingLanes(claim: Claim, afterEndpoint: Seq, limit: number): Promise<readonly PendingLane[]>;
  /**
   * Pending deliveries of one lane beyond `after` (exclusive) and up to the position `upTo` (inclusive), in the order of
   * the lane, at most `limit`.
   */
  due(endpointSeq: Seq, after: LaneCursor, upTo: Seq, limit: number): Promise<readonly PendingDelivery[]>;
  /** The position of the first pending delivery of a lane beyond `after`; null when there is none. */
  nextPosition(endpointSeq: Seq, after: LaneCursor): Promise<Seq | null>;
  /** What attempts need of these messages, in the order of `messageSeqs`; null for a message that no longer exists. */
  contents(messageSeqs: readonly Seq[]): Promise<ReadonlyArray<MessageContent | null>>;

  /**
   * Stores attempts, the next state of their deliveries and the health of their endpoints. Returns, in order, what each
   * settlement changed.
   *
   * An endpoint's `failingSince` is the end of its first failed attempt after its latest success, in the order in which
   * the attempts ended (the order of their numbers), whatever the order in which they are stored. It is read and written
   * in the same commit, so callers need not know it.
   *
   * An attempt that is stored already is settled already: it changes nothing, and the result is that of the first time (`moved` for
   * `revived`). So
   * a settlement may be repeated when its outcome is unknown.
   */
  settle(settlements: readonly Settlement[]): Promise<readonly Settled[]>;
  /**
   * Ends up to `limit` pending deliveries of a lane without an attempt: `dead` with the reason `disabled`, or `cancelled`.
   * Returns how many; fewer than `limit` means that none is left. `dead` ends nothing if the endpoint is enabled again.
   */
  bury(endpointSeq: Seq, state: "dead" | "cancelled", now: number, limit: number): Promise<number>;

  /** Makes a message pending for an endpoint: a new round, first attempt now, at the end of the lane. */
  resend(
    messageSeq: Seq,
    endpointSeq: Seq,
    delivery: { readonly seq: Seq; readonly position: Seq; readonly now: number },
  ): Promise<{ readonly was: DeliveryWas; readonly deliverySeq: Seq }>;
  /**
   * Makes messages pending for one endpoint in one commit: a new round each, first attempt now, at the end of the lane
   * (`first` and up, one number each, which new deliveries also take as their own). In a fifo lane a pending delivery
   * keeps its place. Skips a row whose delivery has changed since it was found. The same commit updates the task that
   * `progress` makes of the result; without its lease nothing changes, and the call rejects with `LeaseLost`.
   */
  resendAll(
    endpointSeq: Seq,
    rows: readonly Replayable[],
    at: { readonly first: Seq; readonly now: number },
    progress: (resent: Resent) => Task,
  ): Promise<Resent>;

  /**
   * Makes up to `limit` dead letters pending again, oldest delivery first and beyond `after`: a whole schedule each, at the
   * end of their lanes (`first` and up, one number each). Skips those whose endpoint is deleted or disabled, or whose
   * payload is gone. The same commit updates the task, as in `resendAll`.
   */
  redrive(
    filter: DeadLetterFilter,
    range: { readonly after: Seq; readonly limit: number },
    at: { readonly first: Seq; readonly now: number },
    progress: (redriven: Redriven) => Task,
  ): Promise<Redriven>;
  /** Drops up to `limit` dead letters: they become `cancelled`. Returns how many. */
  drop(filter: DeadLetterFilter, limit: number): Promise<number>;

  /** Deletes payloads for good and cancels the pending deliveries of their messages. */
  readonly expunge: {
    /** One message. Returns how many deliveries were cancelled. */
    message(seq: Seq): Promise<number>;
    /** Several, in one commit. `found` says for each key, in order, whether the application has such a message. */
    messages(applicationSeq: Seq, keys: readonly Key[]): Promise<Expunged & { readonly found: readonly boolean[] }>;
    /**
     * The next `limit` messages of an application beyond `from` and before `to`, both exclusive. `last` is where to go on;
     * null when there are no more. The same commit updates the task, as in `resendAll`.
     */
    step(
      applicationSeq: Seq,
      range: { readonly from: Seq; readonly to: Seq; readonly limit: number },
      progress: (expunged: Expunged, last: Seq | null) => Task,
    ): Promise<Expunged & { readonly last: Seq | null }>;
  };
}
