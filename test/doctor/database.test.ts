import { describe, expect, test } from "bun:test";
import { type DatabaseFacts, databaseFindings } from "../../src/doctor/database.ts";
import { stateFindings } from "../../src/doctor/database-state.ts";
import type { DatabaseState } from "../../src/store/database-state.ts";

const NOW = Date.UTC(2026, 5, 1);
const DAY = 86_400_000;
const TODAY = NOW / DAY;
const MINUTE = 60_000;

type Reading = Extract<DatabaseFacts, { problem: null }>;

const state: DatabaseState = {
  connections: { used: 10, max: 100, free: 87 },
  holders: [{ kind: "session", name: "7", transactions: 20, ageMs: 500 }],
  transactions: { oldestMs: 500, idleMs: 0, idlePid: null },
  tables: [{ name: "pending", live: 10, dead: 100, isVacuumed: true }],
  instances: [{ slot: 3, isAlive: true, isServing: true, shares: 256, isSelf: false }],
  shares: { total: 256, served: 256 },
};

const reading: Reading = {
  problem: null,
  retentionMs: 30 * DAY,
  server: {
    ...{ version: "15.18", major: 15, encoding: "UTF8", isReadOnly: false, unsafe: [], schema: "public" },
    ...{ mayCreate: true, seesAllSessions: true, databaseBytes: 1e9 },
  },
  ...{ clockAheadMs: 900, clockErrorMs: 1, schemaVersion: 4, newestSchema: 4 },
  tables: { isForeign: false, keyFits: true, isRotating: false, missing: [], oldestDay: TODAY - 32, state },
};

/** Returns the findings that are not `ok` as `level name`. */
function troubles(facts: DatabaseFacts): string[] {
  const findings = databaseFindings(facts, NOW).filter(({ level }) => level !== "ok");
  for (const { detail, remedy } of findings) {
    expect(detail).toMatch(/^[A-Z0-9].*\.$/);
    expect(remedy).toMatch(/^[A-Z].*\.$/);
  }
  return findings.map(({ level, name }) => `${level} ${name}`);
}

const server = (change: Partial<Reading["server"]>) => ({ server: { ...reading.server, ...change } });
const tables = (change: Partial<NonNullable<Reading["tables"]>>) => ({ tables: { ...reading.tables!, ...change } });
const happening = (change: Partial<DatabaseState>) => tables({ state: { ...state, ...change } });

describe("findings about PostgreSQL", () => {
  const cases: ReadonlyArray<readonly [what: string, change: Partial<Reading>, found: readonly string[]]> = [
    ["a usual database has none", {}, []],
    ["an empty database has none", { schemaVersion: 0, tables: null }, []],
    ["an old version is a warning", server({ major: 14 }), ["warn database"]],
    ["a database that cannot be written fails", server({ isReadOnly: true }), ["fail database"]],
    ["another encoding fails", server({ encoding: "SQL_ASCII" }), ["fail encoding"]],
    ["a setting that loses commits fails", server({ unsafe: ["fsync = off"] }), ["fail durability"]],
    ["a missing schema fails", server({ schema: null, mayCreate: false }), ["fail rights"]],
    ["a user that may not create tables fails", server({ mayCreate: false }), ["fail rights"]],
    ["tables of another user fail", tables({ isForeign: true }), ["fail rights"]],
    ["a newer schema fails", { schemaVersion: 5, tables: null }, ["fail schema"]],
    ["an older schema is a warning", { schemaVersion: 3, tables: null }, ["warn schema"]],
    ["a clock that is behind is a warning", { clockAheadMs: 2_500 }, ["warn clock"]],
    ["a clock that is ahead is a warning", { clockAheadMs: -2_500 }, ["warn clock"]],
    ["a difference within the precision is no warning", { clockAheadMs: 2_500, clockErrorMs: 600 }, []],
    ["a rotation that has not finished is a warning", tables({ isRotating: true }), ["warn key"]],
    ["another key fails", tables({ keyFits: false }), ["fail key"]],
    ["a missing partition is a warning", tables({ missing: ["ended_20000"] }), ["warn partitions"]],
    ["partitions long past the retention are a warning", tables({ oldestDay: TODAY - 34 }), ["warn partitions"]],
    ["no partition at all is no warning", tables({ oldestDay: null }), []],
    [
      "too few free connections are a warning",
      happening({ connections: { used: 96, max: 100, free: 4 } }),
      ["warn connections"],
    ],
    [
      "an old snapshot of a session is a warning",
      happening({ holders: [{ kind: "session", name: "7", transactions: 20, ageMs: 11 * MINUTE }] }),
      ["warn snapshots"],
    ],
    [
      "a slot that nobody uses is a warning",
      happening({ holders: [{ kind: "slot", name: "old", transactions: 1_000_001, ageMs: null }] }),
      ["warn snapshots"],
    ],
    [
      "an old snapshot behind a young one is a warning",
      happening({
        holders: [...state.holders, { kind: "prepared", name: "p", transactions: 1, ageMs: 11 * MINUTE }],
      }),
      ["warn snapshots"],
    ],
    ["hidden sessions are a warning", server({ seesAllSessions: false }), ["warn snapshots"]],
    [
      "a client that leaves its transaction open is a warning",
      happening({ transactions: { oldestMs: 2 * MINUTE, idleMs: 2 * MINUTE, idlePid: 7 } }),
      ["warn transactions"],
    ],
    [
      "a table that is not vacuumed is a warning",
      happening({ tables: [{ name: "pending", live: 1, dead: 0, isVacuumed: false }] }),
      ["warn vacuum"],
    ],
    [
      "many dead rows are a warning",
      happening({ tables: [{ name: "pending", live: 1, dead: 20_001, isVacuumed: true }] }),
      ["warn vacuum"],
    ],
    [
      "dead rows of a large queue are no warning",
      happening({ tables: [{ name: "pending", live: 1_000_000, dead: 20_001, isVacuumed: true }] }),
      [],
    ],
    ["no instance is no warning", happening({ instances: [], shares: { total: 256, served: 0 } }), []],
    ["shares that nobody serves fail", happening({ shares: { total: 256, served: 255 } }), ["fail instances"]],
  ];
  test.each(cases)("%s", (_, change, found) => {
    expect(troubles({ ...reading, ...change })).toEqual([...found]);
  });

  test("a database that cannot be reached is the only finding", () => {
    expect(troubles({ problem: "The database cannot be used: no route. Check store." })).toEqual(["fail database"]);
  });

  test("the instances are named with their shares", () => {
    const instances = [
      { slot: 3, isAlive: true, isServing: true, shares: 200, isSelf: false },
      { slot: 4, isAlive: true, isServing: true, shares: 56, isSelf: false },
      { slot: 5, isAlive: false, isServing: true, shares: 0, isSelf: false },
      { slot: 6, isAlive: true, isServing: false, shares: 0, isSelf: false },
    ];
    const [finding] = stateFindings({ ...state, instances }, true).filter(({ name }) => name === "instances");
    expect(finding!.detail).toBe(
      "2 instances are running. Of 256 shares of the lanes, 256 are served (200 by instance 3, 56 by instance 4).",
    );
  });
});
