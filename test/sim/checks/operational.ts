import type { Database, Statement } from "bun:sqlite";
import type { Fact } from "../../../src/core/fact.ts";
import type { Seq } from "../../../src/core/id.ts";
import { reportOf } from "../../../src/core/operational.ts";
import type { Marks } from "../marks.ts";
import type { Violation } from "./violation.ts";

/**
 * Checks that each reported fact causes one operational webhook. A crash may lose webhooks that are
 * not committed yet, but a graceful stop stores them.
 */
export class OperationalChecks {
  readonly #expected = new Map<string, number>();
  readonly #stored: Statement<{ type: string; count: number }, []>;
  #hidden: Seq | null = null;

  constructor(
    private readonly db: Database,
    private readonly marks: Marks,
    private readonly violation: Violation,
  ) {
    db.run(`
      CREATE TEMP TABLE operational_message (type TEXT PRIMARY KEY, count INTEGER NOT NULL);
      CREATE TEMP TRIGGER operational_stored AFTER INSERT ON message
        WHEN NEW.application_seq = (SELECT seq FROM application WHERE operational = 1) BEGIN
        INSERT INTO operational_message VALUES (NEW.event_type, 1) ON CONFLICT DO UPDATE SET count = count + 1;
      END;
    `);
    this.#stored = db.prepare("SELECT type, count FROM operational_message");
  }

  /** Must be called when the operational endpoints exist. From then on they get every event. */
  begin(): void {
    const row = this.db.query<{ seq: Seq }, []>("SELECT seq FROM application WHERE operational = 1").get();
    this.#hidden = row!.seq;
  }

  happened(fact: Fact): void {
    if (this.#hidden === null) return;
    const report = reportOf(fact);
    if (report === null || ("applicationSeq" in fact && fact.applicationSeq === this.#hidden)) return;
    for (const type of report.types) this.#expected.set(type, (this.#expected.get(type) ?? 0) + 1);
  }

  /**
   * Must be called on a crash, and on a stop while the disk is full: uncommitted webhooks may be
   * lost.
   */
  mayBeLost(): void {
    const stored = this.#checkStored();
    if (this.#missing(stored).length > 0) this.marks.hit("operational: lost in a crash");
    for (const type of this.#expected.keys()) this.#expected.set(type, stored.get(type) ?? 0);
  }

  get areAllStored(): boolean {
    return this.#missing(this.#checkStored()).length === 0;
  }

  nothingIsMissing(when: string): void {
    for (const type of this.#missing(this.#checkStored())) {
      this.violation(`operational webhooks of the type ${type} are missing ${when}`);
    }
  }

  #checkStored(): ReadonlyMap<string, number> {
    const stored = new Map(this.#stored.all().map(({ type, count }) => [type, count]));
    for (const [type, count] of stored) {
      const expected = this.#expected.get(type) ?? 0;
      if (count > expected) this.violation(`${count} operational webhooks of the type ${type} for ${expected} events`);
    }
    return stored;
  }

  #missing(stored: ReadonlyMap<string, number>): readonly string[] {
    return [...this.#expected].filter(([type, count]) => (stored.get(type) ?? 0) < count).map(([type]) => type);
  }
}
