import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../../src/edge/clock.ts";
import { configure, type Sync } from "../../../../src/store/sqlite/data-dir/database.ts";
import { openMemoryStore } from "../../../../src/store/sqlite/index.ts";
import { migrate } from "../../../../src/store/sqlite/schema/migrate.ts";
import { migrations } from "../../../../src/store/sqlite/schema/migrations.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";

function schemaOf(db: Database): unknown[] {
  return db.query("SELECT type, name, sql FROM sqlite_schema ORDER BY name").all();
}

describe("schema", () => {
  test("all tables of the schema are STRICT", () => {
    using db = new Database(":memory:");
    migrate(db);
    const tables = db
      .query<{ name: string; strict: number }, []>("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'")
      .all()
      .filter(({ name }) => !name.startsWith("sqlite_"));
    expect(tables.length).toBeGreaterThan(10);
    expect(tables.filter(({ strict }) => strict !== 1)).toEqual([]);
  });

  test("a second start does not change the schema", () => {
    using db = new Database(":memory:");
    migrate(db);
    const before = schemaOf(db);
    migrate(db);
    expect(schemaOf(db)).toEqual(before);
  });

  test("the indexes of messages and attempts do not repeat the number of the row with which each entry ends", () => {
    using db = new Database(":memory:");
    migrate(db);
    const indexes = db
      .query<{ name: string; columns: string }, []>(
        `SELECT i.name, group_concat(c.name, ' ') AS columns
         FROM pragma_table_list t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
         WHERE t.name IN ('message', 'attempt') GROUP BY i.name`,
      )
      .all();
    expect(indexes.length).toBeGreaterThan(5);
    expect(indexes.filter(({ columns }) => columns.endsWith(" seq"))).toEqual([]);
  });

  test("a migration replaces numeric codes in the data of a running replay with names", () => {
    using db = new Database(":memory:");
    const before = 7;
    for (const step of migrations.slice(0, before)) db.run(step);
    db.run(`PRAGMA user_version = ${before}`);
    const insert = db.query("INSERT INTO task VALUES (?, 1, ?, 'running', ?, 0)");
    const put = (seq: number, kind: string, data: object) => insert.run(seq, kind, JSON.stringify(data));
    put(1, "endpoint.bulk-replay", { from: 1, status: 3, statusCodeClass: 500 });
    put(2, "endpoint.bulk-replay", { from: 2, statusCodeClass: 0, tag: "vip" });
    put(3, "endpoint.bulk-replay", { from: 3, status: 0 });
    put(4, "other", { status: 1, statusCodeClass: 200 });
    migrate(db);
    const texts = db.query<{ data: string }, []>("SELECT data FROM task ORDER BY seq").all();
    expect(texts.map(({ data }) => JSON.parse(data))).toEqual([
      { from: 1, status: "retrying", responseClass: "5xx" },
      { from: 2, tag: "vip", responseClass: "none" },
      { from: 3, status: "delivered" },
      { status: 1, statusCodeClass: 200 },
    ]);
  });

  test("a migration sets `ended_at` of cancelled deliveries and removes their reason", () => {
    using db = new Database(":memory:");
    const before = 9;
    for (const step of migrations.slice(0, before)) db.run(step);
    db.run(`PRAGMA user_version = ${before}`);
    const put = db.query("INSERT INTO delivery VALUES (?, 1, 1, ?, 1, ?, 1, 1, 0, 0, ?, ?)");
    const inTheFuture = Date.now() + 1_000_000_000;
    put.run(1, 3, 1000, null, null);
    put.run(2, 3, 1000, "timeout", 2000);
    put.run(3, 2, 1000, "timeout", 2000);
    put.run(4, 0, 1000, null, null);
    put.run(5, 3, inTheFuture, null, null);
    migrate(db);
    const rows = db.query<{ seq: number; reason: string | null; ended_at: number | null }, []>(
      "SELECT seq, reason, ended_at FROM delivery ORDER BY seq",
    );
    const all = rows.all();
    expect(all.slice(0, 4)).toEqual([
      { seq: 1, reason: null, ended_at: 1000 },
      { seq: 2, reason: null, ended_at: 2000 },
      { seq: 3, reason: "timeout", ended_at: 2000 },
      { seq: 4, reason: null, ended_at: null },
    ]);
    expect(all[4]!.ended_at).toBeLessThan(inTheFuture);
  });

  test("applications and messages of a version without sources belong to no source", async () => {
    using db = new Database(":memory:", { strict: true });
    const before = 13;
    for (const step of migrations.slice(0, before)) db.run(step);
    db.run(`PRAGMA user_version = ${before}`);
    db.run("INSERT INTO application VALUES (1, 1, 'shop', 'Shop', NULL, '{}', 1, 1, NULL, 0)");
    db.run(
      "INSERT INTO message (seq, application_seq, event_type, payload, accepted_at) VALUES (2, 1, 'a', X'7b7d', 1)",
    );
    const { store } = openMemoryStore(db, systemClock, () => {});
    expect(await store.configuration.applications.get(1)).toMatchObject({ uid: "shop", sourceSeq: null });
    expect(await store.history.messages.get(2)).toMatchObject({ eventType: "a", received: null });
    await store.close();
  });

  test("data written by a newer program is refused and left unchanged", () => {
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
