import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import { StoreUnavailable } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";

type Image = "old" | "new";

/** The tables whose changes are counted: the application of a row, and whether the row counts. */
const TABLES = {
  endpoint: { application: (row: Image) => `${row}.application_seq`, counts: () => "1" },
  endpoint_secret: { application: applicationOfEndpoint, counts: () => "1" },
  delivery: {
    application: applicationOfEndpoint,
    counts: (row: Image) => `${row}.state IN (${STATE.pending}, ${STATE.dead})`,
  },
};

function applicationOfEndpoint(row: Image): string {
  return `(SELECT application_seq FROM endpoint WHERE seq = ${row}.endpoint_seq)`;
}

const TRIGGERS = Object.entries(TABLES).flatMap(([table, { application, counts }]) => {
  const trigger = (change: string, when: string, row: Image) => ({
    name: `${table}_${change.toLowerCase()}`,
    definition: `AFTER ${change} ON main.${table} WHEN ${when} BEGIN
      UPDATE watched_application SET changes = changes + 1 WHERE application_seq = ${application(row)};
    END`,
  });
  return [
    trigger("INSERT", counts("new"), "new"),
    trigger("UPDATE", `${counts("old")} OR ${counts("new")}`, "new"),
    trigger("DELETE", counts("old"), "old"),
  ];
});

/**
 * Counts the changes to the endpoints, their secrets and the waiting deliveries of applications that are about to
 * leave. An application may have very many of them, so comparing them would block the event loop. The triggers
 * and the counts are temporary and only see changes of this connection. Another process only rotates the
 * encryption key: it seals the same secrets again, which is no change of the application.
 */
export class ApplicationChanges {
  /** The names of the counts, by application. */
  readonly #watched = new Map<Seq, number>();
  #begun = 0;
  #isClosed = false;

  constructor(private readonly db: Database) {}

  /** Begins to count the changes of an application, unless they are being counted. Must be called outside commits. */
  begin(applicationSeq: Seq): void {
    if (this.#watched.has(applicationSeq)) return;
    // After an error of the disk a transaction may be open, whose end would undo this.
    if (this.db.inTransaction) throw new StoreUnavailable("The latest transaction has not ended. Try again.");
    if (this.#watched.size === 0) this.#create();
    // The row is still there if `end` deleted it in a transaction that was undone.
    this.db.query("INSERT OR REPLACE INTO temp.watched_application (application_seq) VALUES (?)").run(applicationSeq);
    this.#watched.set(applicationSeq, ++this.#begun);
  }

  /** Ends what `begin` began. Must be called outside commits. */
  end(applicationSeq: Seq): void {
    if (!this.#watched.delete(applicationSeq) || this.#isClosed) return;
    if (this.#watched.size === 0) this.#drop();
    else this.db.query("DELETE FROM temp.watched_application WHERE application_seq = ?").run(applicationSeq);
  }

  /** Returns a value that is another one after each change. Null if the changes are not being counted. */
  of(applicationSeq: Seq): string | null {
    const begun = this.#watched.get(applicationSeq);
    if (begun === undefined) return null;
    const { changes } = this.db
      .query<{ changes: number }, [number]>("SELECT changes FROM temp.watched_application WHERE application_seq = ?")
      .get(applicationSeq)!;
    return `${begun} ${changes}`;
  }

  /** Makes later calls of `end` do nothing. Must be called before the database is closed. */
  close(): void {
    this.#isClosed = true;
  }

  #create(): void {
    // The simulation opens a store again on the connection of one that has crashed.
    this.#drop();
    this.db.run(
      `CREATE TEMP TABLE watched_application (
        application_seq INTEGER PRIMARY KEY, changes INTEGER NOT NULL DEFAULT 0
      ) STRICT`,
    );
    for (const { name, definition } of TRIGGERS) this.db.run(`CREATE TEMP TRIGGER ${name} ${definition}`);
  }

  #drop(): void {
    for (const { name } of TRIGGERS) this.db.run(`DROP TRIGGER IF EXISTS temp.${name}`);
    this.db.run("DROP TABLE IF EXISTS temp.watched_application");
  }
}
