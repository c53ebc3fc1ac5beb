import type { Fact } from "../../../core/fact.ts";
import type { Clock } from "../../../ports.ts";
import { StoreUnavailable } from "../../index.ts";
import { HealthRecord } from "../../sql/store-health.ts";
import type { Database } from "../connection/database.ts";
import { troubleOf } from "../connection/errors.ts";
import { writeMeta } from "./meta.ts";

/** The health of a store. While the store fails, a small write tests at intervals whether it works again. */
export function healthRecord(clock: Clock, onFact: (fact: Fact) => void, probe: () => Promise<unknown>): HealthRecord {
  let isProbing = false;
  const record = new HealthRecord(clock, onFact, troubleOf, () => {
    if (isProbing) return;
    isProbing = true;
    const ended = () => {
      isProbing = false;
    };
    // A probe that fails has been reported as a failed read.
    probe()
      .then(
        () => record.succeeded(),
        () => {},
      )
      .finally(ended);
  });
  return record;
}

/** Commits a small write. It tests whether the database works. */
export function probe(database: Database, clock: Clock): Promise<void> {
  return writeMeta(database, "probed-at", String(clock.now()));
}

/** Returns `onFact`, which also reports the results of commits to `health`. */
export function watchingCommits(health: HealthRecord, onFact: (fact: Fact) => void): (fact: Fact) => void {
  return (fact) => {
    if (fact.type === "commit.finished") health.succeeded();
    else if (fact.type === "commit.failed") health.failed("commit", new StoreUnavailable(fact.message));
    onFact(fact);
  };
}
