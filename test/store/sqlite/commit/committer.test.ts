import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import type { Fact } from "../../../../src/core/fact.ts";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { Committer } from "../../../../src/store/sqlite/commit/commit.ts";

/** A committer for which the test decides when a turn of the event loop ends. */
function committerOn(db: Database, onFact: (fact: Fact) => void = () => {}) {
  const due: (() => void)[] = [];
  const clock = {
    now: () => 0,
    steady: () => 0,
    after: () => () => {},
    soon: (task: () => void) => void due.push(task),
  };
  const self = { diskFails: false };
  const committer = new Committer(db, clock, onFact, () => {
    if (self.diskFails) throw Object.assign(new Error("planted"), { code: "SQLITE_IOERR_WRITE" });
  });
  const put = (value: number, rows = 1) =>
    committer.write(() => void db.run("INSERT INTO kept VALUES (?)", [value]), rows);
  return Object.assign(self, { put, close: () => committer.close(), endTurn: () => due.shift()?.() });
}

function database(): Database {
  const db = new Database(":memory:", { strict: true });
  db.run("CREATE TABLE kept (value INTEGER)");
  return db;
}

function kept(db: Database): number[] {
  return db
    .query<{ value: number }, []>("SELECT value FROM kept")
    .all()
    .map(({ value }) => value);
}

/** Returns "stored" if the promise is fulfilled, its error if it is rejected, or else "pending". */
function settledBy(promise: Promise<unknown>): Promise<unknown> {
  const nothing = new Promise((resolve) => setImmediate(resolve, "pending"));
  return Promise.race([promise.then(() => "stored"), nothing]).catch((error) => error);
}

describe("committer", () => {
  test("a committer resolves all writes of a commit even if a listener throws", async () => {
    using db = database();
    const { put, endTurn } = committerOn(db, () => {
      throw new Error("planted");
    });
    const writes = [put(1), put(2)];
    expect(endTurn).toThrow("planted");
    expect(await Promise.all(writes.map(settledBy))).toEqual(["stored", "stored"]);
  });

  test("a committer rejects all writes of a failed commit even if a listener throws", async () => {
    using db = database();
    const committer = committerOn(db, () => {
      throw new Error("planted");
    });
    committer.diskFails = true;
    const write = settledBy(committer.put(1));
    expect(committer.endTurn).toThrow("planted");
    expect(await write).toBeInstanceOf(StoreUnavailable);
  });

  test("a commit that has reached thousands of rows leaves the remaining writes to the next turn", async () => {
    using db = database();
    const { put, endTurn } = committerOn(db);
    const writes = [put(1, 900), put(2, 900), put(3, 900), put(4, 9000), put(5)];
    const stored: number[][] = [];
    for (let turn = 0; turn < 4; turn++) {
      endTurn();
      stored.push(kept(db));
    }
    expect(stored).toEqual([
      [1, 2, 3],
      [1, 2, 3, 4],
      [1, 2, 3, 4, 5],
      [1, 2, 3, 4, 5],
    ]);
    expect(await Promise.all(writes.map(settledBy))).toEqual(writes.map(() => "stored"));
  });

  test("closing a committer commits all queued writes, however many rows they have", async () => {
    using db = database();
    const { put, close } = committerOn(db);
    const writes = [put(1, 9000), put(2, 9000), put(3)];
    close();
    expect(await Promise.all(writes.map(settledBy))).toEqual(["stored", "stored", "stored"]);
  });

  test("a committer still works after a rollback that fails at first", async () => {
    using db = database();
    const facts: Fact[] = [];
    const committer = committerOn(db, (fact) => facts.push(fact));
    const run = db.run.bind(db);
    let fails = 2;
    db.run = ((sql: string, ...values: never[]) => {
      if (sql === "ROLLBACK" && fails-- > 0) throw Object.assign(new Error("not undone"), { code: "SQLITE_IOERR" });
      return run(sql, ...values);
    }) as typeof db.run;
    committer.diskFails = true;
    const results: Promise<unknown>[] = [];
    for (const value of [1, 2, 3]) {
      results.push(settledBy(committer.put(value)));
      committer.endTurn();
      committer.diskFails = false;
    }
    expect(await Promise.all(results)).toEqual([expect.any(StoreUnavailable), expect.any(StoreUnavailable), "stored"]);
    expect(kept(db)).toEqual([3]);
    expect(facts.map(({ type }) => type)).toEqual([
      "store.failing",
      "commit.failed",
      "commit.failed",
      "store.recovered",
      "commit.finished",
    ]);
    expect(facts[1]).toMatchObject({ message: "planted" });
  });

  test("a committer still works if SQLite has already rolled back the failed transaction", async () => {
    using db = database();
    const committer = committerOn(db);
    const run = db.run.bind(db);
    db.run = ((sql: string, ...values: never[]) => {
      const result = run(sql, ...values);
      if (sql === "ROLLBACK") run(sql);
      return result;
    }) as typeof db.run;
    committer.diskFails = true;
    const failed = settledBy(committer.put(1));
    committer.endTurn();
    expect(await failed).toBeInstanceOf(StoreUnavailable);
    committer.diskFails = false;
    const stored = settledBy(committer.put(2));
    committer.endTurn();
    expect(await stored).toBe("stored");
    expect(kept(db)).toEqual([2]);
  });
});
