import type { SQL } from "bun";
import { soon } from "../../support/soon.ts";

/**
 * Begins writes of several processes while a transaction of `sql` holds them up, and commits it when each of
 * them waits for it. So they really run at the same time. `hold` is the statement of that transaction: one
 * that locks rows, or a change by a further process.
 */
export async function atOnce<T extends readonly Promise<unknown>[]>(
  sql: SQL,
  hold: string,
  begin: () => readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const writes = await sql.begin(async (held) => {
    await held.unsafe(hold);
    const begun = begin();
    // A process whose transaction waits cannot renew its lease or write its floor either.
    const waiting = () =>
      sql`SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
        AND query NOT LIKE '%UPDATE instance%'`;
    await soon(waiting, ({ length }) => length === begun.length);
    return { begun };
  });
  return Promise.all(writes.begun) as Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }>;
}
