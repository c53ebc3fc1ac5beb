import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../../src/core/id.ts";
import type { Violation } from "./violation.ts";

interface Wrong {
  readonly seq: Seq;
  readonly counted: number;
  readonly stored: number;
}

const DAY_MS = 86_400_000;
const COUNTED = "m.application_seq = u.application_seq AND m.seq <= u.counted_to";

/** Checks that what applications use of their quotas is counted as it is stored. */
export class QuotaChecks {
  readonly #bytes: Statement<Wrong, []>;
  readonly #messages: Statement<Wrong, []>;
  readonly #deleted: Statement<{ seq: Seq }, []>;

  constructor(
    db: Database,
    private readonly violation: Violation,
  ) {
    this.#bytes = db.prepare(
      `SELECT u.application_seq AS seq, u.stored_bytes AS counted, CAST(TOTAL(LENGTH(m.payload)) AS INTEGER) AS stored
       FROM quota_usage u LEFT JOIN message m ON ${COUNTED}
       GROUP BY u.application_seq HAVING counted <> stored`,
    );
    // More may be counted than is stored, because the retention deletes messages of the same day.
    this.#messages = db.prepare(
      `SELECT u.application_seq AS seq, u.messages AS counted, COUNT(m.seq) AS stored
       FROM quota_usage u LEFT JOIN message m ON ${COUNTED} AND m.accepted_at / ${DAY_MS} = u.day
       GROUP BY u.application_seq HAVING counted < stored`,
    );
    this.#deleted = db.prepare(
      `SELECT u.application_seq AS seq FROM quota_usage u JOIN application a ON a.seq = u.application_seq
       WHERE a.deleted_at IS NOT NULL`,
    );
  }

  /** `isClockSet` says whether the clock may have been set. A day that comes twice is counted twice. */
  countsAreRight(isClockSet: boolean): void {
    for (const { seq, counted, stored } of this.#bytes.all())
      this.violation(`the quota of application ${seq} counts ${counted} bytes, the store has ${stored}`);
    for (const { seq, counted, stored } of isClockSet ? [] : this.#messages.all())
      this.violation(`the quota of application ${seq} counts ${counted} messages of the day, the store has ${stored}`);
    for (const { seq } of this.#deleted.all()) this.violation(`the deleted application ${seq} is counted`);
  }
}
