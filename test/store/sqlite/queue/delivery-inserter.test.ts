import type { Database } from "bun:sqlite";
import { Database as Sqlite } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import type { NewMessage } from "../../../../src/store/index.ts";
import { deliveryInserter, ROWS_PER_INSERT } from "../../../../src/store/sqlite/queue/delivery-inserter.ts";
import { migrate } from "../../../../src/store/sqlite/schema/migrate.ts";

/** Wraps a database and counts how often its prepared statements run. */
function counting(db: Database) {
  const counted = { runs: 0 };
  const prepare = (sql: string) => {
    const statement = db.prepare(sql);
    return {
      run: (...values: number[]) => {
        counted.runs++;
        return statement.run(...values);
      },
    };
  };
  return { counted, db: { prepare } as unknown as Database };
}

const message = (count: number, deliverAt: number | null) =>
  ({
    seq: 1000,
    acceptedAt: 5,
    deliverAt,
    deliveries: Array.from({ length: count }, (_, i) => ({ seq: 1001 + i, endpointSeq: 7 * i })),
  }) as unknown as NewMessage;

describe("the deliveries of a new message", () => {
  const cases = [
    { name: "a message with one delivery", count: 1, deliverAt: null, runs: 1 },
    { name: "a message with many deliveries", count: 3 * ROWS_PER_INSERT + 2, deliverAt: null, runs: 5 },
    { name: "a scheduled message", count: ROWS_PER_INSERT + 1, deliverAt: 1_900_000_000_000, runs: 2 },
  ];
  test.each(cases)("all deliveries of $name are inserted with few statements", ({ count, deliverAt, runs }) => {
    const db = new Sqlite(":memory:", { strict: true });
    migrate(db);
    const { counted, db: wrapped } = counting(db);
    deliveryInserter(wrapped)(message(count, deliverAt));
    expect(counted.runs).toBe(runs);
    const rows = db.query<Record<string, number | null>, []>("SELECT * FROM delivery ORDER BY seq").all();
    expect(rows).toHaveLength(count);
    rows.forEach((row, i) => {
      expect(row).toMatchObject({
        ...{ seq: 1001 + i, message_seq: 1000, endpoint_seq: 7 * i, due_at: deliverAt ?? 5, state: 0 },
        ...{ attempts: 0, attempts_total: 0, round: 0, trigger: 0, reason: null, ended_at: null },
      });
      if (deliverAt === null) expect(row.position).toBe(row.seq!);
      else expect(row.position).toBeGreaterThan(row.seq!);
    });
  });
});
