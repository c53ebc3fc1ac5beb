import type { DeliveryWas } from "../core/fact.ts";
import type { Seq } from "../core/id.ts";
import type {
  AcceptResult,
  Claim,
  DeadLetterFilter,
  Expunged,
  IdempotencyEntry,
  IdempotentResponse,
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
 * **Stable order.** Lanes are read by cursor, so no row may appear behind one: once `due` has
 * returned a row, no delivery that is accepted later becomes visible at or before its position. On
 * SQLite one process takes the numbers and commits them in the same order. A store whose
 * transactions commit in another order must hold rows back until every earlier number has been
 * committed or given up. A command that puts a delivery behind a cursor on purpose (a resend, a
 * retry in a lane that became fifo) sends `lane.filled` with its position.
 *
 * **Claims.** A process serves only the lanes that it has claimed. For a short time two processes
 * may believe that they own a lane, for example if one of them was paused for longer than its claim
 * was valid. `settle` still moves each round of a delivery at most once, and the other process gets
 * `stale`. The message may have been sent twice: delivery is at least once.
 */
export interface Queue {
  /** Claims the lanes that no live process has. */
  claim(): Promise<Claim>;
  /**
   * Replaces a claim by one that is valid for longer, also after its `validUntil`. The new claim may
   * own fewer lanes or more. If this rejects, the old claim stays as it is.
   */
  renew(claim: Claim): Promise<Claim>;
  /** Gives the lanes back. Called after every attempt under the claim has been settled. */
  release(claim: Claim): Promise<void>;

  /**
   * Stores messages with their deliveries. Each message is refused alone; the results are in the
   * order of the messages. Calls resolve in the order in which they were begun, so that messages
   * enter fifo lanes in the order of their numbers.
   */
  accept(messages: readonly NewMessage[]): Promise<readonly AcceptResult[]>;

  /** The first responses to idempotency keys, while they are valid. */
  readonly idempotency: {
    get(key: Uint8Array, now: number): Promise<IdempotentResponse | null>;
    /**
     * Stores the first response to a key. Does nothing if the key has one that is valid at `now`: two
     * processes may work on the same key at once. (`accept` checks the key in its own commit.)
     */
    put(entry: IdempotencyEntry, response: IdempotentResponse, now: number): Promise<void>;
  };

  /** Up to `limit` claimed lanes with a pending delivery, by endpoint, after `afterEndpoint`. */
  pendingLanes(claim: Claim, afterEndpoint: Seq, limit: number): Promise<readonly PendingLane[]>;
  /**
   * Up to `limit` pending deliveries of a lane after the cursor `after` and up to the position `upTo`
   * (inclusive), in lane order.
   */
  due(endpointSeq: Seq, after: LaneCursor, upTo: Seq, limit: number): Promise<readonly PendingDelivery[]>;
  /**
   * The position of the first pending delivery of a lane after the cursor `after`; null if there is
   * none.
   */
  nextPosition(endpointSeq: Seq, after: LaneCursor): Promise<Seq | null>;
  /**
   * What attempts need of these messages, in the order of `messageSeqs`; null for a message that no
   * longer exists.
   */
  contents(messageSeqs: readonly Seq[]): Promise<ReadonlyArray<MessageContent | null>>;

  /**
   * Stores attempts, the next state of their deliveries and the health of their endpoints. Returns,
   * in order, what each settlement changed.
   *
   * An endpoint's `failingSince` is the end of its first failed attempt after its latest success, in
   * the order in which the attempts ended (the order of their numbers), whatever the order in which
   * they are stored. It is read and written in the same commit, so callers need not know it.
   *
   * A settlement may be repeated if its outcome is unknown. If its attempt is already stored, it
   * changes nothing and returns the same result (`moved` instead of `revived`).
   */
  settle(settlements: readonly Settlement[]): Promise<readonly Settled[]>;
  /**
   * Ends up to `limit` pending deliveries of a lane without an attempt: `dead` with the reason
   * `disabled`, or `cancelled`. Returns how many; fewer than `limit` means that none is left. `dead`
   * does nothing if the endpoint is enabled.
   */
  bury(endpointSeq: Seq, state: "dead" | "cancelled", now: number, limit: number): Promise<number>;

  /**
   * Makes a message pending for an endpoint, whatever its state: a new round at the end of the lane,
   * due now.
   */
  resend(
    messageSeq: Seq,
    endpointSeq: Seq,
    delivery: { readonly seq: Seq; readonly position: Seq; readonly now: number },
  ): Promise<{ readonly was: DeliveryWas; readonly deliverySeq: Seq }>;
  /**
   * Makes messages pending for one endpoint in one commit: a new round each at the end of the lane,
   * due now. Positions are `first` and up, one number each; a new delivery also takes it as its own.
   * In a fifo lane a pending delivery keeps its position. Skips a row whose delivery has changed
   * since it was found.
   *
   * The same commit updates the task that `progress` makes of the result. If this process does not
   * hold its lease, nothing changes and the call rejects with `LeaseLost`.
   */
  resendAll(
    endpointSeq: Seq,
    rows: readonly Replayable[],
    at: { readonly first: Seq; readonly now: number },
    progress: (resent: Resent) => Task,
  ): Promise<Resent>;

  /**
   * Makes up to `limit` dead letters pending again, oldest delivery first, after `after`: a new round
   * each at the end of its lane, due now. Positions are `first` and up, one number each. Skips dead
   * letters whose endpoint is deleted or disabled, or whose payload was deleted. The same commit
   * updates the task, as in `resendAll`.
   */
  redrive(
    filter: DeadLetterFilter,
    range: { readonly after: Seq; readonly limit: number },
    at: { readonly first: Seq; readonly now: number },
    progress: (redriven: Redriven) => Task,
  ): Promise<Redriven>;
  /** Cancels up to `limit` dead letters. Returns how many. */
  drop(filter: DeadLetterFilter, limit: number): Promise<number>;

  /** Deletes payloads and cancels the pending deliveries of their messages. */
  readonly expunge: {
    /** Expunges one message. Returns how many deliveries were cancelled. */
    message(seq: Seq): Promise<number>;
    /**
     * Expunges messages in one commit. `found` says for each key, in order, whether the message
     * exists.
     */
    messages(applicationSeq: Seq, keys: readonly Key[]): Promise<Expunged & { readonly found: readonly boolean[] }>;
    /**
     * Expunges the next `limit` messages of an application after `from` and before `to`, both
     * exclusive. `last` is where to continue; null if there are no more. The same commit updates the
     * task, as in `resendAll`.
     */
    step(
      applicationSeq: Seq,
      range: { readonly from: Seq; readonly to: Seq; readonly limit: number },
      progress: (expunged: Expunged, last: Seq | null) => Task,
    ): Promise<Expunged & { readonly last: Seq | null }>;
  };
}
