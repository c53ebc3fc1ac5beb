import type { Database, Statement } from "bun:sqlite";
import type { FactOf } from "../../../src/core/fact.ts";
import type { Seq } from "../../../src/core/id.ts";
import type { DeliveryPolicy } from "../../../src/deliver/policy.ts";
import type { VirtualClock } from "../clock.ts";
import type { Sent } from "../scene.ts";
import type { InFlight } from "../watch/in-flight.ts";
import { Limits } from "./limits.ts";
import type { Violation } from "./violation.ts";
import { Waits } from "./waits.ts";

const PENDING = 0;
const CANCELLED = 3;

/** An attempt under way, with the state at its start. */
interface UnderWay {
  readonly round: number;
  /** The retry schedule; null if it was being changed. */
  readonly scheduleMs: readonly number[] | null;
  readonly attemptsTotal: number;
  readonly batchSeq: Seq | null;
}

export interface DeliveryRow {
  readonly seq: Seq;
  readonly message_seq: Seq;
  readonly state: number;
  readonly position: Seq;
  readonly due_at: number;
  readonly attempts: number;
  readonly attempts_total: number;
  readonly round: number;
  readonly trigger: number;
  /** The `deliver_at` of the message. */
  readonly deliver_at: number | null;
  readonly batch_seq: Seq | null;
}

/**
 * Checks that every attempt keeps to the limits, order and waits of its endpoint, and that its
 * delivery is pending.
 */
export class AttemptChecks {
  /** Times of the wall clock at which the present rounds of deliveries began in this life of the program. */
  readonly #begun = new Map<Seq, { readonly round: number; readonly at: number }>();
  readonly #underWay = new Map<Seq, UnderWay>();
  /** True time of the first attempt of each message. Manual attempts do not count. */
  readonly #firstAttempts = new Map<Seq, number>();
  /** Deliveries that a shortage has postponed. Younger deliveries may start before these. */
  readonly #postponed = new Set<Seq>();
  /** Calls under way that cancel deliveries. */
  #cancelling = 0;
  /** The latest turn of the clock in which such a call returned. */
  #cancelledIn = -1;
  readonly #limits: Limits;
  readonly #waits: Waits;
  readonly #delivery: Statement<DeliveryRow, [number]>;
  readonly #cancellations: Statement<{ seq: Seq }, [number, number]>;
  readonly #ahead: Statement<{ seq: Seq }, [number, number, number, number | null]>;

  constructor(
    db: Database,
    private readonly clock: VirtualClock,
    policy: DeliveryPolicy,
    deliveryTime: () => number,
    private readonly inFlight: InFlight,
    private readonly violation: Violation,
  ) {
    this.#limits = new Limits(db, clock, policy, violation);
    this.#waits = new Waits(clock, deliveryTime, violation);
    this.#delivery = db.prepare(
      `SELECT seq, message_seq, state, position, due_at, attempts, attempts_total, round, trigger, batch_seq,
         (SELECT deliver_at FROM message m WHERE m.seq = message_seq) AS deliver_at
       FROM delivery WHERE seq = ?`,
    );
    this.#cancellations = db.prepare(
      `SELECT seq FROM task WHERE status = 'running' AND kind = 'endpoint.cancel-msgs'
         AND data ->> 'endpointSeq' = ?1 AND data ->> 'before' > ?2`,
    );
    // Deliveries whose payload was deleted are skipped. A delivery that a redrive or a resend has made
    // pending in the very millisecond of the first attempt may come later: that call had not returned yet,
    // and a message that was committed together with it may already have been in memory. The members of a batch go together,
    // before deliveries between them and without those whose transformation or downgrade fails.
    this.#ahead = db.prepare(
      `SELECT seq FROM delivery WHERE endpoint_seq = ?1 AND state = 0
         AND position < COALESCE((SELECT MIN(position) FROM delivery b WHERE b.batch_seq = ?4 AND b.state = 0), ?2)
         AND NOT (round > 0 AND attempts = 0 AND due_at = ?3)
         AND (?4 IS NULL OR NOT EXISTS (SELECT 1 FROM endpoint e WHERE e.seq = ?1 AND e.sealed IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM payload_version))
         AND EXISTS (SELECT 1 FROM message m WHERE m.seq = message_seq AND m.payload IS NOT NULL) LIMIT 1`,
    );
  }

  /**
   * Must be called when a life of the program begins. At that time token buckets are full, and
   * memory matches the stored state.
   */
  programStarted(): void {
    this.#underWay.clear();
    this.#begun.clear();
    this.#cancelling = 0;
    this.#waits.programStarted();
    this.#limits.programStarted();
  }

  /**
   * Makes a change of endpoints. Until the change is done or the program restarts, each endpoint
   * may be in its old or its new state.
   */
  async whileChanging(endpointSeqs: readonly Seq[], change: () => Promise<unknown>): Promise<void> {
    for (const seq of endpointSeqs) this.#limits.endpointChanging(seq);
    await change().finally(() => {
      for (const seq of endpointSeqs) this.#limits.endpointChanged(seq);
    });
  }

  /**
   * Changes the rate of an application. Until the change is done or the program restarts, the old
   * or the new rate may apply.
   */
  async whileThrottling(applicationSeq: Seq, change: () => Promise<unknown>): Promise<void> {
    this.#limits.applicationChanging(applicationSeq);
    await change().finally(() => this.#limits.applicationChanged(applicationSeq));
  }

  /** Must be called when the retries of an endpoint may become due earlier. */
  hastened(endpointSeq: Seq): void {
    this.#waits.hastened(endpointSeq);
  }

  /**
   * Must be called when a call that cancels deliveries begins. The program may not know of its
   * commit before the next turn of the clock. The returned function must be called when it returns.
   */
  cancelling(): () => void {
    this.#cancelling++;
    return () => {
      this.#cancelling--;
      this.#cancelledIn = this.clock.turn;
    };
  }

  started({ deliverySeq, endpointSeq, batchSeq }: FactOf<"attempt.started">): void {
    if (this.#underWay.has(deliverySeq)) this.violation(`delivery ${deliverySeq} is attempted twice at once`);
    const rules = this.#limits.started(endpointSeq, deliverySeq, batchSeq);
    if (rules?.isClosed) this.violation(`delivery ${deliverySeq} is attempted although its endpoint is closed`);
    const row = this.#delivery.get(deliverySeq);
    const { round = 0, attempts_total: attemptsTotal = 0 } = row ?? {};
    this.#underWay.set(deliverySeq, { round, scheduleMs: rules?.scheduleMs ?? null, attemptsTotal, batchSeq });
    if (row === null) {
      this.violation(`delivery ${deliverySeq} is attempted but is not stored`);
    } else if (row.state === CANCELLED && this.#isBeingCancelled) {
      return;
    } else if (row.state !== PENDING) {
      this.violation(`delivery ${deliverySeq} is attempted in state ${row.state}`);
    } else if (this.#cancellations.get(endpointSeq, row.message_seq) !== null && !this.#isBeingCancelled) {
      this.violation(`delivery ${deliverySeq} is attempted although its message is being cancelled`);
    } else {
      if (row.trigger === 0) this.#firstAttempts.getOrInsert(row.message_seq, this.clock.now);
      this.#waits.attemptStarted(row, endpointSeq);
      this.#checkOrder(endpointSeq, row, batchSeq, rules?.isFifo === true);
    }
  }

  finished({ deliverySeq, endpointSeq, next }: FactOf<"attempt.finished">): void {
    const attempt = this.#underWay.get(deliverySeq);
    this.#underWay.delete(deliverySeq);
    // An attempt that ends before its batch is sent does not start.
    if (attempt !== undefined) this.#limits.finished(endpointSeq, deliverySeq, attempt.batchSeq);
    const ended = this.inFlight.attempts.get(deliverySeq)?.ended ?? null;
    if (next !== "pending" || ended === null || attempt === undefined) return;
    const row = this.#delivery.get(deliverySeq);
    // A resend in the same commit has begun a new round.
    if (row?.round !== attempt.round) return;
    this.#waits.began({ ...row, endpointSeq }, ended, attempt.scheduleMs?.[row.attempts - 1] ?? 0);
  }

  postponed({ deliverySeq, endpointSeq }: FactOf<"delivery.postponed">): void {
    const attempt = this.#underWay.get(deliverySeq);
    this.#underWay.delete(deliverySeq);
    if (attempt !== undefined) this.#limits.finished(endpointSeq, deliverySeq, attempt.batchSeq);
    this.#postponed.add(deliverySeq);
    const attemptsTotal = this.#delivery.get(deliverySeq)?.attempts_total;
    if (attempt !== undefined && attemptsTotal !== undefined && attemptsTotal !== attempt.attemptsTotal) {
      this.violation(`delivery ${deliverySeq} counts an attempt that sent nothing`);
    }
  }

  /** Checks at the end that no scheduled message was sent before its time. */
  nothingWasEarly(sent: readonly Sent[]): void {
    for (const { seq, sentAt, deliverAt, answer } of sent) {
      const startedAt = this.#firstAttempts.get(seq);
      if (deliverAt === null || answer === "refused" || startedAt === undefined) continue;
      const earlyMs = deliverAt - this.clock.latestBetween(sentAt, startedAt);
      if (earlyMs > 0) this.violation(`message ${seq} was sent ${earlyMs} ms before its time`);
    }
  }

  get #isBeingCancelled(): boolean {
    return this.#cancelling > 0 || this.#cancelledIn === this.clock.turn;
  }

  #checkOrder(endpointSeq: Seq, row: DeliveryRow, batchSeq: Seq | null, isFifo: boolean): void {
    const isFirst = row.trigger === 0 && row.attempts_total === 0 && row.deliver_at === null;
    if (isFirst && !this.#postponed.has(row.seq)) {
      const younger = this.#limits.firstAttempt(endpointSeq, row.seq);
      if (younger !== null) this.violation(`delivery ${row.seq} starts after the younger ${younger}`);
    }
    const begun = this.#begun.get(row.seq);
    const begunAt = begun?.round === row.round ? begun.at : this.clock.wall;
    this.#begun.set(row.seq, { round: row.round, at: begunAt });
    const ahead = isFifo ? this.#ahead.get(endpointSeq, row.position, begunAt, batchSeq) : null;
    if (ahead !== null) this.violation(`fifo delivery ${row.seq} overtakes ${ahead.seq}`);
  }
}
