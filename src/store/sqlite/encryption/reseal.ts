import type { Database } from "bun:sqlite";
import type { Clock } from "../../../ports.ts";
import type { KeyBox } from "../../sql/secret-box.ts";
import { codeOf } from "../data-dir/disk-error.ts";

/** The name of each column with sealed values. The keys of its table identify its rows. */
const SEALED = "sealed";
/** Number of rows that are read at once, and the maximum that one commit writes. */
const ROWS_AT_ONCE = 200;
/** Time for which a commit is repeated because the server holds the write lock, in ms. */
const BUSY_MS_MAX = 60_000;

export type Pauses = Pick<Clock, "steady" | "after">;

export interface KeyChange {
  readonly from: KeyBox;
  readonly to: KeyBox;
}

export interface SealedTable {
  readonly table: string;
  /** The column of the primary key. */
  readonly key: string;
}

/** Returns all tables with sealed values, from the schema of the database. */
export function sealedTables(db: Database): readonly SealedTable[] {
  const columns = db
    .query<{ table: string; column: string; pk: number }, []>(
      `SELECT t.name AS "table", c.name AS "column", c.pk FROM sqlite_schema t, pragma_table_info(t.name) c
       WHERE t.type = 'table' ORDER BY t.name`,
    )
    .all();
  return columns
    .filter(({ column }) => column === SEALED)
    .map(({ table }) => {
      const keys = columns.filter((other) => other.table === table && other.pk > 0);
      if (keys.length !== 1) throw new Error(`The table ${table} with sealed values must have a simple primary key.`);
      return { table, key: keys[0]!.column };
    });
}

export interface Resealed {
  /** Number of values that were rewritten. */
  readonly count: number;
  /** Number of values that neither key can open, by table. */
  readonly unreadable: ReadonlyMap<string, number>;
}

/**
 * Seals every value with the key `to` that the key `from` has sealed, in small commits between which
 * the server can write. Returns when a pass has found nothing to rewrite.
 */
export async function resealAll(db: Database, clock: Pauses, { from, to }: KeyChange): Promise<Resealed> {
  for (let count = 0; ; ) {
    const unreadable = new Map<string, number>();
    let found = 0;
    for (const sealedTable of sealedTables(db)) {
      const result = await resealTable(db, clock, sealedTable, { from, to });
      found += result.count;
      if (result.unreadable > 0) unreadable.set(sealedTable.table, result.unreadable);
    }
    count += found;
    if (found === 0) return { count, unreadable };
  }
}

type Key = number | string | Uint8Array;

async function resealTable(
  db: Database,
  clock: Pauses,
  { table, key }: SealedTable,
  { from, to }: KeyChange,
): Promise<{ readonly count: number; readonly unreadable: number }> {
  const select = (condition: string) =>
    `SELECT ${key} AS key, ${SEALED} FROM ${table} WHERE ${condition}${SEALED} IS NOT NULL ORDER BY ${key} LIMIT ${ROWS_AT_ONCE}`;
  const first = db.prepare<{ key: Key; sealed: Uint8Array }, []>(select(""));
  const after = db.prepare<{ key: Key; sealed: Uint8Array }, [Key]>(select(`${key} > ? AND `));
  // The server may have changed or deleted the row since it was read.
  const replace = db.prepare(`UPDATE ${table} SET ${SEALED} = ?2 WHERE ${key} = ?1 AND ${SEALED} = ?3`);
  let [count, unreadable] = [0, 0];
  for (let rows = first.all(); rows.length > 0; rows = after.all(rows.at(-1)!.key)) {
    const old = rows.filter(({ sealed }) => to.openOrNull(sealed) === null);
    const texts = old.map(({ key, sealed }) => ({ key, sealed, text: from.openOrNull(sealed) }));
    const readable = texts.filter(({ text }) => text !== null);
    unreadable += texts.length - readable.length;
    if (readable.length === 0) continue;
    await inTransaction(db, clock, () => {
      for (const { key, sealed, text } of readable) replace.run(key, to.seal(text!), sealed);
    });
    count += readable.length;
  }
  return { count, unreadable };
}

/**
 * Runs `work` in a transaction. Afterwards, waits about as long as the transaction took, so that a
 * busy server gets the write lock. Tries again while the server has the lock.
 */
export async function inTransaction(db: Database, clock: Pauses, work: () => void): Promise<void> {
  const transaction = db.transaction(work);
  const giveUpAt = clock.steady() + BUSY_MS_MAX;
  for (;;) {
    const triedAt = clock.steady();
    try {
      transaction.immediate();
      const tookMs = clock.steady() - triedAt;
      await new Promise<void>((resolve) => clock.after(tookMs, resolve));
      return;
    } catch (error) {
      if (!codeOf(error).startsWith("SQLITE_BUSY") || clock.steady() > giveUpAt) throw error;
    }
  }
}
