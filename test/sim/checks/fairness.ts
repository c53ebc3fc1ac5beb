import type { FactOf } from "../../../src/core/fact.ts";
import type { Seq } from "../../../src/core/id.ts";
import type { VirtualClock } from "../clock.ts";
import type { Violation } from "./violation.ts";

/** A healthy endpoint's delivery starts within this time of its commit. */
const BOUND_MS = 1000;

/** While other endpoints hang, one that is healthy is served soon. */
export class FairnessChecks {
  #endpointSeq: Seq | null = null;
  /** True times of the attempts. */
  readonly #startedAt: number[] = [];

  constructor(
    private readonly clock: VirtualClock,
    private readonly violation: Violation,
  ) {}

  /** From now on the attempts of this healthy endpoint are watched. */
  watch(endpointSeq: Seq): void {
    this.#endpointSeq = endpointSeq;
  }

  started({ endpointSeq }: FactOf<"attempt.started">): void {
    if (endpointSeq === this.#endpointSeq) this.#startedAt.push(this.clock.now);
  }

  /** Each message that was accepted at one of these true times has been attempted soon after. */
  eachStartedSoon(acceptedAt: readonly number[]): void {
    for (const [i, at] of acceptedAt.entries()) {
      const waitMs = (this.#startedAt[i] ?? this.clock.now) - at;
      if (waitMs > BOUND_MS) this.violation(`a healthy endpoint waited ${waitMs} ms while others hang`);
    }
    this.#endpointSeq = null;
  }
}
