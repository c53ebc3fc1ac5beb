import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { writeLargeStore } from "../../../../scripts/bench/seed/write.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";

const SIZE = { messages: 3000, attempts: 15_000, deadLetters: 1500, days: 85 };
const TIMEOUT_MS = 60_000;

const QUERIES = {
  messages: "SELECT COUNT(*) AS count, SUM(length(payload)) AS bytes, COUNT(event_id) AS ids FROM message",
  attempts: "SELECT reason, COUNT(*) AS count FROM attempt GROUP BY reason ORDER BY reason",
  deliveries: "SELECT state, reason, COUNT(*) AS count FROM delivery GROUP BY state, reason ORDER BY state, reason",
  endpoints: `SELECT disabled, paused, disabled_cause, failing_since IS NULL AS healthy, COUNT(*) AS count
    FROM endpoint GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
  series:
    "SELECT SUM(accepted) AS accepted, SUM(attempts) AS attempts, SUM(dead) AS dead FROM series WHERE step_ms > 60000",
  others: `SELECT (SELECT COUNT(*) FROM task) AS tasks, (SELECT COUNT(*) FROM audit) AS audit,
    (SELECT COUNT(*) FROM source_log) AS log, (SELECT COUNT(*) FROM token) AS tokens`,
};

async function seeded(seed: number) {
  using directory = temporaryDirectory();
  const dataDir = directory.file("data");
  const broken = await writeLargeStore({ ...SIZE, dataDir, seed });
  using db = new Database(join(dataDir, "boathook.db"), { readonly: true });
  const rows = Object.entries(QUERIES).map(([name, sql]) => [name, db.query(sql).all()] as const);
  return { broken, counts: Object.fromEntries(rows) as Record<keyof typeof QUERIES, Record<string, unknown>[]> };
}

test(
  "a seeded store keeps all rules, has deliveries and endpoints in every state, and is the same for the same seed",
  async () => {
    const first = await seeded(1);
    expect(first.broken).toEqual([]);
    const { messages, attempts, deliveries, endpoints } = first.counts;
    expect(messages[0]).toMatchObject({ count: SIZE.messages });
    const made = attempts.reduce((sum, { count }) => sum + (count as number), 0);
    expect(made).toBeGreaterThan(0.95 * SIZE.attempts);
    expect(made).toBeLessThanOrEqual(SIZE.attempts);
    const dead = deliveries.filter(({ state }) => state === 2).reduce((sum, { count }) => sum + (count as number), 0);
    expect(dead).toBeGreaterThan(0.9 * SIZE.deadLetters);
    // Messages are counted for their environment and application, attempts for their endpoint too.
    expect(first.counts.series).toMatchObject([{ accepted: 2 * SIZE.messages, attempts: 3 * made }]);
    expect(new Set(deliveries.map(({ state }) => state))).toEqual(new Set([0, 1, 2]));
    for (const state of [{ disabled: 1 }, { paused: 1 }, { disabled: 0, paused: 0, healthy: 0 }]) {
      expect(endpoints).toContainEqual(expect.objectContaining(state));
    }
    expect((await seeded(1)).counts).toEqual(first.counts);
    expect((await seeded(2)).counts).not.toEqual(first.counts);
  },
  TIMEOUT_MS,
);
