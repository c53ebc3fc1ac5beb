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
 * Checks that no attempt starts too early. Due times are stored by the wall clock, because they
 * must survive restarts. A clock that is set forward therefore shortens waits, and one that is set
 * back lengthens them. A delivery that was due once stays due.
 */
export class Waits {
  readonly #waits = new Map<Seq, Wait>();
  #lifeBeganAt = 0;

  constructor(
    private readonly clock: VirtualClock,
    private readonly violation: Violation,
  ) {}

  programStarted(): void {
    this.#lifeBeganAt = this.clock.now;
  }

  /**
   * Records that an attempt has failed and another one will follow. `ended` is the time when its
   * request ended.
   */
  began(
    { seq, round, due_at }: Pick<DeliveryRow, "seq" | "round" | "due_at">,
    ended: { readonly at: number; readonly wall: number },
    ms: number,
  ): void {
    this.#waits.set(seq, { beganAt: ended.at, round, ms });
    const waitMs = due_at - ended.wall;
    if (waitMs < ms) this.violation(`delivery ${seq} will wait ${waitMs} ms, its schedule says ${ms}`);
  }

  /**
   * Checks the start of an attempt. A first attempt may start immediately, whatever the clock says.
   * First attempts of scheduled messages are checked at the end.
   */
  attemptStarted({ seq, round, due_at, attempts }: DeliveryRow): void {
    const wait = this.#waits.get(seq);
    this.#waits.delete(seq);
    const known = wait?.round === round ? wait : null;
    if (known !== null) this.#checkElapsed(seq, known);
    if (attempts === 0) return;
    const latest = this.clock.latestBetween(known?.beganAt ?? this.#lifeBeganAt);
    if (due_at > latest) this.violation(`delivery ${seq} is attempted ${due_at - latest} ms before it is due`);
  }

  #checkElapsed(seq: Seq, { beganAt, ms }: Wait): void {
    const elapsedMs = this.clock.now - beganAt + this.clock.forwardMsSince(beganAt);
    if (elapsedMs < ms) this.violation(`delivery ${seq} waited ${elapsedMs} ms, its schedule says ${ms}`);
  }
}
