import { Database } from "bun:sqlite";
import { migrations } from "../../../../src/store/sqlite/schema/migrations.ts";
import { EARLIER_ROWS, type Row } from "./earlier-rows.ts";

/**
 * Creates the database of a version with this schema, with rows in all of its tables, and with as many
 * more delivered messages as `traffic` says.
 */
export function createEarlier(path: string, schema: number, traffic = 0): void {
  using db = new Database(path, { create: true, strict: true });
  db.run("PRAGMA synchronous = OFF");
  for (const step of migrations.slice(0, schema)) db.run(step);
  db.run(`PRAGMA user_version = ${schema}`);
  // The server drops this index after it has filled the table with what the index had.
  if (columnsOf(db, "event_id_range").size > 0) db.run("DROP INDEX message_event_id");
  for (const { table, rows } of EARLIER_ROWS) {
    const columns = columnsOf(db, table);
    if (columns.size > 0) for (const row of rows(schema)) insert(db, table, columns, row);
  }
  if (traffic > 0) multiply(db, traffic);
}

/** First numbers of the rows that `multiply` adds. */
const FIRST = { message: 1_000_000, delivery: 10_000_000, attempt: 20_000_000 };

/** Adds copies of the delivered message with its delivery and its attempt. */
function multiply(db: Database, count: number): void {
  const { message, delivery, attempt } = FIRST;
  const links = { message_seq: `${message} + i`, endpoint_seq: "6" };
  copyRow(db, count, "message", 12, {
    ...{ seq: `${message} + i`, event_id: "NULL", application_seq: "3" },
    payload: `CAST('{"n":' || i || ',"filler":"${"x".repeat(200)}"}' AS BLOB)`,
  });
  copyRow(db, count, "delivery", 22, { ...links, seq: `${delivery} + i`, position: `${delivery} + i` });
  copyRow(db, count, "attempt", 42, { ...links, seq: `${attempt} + i`, delivery_seq: `${delivery} + i` });
}

/** Adds copies of a row, in which expressions with the number `i` replace some of its values. */
function copyRow(db: Database, count: number, table: string, seq: number, replaced: Record<string, string>): void {
  const columns = [...columnsOf(db, table)];
  db.run(
    `WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < ${count})
     INSERT INTO ${table} (${columns.join(", ")})
     SELECT ${columns.map((column) => replaced[column] ?? column).join(", ")} FROM number, ${table} WHERE seq = ${seq}`,
  );
}

function insert(db: Database, table: string, columns: ReadonlySet<string>, row: Row): void {
  const given = Object.keys(row).filter((column) => columns.has(column));
  const values = given.map((column) => `$${column}`).join(", ");
  const bound = Object.fromEntries(given.map((column) => [column, row[column]!]));
  db.query<unknown, Row>(`INSERT INTO ${table} (${given.join(", ")}) VALUES (${values})`).run(bound);
}

function columnsOf(db: Database, table: string): ReadonlySet<string> {
  return new Set(
    db
      .query<{ name: string }, [string]>("SELECT name FROM pragma_table_info(?)")
      .all(table)
      .map(({ name }) => name),
  );
}
