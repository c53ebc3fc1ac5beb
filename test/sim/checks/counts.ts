import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../../src/core/id.ts";
import type { Numbers } from "../../../src/telemetry/tally.ts";
import type { Violation } from "./violation.ts";

interface Count {
  readonly pending: number;
  readonly dead: number;
}

/**
 * Checks that values that are kept in two places agree. The triggers see every commit, even one
 * that is followed by a crash.
 */
export class CountChecks {
  readonly #count: Statement<Count, []>;
  readonly #healed: Statement<{ seq: Seq; since: number }, []>;
  readonly #forgotten: Statement<{ seq: Seq }, []>;

  constructor(
    db: Database,
    private readonly violation: Violation,
  ) {
    db.run(`
      CREATE TEMP TABLE latest_attempt (endpoint_seq INTEGER PRIMARY KEY, seq INTEGER NOT NULL, reason TEXT);
      CREATE TEMP TRIGGER attempt_stored AFTER INSERT ON attempt
      WHEN NEW.reason IS NOT NULL OR NEW.response_status <> 0 BEGIN
        INSERT INTO latest_attempt VALUES (NEW.endpoint_seq, NEW.seq, NEW.reason)
        ON CONFLICT DO UPDATE SET seq = excluded.seq, reason = excluded.reason WHERE excluded.seq > latest_attempt.seq;
      END;
      CREATE TEMP TRIGGER attempt_deleted AFTER DELETE ON attempt BEGIN
        DELETE FROM latest_attempt WHERE seq = OLD.seq;
      END;
      CREATE TEMP TABLE forgotten_delivery (seq INTEGER PRIMARY KEY);
      CREATE TEMP TRIGGER delivery_forgotten AFTER DELETE ON delivery WHEN OLD.state = 0 BEGIN
        INSERT INTO forgotten_delivery VALUES (OLD.seq);
      END;
    `);
    this.#count = db.prepare(
      `SELECT (SELECT COUNT(*) FROM delivery WHERE state = 0) AS pending,
         (SELECT COUNT(*) FROM delivery WHERE state = 2) AS dead`,
    );
    this.#healed = db.prepare(
      `SELECT e.seq, e.failing_since AS since FROM endpoint e JOIN latest_attempt t ON t.endpoint_seq = e.seq
       WHERE e.failing_since IS NOT NULL AND e.deleted_at IS NULL AND t.reason IS NULL`,
    );
    this.#forgotten = db.prepare("SELECT seq FROM forgotten_delivery");
  }

  /**
   * Checks the program's counts. Must be called between two events, when the facts of every commit
   * have been stated.
   */
  tally({ pending, dead }: Numbers): void {
    const stored = this.#count.get()!;
    if (pending !== stored.pending)
      this.violation(`the tally says ${pending} pending, the store has ${stored.pending}`);
    if (dead !== stored.dead) this.violation(`the tally says ${dead} dead, the store has ${stored.dead}`);
  }

  health(): void {
    for (const { seq, since } of this.#healed.all()) {
      this.violation(`endpoint ${seq} counts as failing since ${since} although its latest attempt succeeded`);
    }
  }

  nothingForgotten(): void {
    for (const { seq } of this.#forgotten.all()) this.violation(`delivery ${seq} was deleted while it was pending`);
  }
}
