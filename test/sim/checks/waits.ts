import type { Seq } from "../../../src/core/id.ts";
import type { VirtualClock } from "../clock.ts";
import type { DeliveryRow } from "./attempts.ts";
import type { Violation } from "./violation.ts";

/** The wait of a delivery for its next attempt. */
interface Wait {
  /** True time at which the wait began. */
  readonly beganAt: number;
  readonly round: number;
  /** The shortest wait that the schedule allows. */
  readonly ms: number;
}

/**
 * Checks that no attempt starts too early, even if the wall clock is set during the wait. A clock
 * that is set forward shortens waits only while no program is running.
 */
export class Waits {
  readonly #waits = new Map<Seq, Wait>();
  #lifeBeganAt = 0;
  /** Latest true times at which the retries of endpoints may have become due. */
  readonly #hastenedAt = new Map<Seq, number>();

  constructor(
    private readonly clock: VirtualClock,
    /** The time that the program uses for its waits. */
    private readonly deliveryTime: () => number,
    private readonly violation: Violation,
  ) {}

  programStarted(): void {
    this.#lifeBeganAt = this.clock.now;
  }

  hastened(endpointSeq: Seq): void {
    this.#hastenedAt.set(endpointSeq, this.clock.now);
  }

  /**
   * Records that an attempt has failed and another one will follow. `ended` is the time at which
   * the request of the failed attempt ended.
   */
  began(
    { seq, round, due_at, endpointSeq }: Pick<DeliveryRow, "seq" | "round" | "due_at"> & { readonly endpointSeq: Seq },
    ended: { readonly at: number },
    ms: number,
  ): void {
    this.#waits.set(seq, { beganAt: ended.at, round, ms });
    const waitMs = due_at - (this.deliveryTime() - (this.clock.now - ended.at));
    if (waitMs < ms && !this.#isHastenedSince(ended.at, endpointSeq))
      this.violation(`delivery ${seq} will wait ${waitMs} ms, its schedule says ${ms}`);
  }

  /**
   * Checks the start of an attempt. A first attempt may start immediately, whatever the clock says.
   * First attempts of scheduled messages are checked at the end.
   */
  attemptStarted({ seq, round, due_at, attempts }: DeliveryRow, endpointSeq: Seq): void {
    const wait = this.#waits.get(seq);
    this.#waits.delete(seq);
    const known = wait?.round === round ? wait : null;
    if (known !== null && !this.#isHastenedSince(known.beganAt, endpointSeq)) this.#checkElapsed(seq, known);
    if (attempts === 0) return;
    const earlyMs = due_at - this.deliveryTime();
    if (earlyMs > 0) this.violation(`delivery ${seq} is attempted ${earlyMs} ms before it is due`);
  }

  #isHastenedSince(at: number, endpointSeq: Seq): boolean {
    return (this.#hastenedAt.get(endpointSeq) ?? Number.NEGATIVE_INFINITY) >= at;
  }

  #checkElapsed(seq: Seq, { beganAt, ms }: Wait): void {
    const mayHaveSkipped = beganAt < this.#lifeBeganAt;
    const elapsedMs = this.clock.now - beganAt + (mayHaveSkipped ? this.clock.forwardMsSince(beganAt) : 0);
    if (elapsedMs < ms) this.violation(`delivery ${seq} waited ${elapsedMs} ms, its schedule says ${ms}`);
  }
}
