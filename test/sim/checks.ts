import type { Database } from "bun:sqlite";
import type { Fact } from "../../src/core/fact.ts";
import type { DeliveryPolicy } from "../../src/deliver/policy.ts";
import { AttemptChecks } from "./checks/attempts.ts";
import { CountChecks } from "./checks/counts.ts";
import { EndingChecks } from "./checks/ending.ts";
import { ListChecks } from "./checks/lists.ts";
import { RestChecks } from "./checks/rest.ts";
import { SignatureChecks } from "./checks/signatures.ts";
import type { VirtualClock } from "./clock.ts";
import type { Dice } from "./dice.ts";

/**
 * What must hold while the world runs and when it has come to rest. Reads the database itself, not through the store, but
 * for the lists. To be made when the database has its tables.
 */
export class Checks {
  readonly violations: string[] = [];
  readonly attempts: AttemptChecks;
  readonly signatures: SignatureChecks;
  readonly counts: CountChecks;
  readonly lists: ListChecks;
  readonly rest: RestChecks;
  readonly ending: EndingChecks;

  constructor(
    db: Database,
    private readonly clock: VirtualClock,
    policy: DeliveryPolicy,
    dice: Dice,
  ) {
    this.attempts = new AttemptChecks(db, clock, policy, this.violation);
    this.signatures = new SignatureChecks(clock, this.violation);
    this.counts = new CountChecks(db, this.violation);
    this.lists = new ListChecks(db, dice, this.violation);
    this.rest = new RestChecks(db, clock, this.violation);
    this.ending = new EndingChecks(db, policy, this.violation);
  }

  readonly violation = (text: string): void => {
    this.violations.push(`${new Date(this.clock.now).toISOString()} ${text}`);
  };

  happened(fact: Fact): void {
    switch (fact.type) {
      case "attempt.started":
        this.attempts.started(fact);
        break;
      case "attempt.finished":
        this.attempts.finished(fact);
        break;
      case "commit.failed":
        this.attempts.commitFailed();
        break;
      case "defect.found":
        this.violation(`a defect in ${fact.where}: ${fact.error}`);
        break;
    }
  }
}
