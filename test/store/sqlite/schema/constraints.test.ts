import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../../src/edge/clock.ts";
import { openMemoryStore, openStore } from "../../../../src/store/sqlite/index.ts";
import { addConstraints, constraints } from "../../../../src/store/sqlite/schema/constraints.ts";
import { migrate } from "../../../../src/store/sqlite/schema/migrate.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { ROWS, WRONG } from "../../constraint-rows.ts";
import { optionsFor } from "../open.ts";

function databaseWithRows(): Database {
  const db = new Database(":memory:", { strict: true });
  migrate(db);
  for (const row of Object.values(ROWS)) db.run(`INSERT INTO ${row}`);
  return db;
}

describe("constraints", () => {
  test("every table has constraints, and every constraint is tested", () => {
    using db = databaseWithRows();
    const tables = db
      .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .all();
    const constrained = new Set(constraints.map(({ table }) => table));
    expect([...constrained].sort()).toEqual(tables.map(({ name }) => name).sort());
    expect(Object.keys(WRONG).sort()).toEqual(constraints.map(({ name }) => name).sort());
  });

  test.each(constraints.map(({ table, name }) => [name, table]))(
    "the constraint %s accepts valid rows and refuses invalid ones",
    (name, table) => {
      using db = databaseWithRows();
      expect(addConstraints(db)).toEqual([]);
      for (const change of WRONG[name]!) {
        expect(() => db.run(`UPDATE ${table} SET ${change}`)).toThrow(`CHECK constraint failed: ${name}`);
      }
    },
  );

  test("rows that violate a constraint are kept, and the constraint is enforced once they are corrected", () => {
    using db = databaseWithRows();
    db.run("UPDATE delivery SET ended_at = 5");
    const broken = [{ table: "delivery", rule: "(state = 0) = (ended_at IS NULL)", rows: 1 }];
    expect(addConstraints(db)).toEqual(broken);
    expect(addConstraints(db)).toEqual(broken);
    expect(() => db.run("UPDATE delivery SET state = 7")).toThrow("delivery_values_check");

    db.run("UPDATE delivery SET ended_at = NULL");
    expect(addConstraints(db)).toEqual([]);
    expect(() => db.run("UPDATE delivery SET ended_at = 5")).toThrow("delivery_end_check");
  });

  test("adding the constraints a second time changes nothing", () => {
    using db = databaseWithRows();
    const schema = () => db.query("SELECT type, name, sql FROM sqlite_schema ORDER BY name").all();
    addConstraints(db);
    const before = schema();
    expect(addConstraints(db)).toEqual([]);
    expect(schema()).toEqual(before);
  });

  test("a store opens despite rows that violate a constraint, and reports them", async () => {
    using db = databaseWithRows();
    db.run("UPDATE attempt SET duration_ms = -1");
    const { store } = openMemoryStore(db, systemClock, () => {});
    expect(await store.housekeeping.unenforcedRules()).toMatchObject([{ table: "attempt", rows: 1 }]);
    await store.close();
  });

  test("starting a command does not change the table definitions; starting a server does", async () => {
    using home = temporaryDirectory();
    const open = async (exclusive: boolean) => (await openStore(optionsFor(home.path, { exclusive }))).close();
    const withDatabase = <T>(use: (db: Database) => T): T => {
      using db = new Database(home.file("boathook.db"));
      return use(db);
    };
    const sqls = () => withDatabase((db) => JSON.stringify(db.query("SELECT sql FROM sqlite_schema").all()));
    await open(true);
    withDatabase((db) => db.run("ALTER TABLE delivery DROP CONSTRAINT delivery_end_check"));
    await open(false);
    expect(sqls()).not.toContain("CONSTRAINT delivery_end_check");
    await open(true);
    expect(sqls()).toContain("CONSTRAINT delivery_end_check");
  });
});
