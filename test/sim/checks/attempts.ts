import type { Database, Statement } from "bun:sqlite";
import type { Fact } from "../../../src/core/fact.ts";
import type { Seq } from "../../../src/core/id.ts";
import { burst } from "../../../src/core/limit.ts";
import type { DeliveryPolicy } from "../../../src/deliver/policy.ts";
import type { VirtualClock } from "../clock.ts";
import type { Sent } from "../scene.ts";
import { RuleReader, type Rules } from "./rules.ts";
import type { Violation } from "./violation.ts";
import { Waits } from "./waits.ts";

const PENDING = 0;

/** Of an endpoint, in this life of the program. */
interface Watched {
  /** Null while a change of it is being stored. */
  rules: Rules | null;
  inFlight: number;
  /** The youngest first attempt. */
  lastFirst: Seq;
  /** Of the last second. */
  starts: number[];
}

/** An application: so many attempts a second; null when it may start any number, or nobody knows. */
interface Rated {
  rate: number | null;
  starts: number[];
}

/** An attempt under way. */
interface UnderWay {
  /** By which its end is judged; null when it is being changed. */
  readonly scheduleMs: readonly number[] | null;
  /** Its result may wait for the disk, or be from before a step of the clock: nobody here knows when it ended. */
  isHeldUp: boolean;
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
  /** The message's. */
  readonly deliver_at: number | null;
}

type Started = Extract<Fact, { type: "attempt.started" }>;
type Finished = Extract<Fact, { type: "attempt.finished" }>;

/** Every attempt keeps to the limits, the order and the waits of its endpoint, and is of something that is to be sent. */
export class AttemptChecks {
  readonly #endpoints = new Map<Seq, Watched>();
  readonly #applications = new Map<Seq, Rated>();
  readonly #underWay = new Map<Seq, UnderWay>();
  /** True instants of the first attempts of messages, but for those that were asked for by hand. */
  readonly #firstAttempts = new Map<Seq, number>();
  readonly #rules: RuleReader;
  readonly #waits: Waits;
  readonly #delivery: Statement<DeliveryRow, [number]>;
  readonly #ahead: Statement<{ seq: Seq }, [number, number]>;

  constructor(
    db: Database,
    private readonly clock: VirtualClock,
    private readonly policy: DeliveryPolicy,
    private readonly violation: Violation,
  ) {
    this.#rules = new RuleReader(db, policy);
    this.#waits = new Waits(clock, violation);
    this.#delivery = db.prepare(
      `SELECT seq, message_seq, state, position, due_at, attempts, attempts_total, round, trigger,
         (SELECT deliver_at FROM message m WHERE m.seq = message_seq) AS deliver_at
       FROM delivery WHERE seq = ?`,
    );
    // Of what has lost its payload there is nothing to send.
    this.#ahead = db.prepare(
      `SELECT seq FROM delivery WHERE endpoint_seq = ? AND state = 0 AND position < ?
         AND EXISTS (SELECT 1 FROM message m WHERE m.seq = message_seq AND m.payload IS NOT NULL) LIMIT 1`,
    );
  }

  /** What was under way is forgotten, a new life starts with full token buckets, and what is stored holds. */
  processStarted(): void {
    this.#underWay.clear();
    this.#waits.processStarted();
    this.#endpoints.clear();
    this.#applications.clear();
  }

  /** Full buckets may come of it. */
  clockStepped(): void {
    for (const watched of this.#endpoints.values()) watched.starts = [];
    for (const rated of this.#applications.values()) rated.starts = [];
    this.#holdUp();
  }

  commitFailed(): void {
    this.#holdUp();
  }

  #holdUp(): void {
    for (const attempt of this.#underWay.values()) attempt.isHeldUp = true;
  }

  /** Until it has been changed, or the program is started anew, it may be as it was or as it will be. */
  endpointChanging(seq: Seq): void {
    this.#endpoint(seq).rules = null;
  }

  endpointChanged(seq: Seq): void {
    const watched = this.#endpoint(seq);
    watched.rules = this.#rules.ofEndpoint(seq);
    watched.starts = [];
  }

  applicationChanging(seq: Seq): void {
    this.#application(seq).rate = null;
  }

  applicationChanged(seq: Seq): void {
    this.#applications.set(seq, { rate: this.#rules.rateOfApplication(seq), starts: [] });
  }

  started({ deliverySeq, endpointSeq }: Started): void {
    const watched = this.#endpoint(endpointSeq);
    const { rules } = watched;
    if (rules?.isClosed) this.violation(`delivery ${deliverySeq} is attempted although its endpoint takes nothing`);
    if (this.#underWay.has(deliverySeq)) this.violation(`delivery ${deliverySeq} is attempted twice at once`);
    this.#underWay.set(deliverySeq, { scheduleMs: rules?.scheduleMs ?? null, isHeldUp: false });
    watched.inFlight++;
    this.#checkLimits(watched);
    this.#checkRates(watched);
    const row = this.#delivery.get(deliverySeq);
    if (row === null) {
      this.violation(`delivery ${deliverySeq} is attempted but is not stored`);
    } else if (row.state !== PENDING) {
      this.violation(`delivery ${deliverySeq} is attempted in state ${row.state}`);
    } else {
      if (row.trigger === 0) this.#firstAttempts.getOrInsert(row.message_seq, this.clock.now);
      this.#waits.attemptStarted(row);
      this.#checkOrder(endpointSeq, watched, row);
    }
  }

  finished({ deliverySeq, endpointSeq, failedBefore, next }: Finished): void {
    const attempt = this.#underWay.get(deliverySeq);
    this.#underWay.delete(deliverySeq);
    this.#endpoint(endpointSeq).inFlight--;
    if (next !== "pending" || attempt === undefined || attempt.isHeldUp) return;
    const row = this.#delivery.get(deliverySeq);
    if (row !== null) this.#waits.waitBegan(row, attempt.scheduleMs?.[failedBefore] ?? 0);
  }

  /** What was to be sent later was sent later, whatever was stored of it. */
  nothingWasEarly(sent: readonly Sent[]): void {
    for (const { seq, sentAt, deliverAt, answer } of sent) {
      const startedAt = this.#firstAttempts.get(seq);
      if (deliverAt === null || answer === "refused" || startedAt === undefined) continue;
      const earlyMs = deliverAt - this.clock.latestBetween(sentAt, startedAt);
      if (earlyMs > 0) this.violation(`message ${seq} was sent ${earlyMs} ms before its time`);
    }
  }

  #endpoint(seq: Seq): Watched {
    let watched = this.#endpoints.get(seq);
    if (watched === undefined) {
      watched = { rules: this.#rules.ofEndpoint(seq), inFlight: 0, lastFirst: 0, starts: [] };
      this.#endpoints.set(seq, watched);
    }
    return watched;
  }

  #application(seq: Seq): Rated {
    let rated = this.#applications.get(seq);
    if (rated === undefined) {
      rated = { rate: this.#rules.rateOfApplication(seq), starts: [] };
      this.#applications.set(seq, rated);
    }
    return rated;
  }

  #checkLimits({ rules, inFlight }: Watched): void {
    const { size } = this.#underWay;
    if (size > this.policy.deliveryConcurrency) this.violation(`${size} attempts at once`);
    if (rules !== null && inFlight > rules.concurrency) {
      this.violation(`${inFlight} attempts at once to an endpoint that takes ${rules.concurrency}`);
    }
  }

  #checkRates({ rules, starts }: Watched): void {
    if (rules === null) return;
    const application = this.#application(rules.applicationSeq);
    this.#checkRate("an endpoint", rules.throttleRate, starts);
    this.#checkRate("an application", application.rate, application.starts);
  }

  #checkRate(what: string, rate: number | null, starts: number[]): void {
    if (rate === null) return;
    starts.push(this.clock.now);
    while (starts[0]! < this.clock.now - 1000) starts.shift();
    if (starts.length > rate + burst(rate)) {
      this.violation(`${starts.length} attempts within a second to ${what} that takes ${rate}/s`);
    }
  }

  #checkOrder(endpointSeq: Seq, watched: Watched, row: DeliveryRow): void {
    if (row.trigger === 0 && row.attempts_total === 0 && row.deliver_at === null) {
      if (row.seq < watched.lastFirst) {
        this.violation(`delivery ${row.seq} starts after the younger ${watched.lastFirst}`);
      }
      watched.lastFirst = row.seq;
    }
    if (!watched.rules?.isFifo) return;
    const ahead = this.#ahead.get(endpointSeq, row.position);
    if (ahead !== null) this.violation(`fifo delivery ${row.seq} overtakes ${ahead.seq}`);
  }
}
