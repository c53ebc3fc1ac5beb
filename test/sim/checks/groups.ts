import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../../src/core/id.ts";
import type { GroupKey, Lease } from "../../../src/store/index.ts";
import type { VirtualClock } from "../clock.ts";
import type { Marks } from "../marks.ts";
import type { Violation } from "./violation.ts";

/** A lease that a worker has been told of. */
export interface Grant extends Lease {
  /** Time of the wall clock at which it ends. */
  readonly endsAt: number;
  /** True time of the call. */
  readonly since: number;
  /** The life of the program that has granted it. */
  readonly life: number;
  /** Whether a worker has tried to give the message back. */
  isReturned: boolean;
}

/** A call that leases messages. */
interface Leasing {
  granted(leases: readonly Lease[], life: number): Grant[];
}

interface Parts {
  readonly db: Database;
  readonly clock: VirtualClock;
  readonly marks: Marks;
  readonly violation: Violation;
}

/**
 * Checks a group of workers: a message is leased by one worker at a time, never after it has been
 * acknowledged, and at least once in the end. New messages come in their order.
 */
export class GroupChecks {
  /** The latest time of the wall clock at which a lease ends, also one that no worker has been told of. */
  latestEnd = 0;
  /** The latest lease of each message. */
  readonly #latest = new Map<Seq, Grant>();
  /** Leases whose acknowledgement was asked for before their end, and was not refused. */
  readonly #askedInTime = new WeakSet<Grant>();
  readonly #acknowledged = new Set<Seq>();
  readonly #stored: Statement<{ seq: Seq }, [number, number]>;
  readonly #isStored: Statement<unknown, [number]>;
  readonly #isThere: Statement<unknown, [number]>;
  /** The newest message that was leased for the first time. */
  #newest: Seq = 0;

  constructor(
    private readonly key: GroupKey,
    /** The message after which the group begins. */
    private readonly after: Seq,
    private readonly parts: Parts,
  ) {
    const { db } = parts;
    this.#isStored = db.prepare("SELECT 1 FROM message WHERE seq = ?");
    this.#stored = db.prepare("SELECT seq FROM message WHERE application_seq = ? AND seq > ?");
    this.#isThere = db.prepare("SELECT 1 FROM application WHERE seq = ? AND deleted_at IS NULL");
  }

  /** Must be called when a call begins. `granted` must be called when its response arrives. */
  leasing(leaseMs: number): Leasing {
    const { clock } = this.parts;
    const { wall, now: since } = clock;
    const newest = this.#newest;
    this.latestEnd = Math.max(this.latestEnd, wall + leaseMs);
    return {
      granted: (leases, life) => {
        this.#checkOrder(leases, newest);
        const grants = leases.map((lease) => ({ ...lease, endsAt: wall + leaseMs, since, life, isReturned: false }));
        for (const grant of grants) this.#grant(grant, wall);
        return grants;
      },
    };
  }

  /** Must be called when a worker acknowledges leases. Returns what must be called with the outcome. */
  acknowledging(grants: readonly Grant[], life: number): (isDone: boolean) => void {
    const { clock, marks, violation } = this.parts;
    const { wall } = clock;
    // If the response is lost in a crash, the acknowledgement may have taken effect, and is repeated later.
    const inTime = grants.filter(({ endsAt }) => endsAt > wall);
    for (const grant of inTime) this.#askedInTime.add(grant);
    return (isDone) => {
      if (!isDone) {
        for (const grant of inTime) this.#askedInTime.delete(grant);
        marks.hit("group: acknowledgement refused");
        if (this.#exists && grants.every((grant) => this.#isCurrent(grant))) {
          violation(`leases of ${this.#name} are refused before their end`);
        }
        return;
      }
      for (const grant of grants) {
        const { messageSeq, life: grantedIn } = grant;
        const isExpected = this.#acknowledged.has(messageSeq) || this.#askedInTime.has(grant);
        // The leases of a message end with the message, and then everybody may acknowledge it.
        if (!isExpected && this.#isStored.get(messageSeq) !== null) {
          violation(`message ${messageSeq} is acknowledged in ${this.#name} after the end of its lease`);
        }
        marks.hit("group: acknowledged");
        if (grantedIn !== life) marks.hit("crash: between a lease and its acknowledgement");
        this.#acknowledged.add(messageSeq);
      }
    };
  }

  /** Every message that is stored must have been leased. Must be called when the group gets no more messages. */
  nothingIsLost(): void {
    if (!this.#exists) return;
    for (const { seq } of this.#stored.all(this.key.applicationSeq, this.after)) {
      if (!this.#latest.has(seq)) this.parts.violation(`message ${seq} was never leased in ${this.#name}`);
    }
  }

  #grant(grant: Grant, wall: number): void {
    const { marks, violation } = this.parts;
    const { messageSeq, times } = grant;
    const earlier = this.#latest.get(messageSeq);
    if (this.#acknowledged.has(messageSeq)) {
      violation(`message ${messageSeq} is leased in ${this.#name} although it was acknowledged`);
    }
    if (earlier === undefined) marks.hit("group: leased");
    else if (times === earlier.times) violation(`a lease of message ${messageSeq} in ${this.#name} is given twice`);
    else if (times === earlier.times + 1) {
      marks.hit(earlier.isReturned ? "group: leased again when given back" : "group: leased again after its end");
      if (!earlier.isReturned && earlier.endsAt > wall) {
        violation(`message ${messageSeq} is leased in ${this.#name} to two workers at the same time`);
      }
    }
    if (earlier === undefined || times > earlier.times) this.#latest.set(messageSeq, grant);
  }

  /** Messages that were leased before come first, then new ones in their order, which follow the earlier ones. */
  #checkOrder(leases: readonly Lease[], newest: Seq): void {
    let last = newest;
    for (const { messageSeq, times } of leases) {
      if (times === 1 ? messageSeq <= last : last > newest) {
        this.parts.violation(`message ${messageSeq} is leased in ${this.#name} out of order`);
      }
      if (times === 1) last = messageSeq;
    }
    this.#newest = Math.max(this.#newest, last);
  }

  /** Whether a lease has certainly not ended, whatever the wall clock has shown. */
  #isCurrent(grant: Grant): boolean {
    const isLatest = this.#latest.get(grant.messageSeq) === grant;
    return isLatest && !grant.isReturned && grant.endsAt > this.parts.clock.latestBetween(grant.since);
  }

  /** Whether the application has not been deleted, with which its groups end. */
  get #exists(): boolean {
    return this.#isThere.get(this.key.applicationSeq) !== null;
  }

  get #name(): string {
    return `the group ${this.key.group}`;
  }
}
