import type { Fact } from "../../../src/core/fact.ts";
import type { Violation } from "./violation.ts";

/**
 * Checks that a growing backlog is reported as recovered before it is reported as growing again,
 * and at the latest at the end.
 */
export class BacklogChecks {
  /** Null after a start, because the program may remember a backlog from before the start. */
  #isGrowing: boolean | null = null;

  constructor(private readonly violation: Violation) {}

  programStarted(): void {
    this.#isGrowing = null;
  }

  happened(fact: Fact): void {
    if (fact.type === "backlog.growing") {
      if (this.#isGrowing === true) this.violation("a backlog that grows begins to grow again");
      this.#isGrowing = true;
    } else if (fact.type === "backlog.recovered") {
      if (this.#isGrowing === false) this.violation("a backlog recovers that does not grow");
      this.#isGrowing = false;
    }
  }

  get isGrowing(): boolean {
    return this.#isGrowing === true;
  }

  hasRecovered(when: string): void {
    if (this.isGrowing) this.violation(`a backlog still counts as growing ${when}`);
  }
}
