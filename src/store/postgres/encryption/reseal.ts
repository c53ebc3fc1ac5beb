import type { KeyBox } from "../../sql/secret-box.ts";
import type { Database, Parameter, Queries } from "../connection/database.ts";
import { isConflict, stateOf } from "../connection/errors.ts";
import { bytes, textArray } from "../connection/parameters.ts";

/** Number of rows that are read at once, and the maximum that one commit writes. */
const ROWS_AT_ONCE = 200;
/** How often a commit is repeated because of concurrent ones. */
const CONFLICTS_MAX = 10;

export interface KeyChange {
  readonly from: KeyBox;
  readonly to: KeyBox;
}

export interface Resealed {
  /** Number of values that were rewritten. */
  readonly count: number;
  /** Number of values that neither key can open, by table. */
  readonly unreadable: ReadonlyMap<string, number>;
}

interface SealedTable {
  readonly table: string;
  /** The columns of the primary key. */
  readonly keys: readonly string[];
}

/**
 * Seals every value with the key `to` that the key `from` has sealed, in small commits between which
 * instances can write. Returns when a pass has found nothing to rewrite.
 */
export async function resealAll(database: Database, change: KeyChange): Promise<Resealed> {
  for (let count = 0; ; ) {
    const unreadable = new Map<string, number>();
    let found = 0;
    for (const sealedTable of await sealedTables(database)) {
      const result = await resealTable(database, sealedTable, change);
      found += result.count;
      if (result.unreadable > 0) unreadable.set(sealedTable.table, result.unreadable);
    }
    count += found;
    if (found === 0) return { count, unreadable };
  }
}

/** Returns all tables that have rows with sealed values: those with a column `sealed`. */
export async function sealedTables(queries: Queries): Promise<readonly SealedTable[]> {
  const rows = await queries.all<{ table: string; key: string }>(
    `SELECT c.relname AS table, k.attname AS key FROM pg_class c
     JOIN pg_attribute s ON s.attrelid = c.oid AND s.attname = 'sealed'
     JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
     JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = ANY (i.indkey)
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND NOT s.attisdropped
     ORDER BY c.relname, array_position(i.indkey::int2[], k.attnum)`,
  );
  const tables = Map.groupBy(rows, ({ table }) => table);
  return [...tables].map(([table, columns]) => ({ table, keys: columns.map(({ key }) => key) }));
}

async function resealTable(
  database: Database,
  { table, keys }: SealedTable,
  change: KeyChange,
): Promise<{ readonly count: number; readonly unreadable: number }> {
  let [count, unreadable] = [0, 0];
  let after: readonly Parameter[] | null = null;
  do {
    const step = await repeated(() => resealStep(database, { table, keys }, change, after));
    count += step.count;
    unreadable += step.unreadable;
    after = step.last;
  } while (after !== null);
  return { count, unreadable };
}

interface Step {
  readonly count: number;
  readonly unreadable: number;
  /** The key of the last row that was read, or null if there are no more rows. */
  readonly last: readonly Parameter[] | null;
}

/** The rows are locked, so their addresses (`ctid`) do not change before they are written. */
async function resealStep(
  database: Database,
  { table, keys }: SealedTable,
  { from, to }: KeyChange,
  after: readonly Parameter[] | null,
): Promise<Step> {
  try {
    return await database.inTransaction(async (queries) => {
      const columns = keys.join(", ");
      const beyond = after === null ? "" : `AND (${columns}) > (${after.map((_, i) => `$${i + 1}`).join(", ")})`;
      const rows = await queries.all<Record<string, Parameter> & { address: string; sealed: Uint8Array }>(
        `SELECT ctid::text AS address, sealed, ${columns} FROM ${table} WHERE sealed IS NOT NULL ${beyond}
         ORDER BY ${columns} LIMIT ${ROWS_AT_ONCE} FOR NO KEY UPDATE`,
        after ?? [],
      );
      const old = rows.filter(({ sealed }) => to.openOrNull(sealed) === null);
      const opened = old.map(({ address, sealed }) => ({ address, text: from.openOrNull(sealed) }));
      const readable = opened.filter(({ text }) => text !== null);
      if (readable.length > 0) {
        const { joined, starts, lengths } = bytes(readable.map(({ text }) => to.seal(text!)));
        await queries.run(
          `UPDATE ${table} t SET sealed = substr($1::bytea, s.start, s.length)
           FROM unnest($2::text[]::tid[], $3::integer[], $4::integer[]) AS s(address, start, length)
           WHERE t.ctid = s.address`,
          [joined, textArray(readable.map(({ address }) => address)), starts, lengths],
        );
      }
      const last = rows.length < ROWS_AT_ONCE ? null : keys.map((key) => rows.at(-1)![key]!);
      return { count: readable.length, unreadable: opened.length - readable.length, last };
    });
  } catch (error) {
    // The retention has dropped the table.
    if (stateOf(error) === "42P01") return { count: 0, unreadable: 0, last: null };
    throw error;
  }
}

/** Repeats a step that failed only because of concurrent transactions. */
async function repeated<T>(step: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await step();
    } catch (error) {
      if (!isConflict(error) || tries > CONFLICTS_MAX) throw error;
    }
  }
}
