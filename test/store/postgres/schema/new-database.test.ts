import { afterAll, expect, test } from "bun:test";
import { hasPostgres } from "../../../support/postgres.ts";
import { soon } from "../../../support/soon.ts";
import { EVERYTHING, LANE_START } from "../../furnished.ts";
import { closeSharedServer, openShared } from "../open.ts";

afterAll(closeSharedServer);

/** Number of rows that statements are about: more than PostgreSQL expects when it plans them for any number. */
const AT_ONCE = 32;
/** Number of uses of each statement. After a few, PostgreSQL keeps the plan. */
const USES = 40;

test.skipIf(!hasPostgres)("no message or delivery of a new database is found by reading the whole table", async () => {
  await using shared = await openShared();
  const { world, other, sql } = shared;
  const { queue } = world.store;
  for (let i = 0; i < USES; i++) {
    const messages = await world.sendMany(AT_ONCE);
    await queue.contents(messages.map(({ seq }) => seq));
    const waiting = (await queue.due(world.endpoint.seq, LANE_START, EVERYTHING, 9999)).slice(-AT_ONCE);
    await queue.settle(
      waiting.map((delivery, n) => {
        const later = { state: "pending", dueAt: world.now, attempts: 1, position: delivery.position } as const;
        return world.settlement(delivery, n % 2 === 0 ? { state: "delivered" } : later);
      }),
    );
  }
  // PostgreSQL counts what a connection has read when it ends.
  await world.store.close();
  await other.close();
  const connections = () => sql`SELECT pid FROM pg_stat_activity
    WHERE application_name = 'boathook' AND datname = current_database()`;
  await soon(connections, ({ length }) => length === 0);
  const scanned = await sql`SELECT relname, seq_tup_read::int AS rows FROM pg_stat_user_tables
    WHERE relname ~ '^(message|pending|ended|attempt)' AND seq_tup_read > 0`;
  expect([...scanned]).toEqual([]);
});
