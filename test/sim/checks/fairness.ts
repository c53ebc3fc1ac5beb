import type { FactOf } from "../../../src/core/fact.ts";
import type { Seq } from "../../../src/core/id.ts";
import type { VirtualClock } from "../clock.ts";
import type { Violation } from "./violation.ts";

/** A delivery of a healthy endpoint starts within this time after its commit. */
const BOUND_MS = 1000;

/** Checks that a healthy endpoint is served soon while other endpoints hang. */
export class FairnessChecks {
  #endpointSeq: Seq | null = null;
  /** True times at which attempts began. */
  readonly #startedAt: number[] = [];

  constructor(
    private readonly clock: VirtualClock,
    private readonly violation: Violation,
  ) {}

  /** Begins to record the attempts of this healthy endpoint. */
  watch(endpointSeq: Seq): void {
    this.#endpointSeq = endpointSeq;
  }

  started({ endpointSeq }: FactOf<"attempt.started">): void {
    if (endpointSeq === this.#endpointSeq) this.#startedAt.push(this.clock.now);
  }

  /**
   * Checks that a message accepted at each of these true times has been attempted soon afterwards.
   */
  eachStartedSoon(acceptedAt: readonly number[]): void {
    for (const [i, at] of acceptedAt.entries()) {
      const waitMs = (this.#startedAt[i] ?? this.clock.now) - at;
      if (waitMs > BOUND_MS) this.violation(`a healthy endpoint waited ${waitMs} ms while others hang`);
    }
    this.#endpointSeq = null;
  }
}
