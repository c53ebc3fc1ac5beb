import type { Seq } from "../../../src/core/id.ts";
import type { VirtualClock } from "../clock.ts";
import type { DeliveryRow } from "./attempts.ts";
import type { Violation } from "./violation.ts";

/** A delivery that waits for its next attempt. */
interface Wait {
  /** True instant. */
  readonly beganAt: number;
  readonly round: number;
  /** At least, by the schedule. */
  readonly ms: number;
}

/**
 * Nothing is sent too early. Instants are kept by the wall clock, for they must hold over restarts; so a clock that is set
 * forwards shortens waits by as much, and one that is set back lengthens them. What was due by the clock once stays so.
 */
export class Waits {
  readonly #waits = new Map<Seq, Wait>();
  #lifeBeganAt = 0;

  constructor(
    private readonly clock: VirtualClock,
    private readonly violation: Violation,
  ) {}

  processStarted(): void {
    this.#lifeBeganAt = this.clock.now;
  }

  /** An attempt has just failed, and there will be another one. */
  waitBegan({ seq, round, due_at }: Pick<DeliveryRow, "seq" | "round" | "due_at">, ms: number): void {
    this.#waits.set(seq, { beganAt: this.clock.now, round, ms });
    if (due_at < this.clock.wall + ms) {
      this.violation(`delivery ${seq} is to wait ${due_at - this.clock.wall} ms where its schedule says ${ms}`);
    }
  }

  /** What has not been tried is due at once, whatever the clock says, or was to be sent later, which is checked at the end. */
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
    if (elapsedMs < ms) this.violation(`delivery ${seq} waited ${elapsedMs} ms where its schedule says ${ms}`);
  }
}
