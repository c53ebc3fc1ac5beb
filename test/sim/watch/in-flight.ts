import type { Database, Statement } from "bun:sqlite";
import type { FactOf } from "../../../src/core/fact.ts";
import type { Seq } from "../../../src/core/id.ts";
import type { KnownEndpoint } from "../../../src/store/index.ts";
import type { VirtualClock } from "../clock.ts";

/** Kinds of work in flight that an event can affect. */
export const FLIGHTS = ["attempt", "busy lane", "settlement", "parked lane"] as const;
/**
 * - `attempt`: a request is under way.
 * - `busy lane`: a call of the store on behalf of a lane is under way.
 * - `settlement`: the result of an attempt waits for its commit.
 * - `parked lane`: a lane waits for the retry of its head or for its rate.
 */
export type Flight = (typeof FLIGHTS)[number];

/** What an event concerns: a message at an endpoint or, without a message, the whole endpoint. */
export interface Target {
  readonly endpointSeq: Seq;
  readonly messageSeq: Seq | null;
  /** Whether the delivery has been attempted before, so that a replay may find it. */
  readonly isRetry?: boolean;
}

/** An attempt from its start to the commit of its result. */
export interface UnderWay extends Target {
  readonly deliverySeq: Seq;
  readonly messageSeq: Seq;
  /** True time and wall clock time of the start. */
  readonly startedAt: number;
  readonly startedWall: number;
  /** Whether the endpoint was changed since the start. */
  isChanged: boolean;
  /** Whether the endpoint's ordering was changed since the start. */
  isReordered: boolean;
  /**
   * Times at which the request ended and its result began to wait for its commit; null while the
   * request is under way.
   */
  ended: { readonly at: number; readonly wall: number } | null;
  /** Whether the commit failed at least once. */
  hasFailed: boolean;
}

/** The current work of the program, as far as it can be seen from outside. */
export class InFlight {
  readonly attempts = new Map<Seq, UnderWay>();
  /** Endpoints as the program has last read them. */
  readonly known = new Map<Seq, KnownEndpoint>();
  /** Endpoints whose pending deliveries are being ended. */
  readonly buried = new Set<Seq>();
  /** Number of store calls on behalf of a lane, by endpoint. */
  readonly #busy = new Map<Seq, number>();
  /** Latest true time at which a parked lane continues. */
  readonly #parkedUntil = new Map<Seq, number>();
  readonly #delivery: Statement<{ messageSeq: Seq; attempts: number }, [number]>;

  constructor(
    db: Database,
    private readonly clock: VirtualClock,
  ) {
    this.#delivery = db.prepare(
      "SELECT message_seq AS messageSeq, attempts_total AS attempts FROM delivery WHERE seq = ?",
    );
  }

  /** Must be called when the program has ended. */
  clear(): void {
    this.attempts.clear();
    this.known.clear();
    this.buried.clear();
    this.#busy.clear();
    this.#parkedUntil.clear();
  }

  started({ deliverySeq, endpointSeq }: FactOf<"attempt.started">): UnderWay {
    const row = this.#delivery.get(deliverySeq);
    const attempt: UnderWay = {
      deliverySeq,
      endpointSeq,
      messageSeq: row?.messageSeq ?? 0,
      isRetry: row !== null && row.attempts > 0,
      startedAt: this.clock.now,
      startedWall: this.clock.wall,
      isChanged: false,
      isReordered: false,
      ended: null,
      hasFailed: false,
    };
    this.attempts.set(deliverySeq, attempt);
    this.#parkedUntil.delete(endpointSeq);
    return attempt;
  }

  finished({ deliverySeq }: FactOf<"attempt.finished" | "delivery.postponed">): void {
    this.attempts.delete(deliverySeq);
  }

  /** Records that the request of an attempt has ended and its result waits for its commit. */
  ended(deliverySeq: Seq): UnderWay | null {
    const attempt = this.attempts.get(deliverySeq) ?? null;
    if (attempt !== null) attempt.ended ??= { at: this.clock.now, wall: this.clock.wall };
    return attempt;
  }

  park(endpointSeq: Seq, ms: number): void {
    this.#parkedUntil.set(endpointSeq, this.clock.now + ms);
  }

  busy(endpointSeq: Seq, calls: 1 | -1): void {
    this.#busy.set(endpointSeq, Math.max(0, (this.#busy.get(endpointSeq) ?? 0) + calls));
  }

  isBusy(endpointSeq: Seq): boolean {
    return (this.#busy.get(endpointSeq) ?? 0) > 0;
  }

  isParked(endpointSeq: Seq): boolean {
    return (this.#parkedUntil.get(endpointSeq) ?? 0) > this.clock.now;
  }

  /** Returns the attempts that a target includes. */
  attemptsOf({ endpointSeq, messageSeq }: Target): readonly UnderWay[] {
    const attempts: UnderWay[] = [];
    for (const attempt of this.attempts.values()) {
      if (attempt.endpointSeq !== endpointSeq) continue;
      if (messageSeq === null || attempt.messageSeq === messageSeq) attempts.push(attempt);
    }
    return attempts;
  }

  /** Returns the kinds of work in flight that an event with this target affects. */
  metBy(target: Target): readonly Flight[] {
    const attempts = this.attemptsOf(target);
    const met: Readonly<Record<Flight, boolean>> = {
      attempt: attempts.some(({ ended }) => ended === null),
      "busy lane": this.isBusy(target.endpointSeq),
      settlement: attempts.some(({ ended }) => ended !== null),
      "parked lane": this.isParked(target.endpointSeq),
    };
    return FLIGHTS.filter((flight) => met[flight]);
  }
}
