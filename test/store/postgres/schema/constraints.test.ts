import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { Database } from "../../../../src/store/postgres/connection/database.ts";
import { Days } from "../../../../src/store/postgres/housekeeping/days.ts";
import { constraints } from "../../../../src/store/postgres/schema/constraints.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import * as sqlite from "../../constraint-rows.ts";
import { closeSharedServer, preparedDatabase } from "../open.ts";

/** The tables without rules: those about processes and lanes, which only this store writes. */
const FREE = ["change", "event_id", "instance", "lane_partition", "leader", "preferred_lane", "schema_version"];

const ENDED = "ended (seq, message_seq, endpoint_seq, due_at, ended_at, attempts_total, round, state)";

/** Writes a statement for SQLite in the words of PostgreSQL. */
function inPostgres(sql: string): string {
  return sql
    .replace(/zeroblob\((\d+)\)/g, "decode(repeat('00', $1), 'hex')")
    .replace(/x'(\w*)'/gi, "'\\x$1'::bytea")
    .replace(/\buser = /, '"user" = ');
}

/** A valid row of each table. */
const ROWS: Readonly<Record<string, string>> = {
  ...sqlite.ROWS,
  pending: `pending (seq, message_seq, endpoint_seq, position, due_at, attempts, attempts_total, round, trigger)
    VALUES (1, 1, 1, 1, 1, 0, 0, 0, 0)`,
  ended: `${ENDED} VALUES (1, 1, 1, 1, 1, 0, 0, 1)`,
  task: `task (seq, environment_seq, kind, status, data, updated_at, slot, fence)
    VALUES (1, 1, 'a', 'running', '{}', 1, 0, 0)`,
  series: sqlite.ROWS.series!.replace("'[]'", "'{}'"),
};

/** Changes to these rows that each constraint must refuse. */
const WRONG: Readonly<Record<string, readonly string[]>> = {
  ...sqlite.WRONG,
  idempotency_response_check: ["message_seq = NULL"],
  pending_values_check: ["trigger = 2", "round = -1"],
  pending_attempts_check: ["attempts = -1", "attempts = 1"],
  ended_values_check: ["state = 4", "state = 0", "round = -1", "attempts_total = -1"],
  ended_reason_check: ["reason = 'timeout'", "state = 2", "state = 3, reason = 'timeout'"],
  series_values_check: sqlite.WRONG.series_values_check!.filter((change) => !change.startsWith("durations")),
};

/** What PostgreSQL says about a text that is no JSON, before it checks the rule. */
const NO_JSON = /^invalid input syntax for type json/;

describe.skipIf(!hasPostgres)("the rules of the tables in PostgreSQL", () => {
  let sql: SQL;
  beforeAll(async () => {
    const url = await preparedDatabase();
    const database = new Database({ url });
    await new Days(database).prepare([1]);
    await database.close();
    sql = new SQL(url, { max: 1 });
    const tables = new Set(constraints.map(({ table }) => table));
    await sql.unsafe("DELETE FROM meta");
    for (const table of tables) await sql.unsafe(inPostgres(`INSERT INTO ${ROWS[table]}`));
  });
  afterAll(async () => {
    await sql?.close();
    await closeSharedServer();
  });

  test("every table has rules, or is known to have none", async () => {
    const rows = await sql`SELECT relname AS name FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1`;
    const known = new Set([...FREE, ...constraints.map(({ table }) => table)]);
    expect(Array.from(rows as { name: string }[]).filter(({ name }) => !known.has(name))).toEqual([]);
  });

  test.each(constraints.map(({ table, name }) => [name, table]))(
    "the rule %s accepts valid rows and refuses invalid ones",
    async (name, table) => {
      for (const change of WRONG[name]!) {
        const refusal = await sql.unsafe(inPostgres(`UPDATE ${table} SET ${change}`)).then(
          () => "none",
          (error: Error) => error.message,
        );
        expect({ change, isRefused: NO_JSON.test(refusal) || refusal.includes(`constraint "${name}"`) }).toEqual({
          change,
          isRefused: true,
        });
      }
    },
  );
});
