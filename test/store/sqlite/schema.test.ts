import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { configure, type Sync } from "../../../src/store/sqlite/database.ts";
import { migrate } from "../../../src/store/sqlite/migrations.ts";
import { temporaryDirectory } from "../../support/temporary.ts";

function schemaOf(db: Database): unknown[] {
  return db.query("SELECT type, name, sql FROM sqlite_schema ORDER BY name").all();
}

describe("schema", () => {
  test("the schema has only STRICT tables", () => {
    using db = new Database(":memory:");
    migrate(db);
    const tables = db
      .query<{ name: string; strict: number }, []>("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'")
      .all()
      .filter(({ name }) => !name.startsWith("sqlite_"));
    expect(tables.length).toBeGreaterThan(10);
    expect(tables.filter(({ strict }) => strict !== 1)).toEqual([]);
  });

  test("the schema is not changed by a second start", () => {
    using db = new Database(":memory:");
    migrate(db);
    const before = schemaOf(db);
    migrate(db);
    expect(schemaOf(db)).toEqual(before);
  });

  test("data of a newer program is refused and left unchanged", () => {
    using db = new Database(":memory:");
    db.run("PRAGMA user_version = 9999");
    expect(() => migrate(db)).toThrow(/schema 9999/);
    expect(schemaOf(db)).toEqual([]);
  });
});

describe("connection", () => {
  test.each<[Sync, number]>([
    ["full", 2],
    ["normal", 1],
  ])("a connection uses the write-ahead log and syncs according to the setting %s", (sync, level) => {
    using home = temporaryDirectory();
    using db = new Database(home.file("test.db"));
    configure(db, sync);
    expect(db.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
    expect(db.query("PRAGMA synchronous").get()).toEqual({ synchronous: level });
  });
});
