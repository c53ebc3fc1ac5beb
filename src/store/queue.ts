import type { DeliveryWas } from "../core/fact.ts";
import type { Seq } from "../core/id.ts";
import type {
  AcceptResult,
  BatchCandidate,
  CancelledStep,
  Claim,
  DeadLetterFilter,
  Dropped,
  Expunged,
  Hastened,
  IdempotencyEntry,
  IdempotentResponse,
  Key,
  LaneCursor,
  LaneWishes,
  MessageContent,
  NewMessage,
  PendingDelivery,
  PendingLane,
  QuotaUsage,
  Redriven,
  Replayable,
  Resent,
  Settled,
  Settlement,
  Task,
} from "./records/index.ts";

/**
 * The durable queue: pending deliveries, their lanes and their outcomes.
 *
 * **Stable order.** Lanes are read by cursor, so no row may appear at or before a cursor. Once `due`
 * has returned a row, deliveries that are accepted later appear only after its position. On SQLite,
 * one process generates the numbers and commits them in the same order.
 * A store for several processes hides the rows of FIFO lanes until every smaller number has been
 * committed or abandoned. It does not hide those of other lanes: whoever commits a row, even before a
 * cursor, sends `lane.filled` with its position. A resend, or a retry in a lane that became FIFO, puts
 * a delivery at or before a cursor on purpose. These commands send `lane.filled` too.
 *
 * **Claims.** A process serves only the lanes that it has claimed. A process that was suspended for
 * longer than its claim was valid may still believe that it owns a lane of another one. `settle` still settles each round of a delivery at most once; the second process
 * gets `stale`. The message may then have been sent twice: delivery is at least once.
 */
export interface Queue {
  /** Claims the lanes that no live process has claimed. */
  claim(wishes: LaneWishes): Promise<Claim>;
  /**
   * Replaces a claim, even an expired one, with one that is valid for longer. The new claim may own
   * fewer or more lanes. If it owns the same ones, it is the same object. Other processes get those that it no longer owns with the renewal after this
   * one, so the attempts in them should have ended by then. If this rejects, the old claim is unchanged.
   */
  renew(claim: Claim, wishes: LaneWishes): Promise<Claim>;
  /**
   * Releases the lanes of a claim. Must be called only after every attempt under the claim has been
   * settled.
   */
  release(claim: Claim): Promise<void>;

  /**
   * Stores messages with their deliveries. A refused message does not affect the others. The
   * results are in the order of the messages. Calls resolve in the order in which they were begun,
   * so that messages enter FIFO lanes in the order of their numbers.
   */
  accept(messages: readonly NewMessage[]): Promise<readonly AcceptResult[]>;

  /** Returns how many functions had a part in a message: 0 if no function sent it. */
  hopsOf(messageSeq: Seq): Promise<number>;

  /**
   * What the messages of an application use of its quota: the messages of the day and the size of the stored
   * payloads. This is stored only for applications with such a quota, in the commits that change it. `accept`
   * refuses a message with a quota as `uncounted` until `count` has counted what was stored without a quota.
   */
  readonly usage: {
    /** Counts the messages that are not counted yet. Returns false if the application was deleted. */
    count(applicationSeq: Seq, now: number): Promise<boolean>;
    read(applicationSeq: Seq, now: number): Promise<QuotaUsage>;
  };

  /** The first response to each idempotency key, until the key expires. */
  readonly idempotency: {
    get(key: Uint8Array, now: number): Promise<IdempotentResponse | null>;
    /**
     * Stores the first response to a key, which moves with the application. Does nothing if the key has a response
     * that is valid at `now`: two processes may work on it concurrently. (`accept` checks it in its own commit.)
     */
    put(entry: IdempotencyEntry, response: IdempotentResponse, now: number, applicationSeq?: Seq | null): Promise<void>;
  };

  /**
   * Lists claimed lanes that have a pending delivery, in order of endpoint, starting after
   * `afterEndpoint`. Returns at most `limit` lanes.
   */
  pendingLanes(claim: Claim, afterEndpoint: Seq, limit: number): Promise<readonly PendingLane[]>;
  /**
   * Lists pending deliveries of a lane, in lane order, after the cursor `after` and up to the
   * position `upTo` (inclusive). Returns at most `limit` deliveries.
   */
  due(endpointSeq: Seq, after: LaneCursor, upTo: Seq, limit: number): Promise<readonly PendingDelivery[]>;
  /**
   * Returns the position of the first pending delivery of a lane after the cursor `after`, or null
   * if there is none.
   */
  nextPosition(endpointSeq: Seq, after: LaneCursor): Promise<Seq | null>;
  /**
   * Returns the content of messages that attempts need, in the order of `messageSeqs`. A message
   * that no longer exists is null.
   */
  contents(messageSeqs: readonly Seq[]): Promise<ReadonlyArray<MessageContent | null>>;

  /**
   * Batches: deliveries of one endpoint that are sent in one request. A batch is closed before its
   * first attempt. From then on a pending delivery stays in it until the delivery ends, starts a new
   * round, or has an attempt of its own.
   */
  readonly batch: {
    /** Like `due`, with the sizes of the payloads. */
    due(endpointSeq: Seq, after: LaneCursor, upTo: Seq, limit: number): Promise<readonly BatchCandidate[]>;
    /** Lists the pending deliveries of a closed batch, in the order in which their messages were accepted. */
    members(batchSeq: Seq): Promise<readonly BatchCandidate[]>;
    /**
     * Closes a batch with the given deliveries. Returns those that are in it, in order: not those
     * that have ended, are in another round or in another batch. May be repeated.
     */
    close(
      batchSeq: Seq,
      deliveries: ReadonlyArray<Pick<PendingDelivery, "seq" | "messageSeq" | "endpointSeq" | "round">>,
    ): Promise<readonly Seq[]>;
  };

  /**
   * Stores attempts, the next state of their deliveries and the health of their endpoints. Returns
   * the change that each settlement made, in order.
   *
   * An endpoint's `failingSince` is the end of its first failed attempt after its latest success.
   * Attempts count in the order in which they ended (the order of their numbers), even if they are
   * stored in another order. `failingSince` is read and written in the same commit, so callers need
   * not know it.
   *
   * A settlement may be retried if it is unknown whether it was committed. If its attempt is
   * already stored, the settlement changes nothing and returns the same result (`moved` instead of
   * `revived`).
   */
  settle(settlements: readonly Settlement[]): Promise<readonly Settled[]>;
  /**
   * Ends pending deliveries of a lane, at most `limit`, without an attempt. They become
   * `cancelled`, or `dead` with the reason `disabled`. Returns the number of ended deliveries;
   * fewer than `limit` means that none is left. Does nothing if `state` is `dead` and the endpoint
   * is enabled.
   */
  bury(endpointSeq: Seq, state: "dead" | "cancelled", now: number, limit: number): Promise<number>;

  /**
   * Checks the next `limit` deliveries of an endpoint that have had attempts and are pending, in the
   * order of their messages, after the message `after`. Those that wait for a retry become due at the
   * delivery time `now`. In a parallel lane they get their first position again, so that they are sent
   * before later messages.
   */
  hasten(endpointSeq: Seq, range: { readonly after: Seq; readonly limit: number }, now: number): Promise<Hastened>;

  /**
   * Makes a message pending for an endpoint, regardless of the delivery's state. The delivery
   * starts a new round at the end of the lane and is due now.
   */
  resend(
    messageSeq: Seq,
    endpointSeq: Seq,
    delivery: { readonly seq: Seq; readonly position: Seq; readonly now: number },
  ): Promise<{ readonly was: DeliveryWas; readonly deliverySeq: Seq }>;
  /**
   * Makes messages pending for one endpoint in one commit. Each delivery starts a new round at the
   * end of the lane and is due now. The positions are numbers from `first`, a stride of `numbers`
   * apart; the position of a new delivery is also its `seq`. In a FIFO lane a pending delivery keeps
   * its position. Skips a message if its delivery has changed since the message was found.
   *
   * The same commit stores the task that `progress` returns for the result. If this process does
   * not hold the task's lease, nothing changes and the call rejects with `LeaseLost`.
   */
  resendAll(
    endpointSeq: Seq,
    rows: readonly Replayable[],
    at: { readonly first: Seq; readonly now: number },
    progress: (resent: Resent) => Task,
  ): Promise<Resent>;

  /**
   * Makes dead letters pending again, at most `limit`, oldest delivery first, starting after
   * `after`. Each delivery starts a new round at the end of its lane and is due now. The positions
   * are as in `resendAll`. Skips dead letters whose endpoint is deleted or disabled,
   * or whose payload was deleted. The same commit updates the task, as in `resendAll`.
   */
  redrive(
    filter: DeadLetterFilter,
    range: { readonly after: Seq; readonly limit: number },
    at: { readonly first: Seq; readonly now: number },
    progress: (redriven: Redriven) => Task,
  ): Promise<Redriven>;
  /** Cancels dead letters, at most `limit`. Returns the number of cancelled dead letters. */
  drop(filter: DeadLetterFilter, limit: number): Promise<number>;
  /**
   * Cancels dead letters, at most `limit`, oldest delivery first, starting after `after`. The same
   * commit updates the task, as in `resendAll`.
   */
  dropStep(
    filter: DeadLetterFilter,
    range: { readonly after: Seq; readonly limit: number },
    now: number,
    progress: (dropped: Dropped) => Task,
  ): Promise<Dropped>;

  /** Cancels pending deliveries. The result of an attempt that is under way does not change that. */
  readonly cancel: {
    /** Cancels the pending deliveries of a message. Returns their endpoints. */
    message(seq: Seq, now: number): Promise<readonly Seq[]>;
    /**
     * Checks the next `limit` pending deliveries of a lane, in lane order, after the cursor `after`,
     * and cancels those of messages before the number `before`. The same commit updates the task, as
     * in `resendAll`.
     */
    step(
      endpointSeq: Seq,
      range: { readonly before: Seq; readonly after: LaneCursor; readonly limit: number },
      now: number,
      progress: (step: CancelledStep) => Task,
    ): Promise<CancelledStep>;
  };

  /** Deletes payloads and cancels the pending deliveries of their messages. */
  readonly expunge: {
    /** Expunges one message. Returns the number of cancelled deliveries. */
    message(seq: Seq): Promise<number>;
    /**
     * Expunges messages in one commit. `found` states for each key, in order, whether the message
     * exists.
     */
    messages(applicationSeq: Seq, keys: readonly Key[]): Promise<Expunged & { readonly found: readonly boolean[] }>;
    /**
     * Expunges the next `limit` messages of an application between `from` and `before` (both
     * exclusive). `last` is the message to continue after, or null if no messages are left. The
     * same commit updates the task, as in `resendAll`.
     */
    step(
      applicationSeq: Seq,
      range: { readonly from: Seq; readonly to: Seq; readonly limit: number },
      progress: (expunged: Expunged, last: Seq | null) => Task,
    ): Promise<Expunged & { readonly last: Seq | null }>;
  };
}
