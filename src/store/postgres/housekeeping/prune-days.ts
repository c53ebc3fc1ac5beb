import type { Seq } from "../../../core/id.ts";
import { STATE } from "../../sql/delivery-row.ts";
import type { Database, Queries } from "../connection/database.ts";
import { isConflict, stateOf } from "../connection/errors.ts";
import { DAY_MS, type Days, type DividedTable, rangeOfDay } from "./days.ts";
import type { DroppedMessages } from "./prune-messages.ts";

/** SQLSTATE of a lock that was not granted in time. */
const LOCK_TIMEOUT = "55P03";
/** How long other instances may have to wait because this one waits for a lock. */
const LOCK_MS = 1000;

export interface DroppedDay extends DroppedMessages {
  /** Whether another day may have to be dropped. */
  readonly more: boolean;
}

const NOTHING: DroppedDay = { rows: 0, dead: new Map(), more: false };

/** Which days are dropped: all, or only those whose rows have been deleted one by one. */
export type Which = "all" | "empty";

/**
 * Returns the number from which rows are kept, and which days are dropped. If the retention is two days
 * or longer, days are dropped whole, and rows are kept for up to a day longer. Otherwise rows are deleted
 * one by one when they are old enough.
 */
export function retentionOf(before: number, now: number): { readonly before: number; readonly which: Which } {
  const isLong = now - before >= 2 * DAY_MS;
  return isLong ? { before: before - (before % DAY_MS), which: "all" } : { before, which: "empty" };
}

/** Drops the day tables of days that end at or before a time. */
export class OldDays {
  constructor(
    private readonly database: Database,
    private readonly days: Days,
  ) {}

  /**
   * Drops the oldest day whose messages have no pending delivery, and a day of attempts. `limit` is the
   * number of event ids that are deleted before.
   */
  async dropNext(before: number, which: Which, limit: number): Promise<DroppedDay> {
    const messages = await this.#dropMessages(before, which, limit);
    const attempts = await this.#dropAttempts(before, which);
    return { rows: messages.rows + attempts.rows, dead: messages.dead, more: messages.more || attempts.more };
  }

  async #dropMessages(before: number, which: Which, limit: number): Promise<DroppedDay> {
    for (const day of await this.days.before("message", before)) {
      if (!(await isDroppable(this.database, ["message", "ended"], day, which))) continue;
      const { from, to } = rangeOfDay(day);
      const ids = await this.database.run(
        `DELETE FROM event_id WHERE (application_seq, event_id) IN (
           SELECT application_seq, event_id FROM event_id WHERE message_seq >= $1 AND message_seq < $2 LIMIT $3)`,
        [from, to, limit],
      );
      if (ids === limit) return { ...NOTHING, more: true };
      const dropped = await this.#drop(["message", "ended"], day, which, (session) => leave(session, day));
      if (dropped !== null) return dropped;
    }
    return NOTHING;
  }

  async #dropAttempts(before: number, which: Which): Promise<DroppedDay> {
    for (const day of await this.days.before("attempt", before)) {
      if (which === "empty" && !(await isEmpty(this.database, "attempt", day))) continue;
      const dropped = await this.#drop(["attempt"], day, which, async () => new Map());
      if (dropped !== null) return dropped;
    }
    return NOTHING;
  }

  /** Returns null if the day cannot be dropped now, because its tables are in use or have new rows. */
  async #drop(
    tables: readonly DividedTable[],
    day: number,
    which: Which,
    leaving: (session: Queries) => Promise<ReadonlyMap<Seq, number>>,
  ): Promise<DroppedDay | null> {
    const names = tables.map((table) => `${table}_${day}`);
    try {
      const dropped = await this.database.inTransaction(async (queries) => {
        await queries.run(`SET LOCAL lock_timeout = ${LOCK_MS}`);
        // Reads go on. Whoever changes rows of the day waits.
        await queries.run(`LOCK TABLE ${names.join(", ")} IN EXCLUSIVE MODE`);
        if (!(await isDroppable(queries, tables, day, which))) return null;
        const dead = await leaving(queries);
        const rows = await sizeOf(queries, names);
        await queries.run(`DROP TABLE ${names.join(", ")}`);
        return { rows, dead, more: which === "all" };
      });
      if (dropped !== null) this.days.forget(day);
      return dropped;
    } catch (error) {
      if (stateOf(error) === LOCK_TIMEOUT || isConflict(error) || isGone(error)) return null;
      throw error;
    }
  }
}

/** Another instance has dropped the table first. */
const isGone = (error: unknown) => stateOf(error) === "42P01";

async function isDroppable(
  queries: Queries,
  tables: readonly DividedTable[],
  day: number,
  which: Which,
): Promise<boolean> {
  if (tables.includes("message")) {
    const { from, to } = rangeOfDay(day);
    const pending = await queries.first("SELECT 1 FROM pending WHERE message_seq >= $1 AND message_seq < $2 LIMIT 1", [
      from,
      to,
    ]);
    if (pending !== null) return false;
  }
  if (which === "all") return true;
  for (const table of tables) if (!(await isEmpty(queries, table, day))) return false;
  return true;
}

async function isEmpty(queries: Queries, table: DividedTable, day: number): Promise<boolean> {
  return (await queries.first(`SELECT 1 FROM ${table}_${day} LIMIT 1`)) === null;
}

/** Returns the approximate number of rows. Counting them would take too long under the lock. */
async function sizeOf(queries: Queries, names: readonly string[]): Promise<number> {
  const row = await queries.first<{ rows: number }>(
    `SELECT sum(GREATEST(reltuples, 0))::bigint AS rows FROM pg_class WHERE oid = ANY ($1::text[]::regclass[])`,
    [`{${names.join(",")}}`],
  );
  return row!.rows;
}

/** Does what the deletion of the messages of a day entails. Returns the number of its dead letters by environment. */
async function leave(session: Queries, day: number): Promise<ReadonlyMap<Seq, number>> {
  const { from, to } = rangeOfDay(day);
  await session.run("DELETE FROM event_id WHERE message_seq >= $1 AND message_seq < $2", [from, to]);
  await session.run("SELECT 1 FROM quota_usage ORDER BY application_seq FOR UPDATE");
  await session.run(
    `UPDATE quota_usage q SET stored_bytes = q.stored_bytes - r.bytes
     FROM (SELECT m.application_seq, sum(length(m.payload)) AS bytes
       FROM quota_usage u JOIN message_${day} m USING (application_seq)
       WHERE m.seq <= u.counted_to AND m.payload IS NOT NULL GROUP BY m.application_seq) AS r
     WHERE q.application_seq = r.application_seq`,
  );
  const dead = await session.all<{ environmentSeq: Seq; count: number }>(
    `SELECT a.environment_seq AS "environmentSeq", count(*) AS count FROM ended_${day} d
     JOIN endpoint e ON e.seq = d.endpoint_seq JOIN application a ON a.seq = e.application_seq
     WHERE d.state = ${STATE.dead} GROUP BY a.environment_seq`,
  );
  return new Map(dead.map(({ environmentSeq, count }) => [environmentSeq, count]));
}
