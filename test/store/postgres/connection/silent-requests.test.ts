import { afterAll, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { systemClock } from "../../../../src/edge/clock.ts";
import type { Clock } from "../../../../src/ports.ts";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { Database, type DatabaseOptions } from "../../../../src/store/postgres/connection/database.ts";
import { openStore } from "../../../../src/store/postgres/index.ts";
import { type Cut, cutProxy } from "../../../support/cut-proxy.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { soon } from "../../../support/soon.ts";
import { closeSharedServer, optionsFor, preparedDatabase } from "../open.ts";

afterAll(closeSharedServer);

const LIMIT_MS = 1000;

/** A database that is reached through a proxy, and a connection that the proxy does not pass on. */
async function proxied(change: Partial<DatabaseOptions> = {}) {
  const direct = await preparedDatabase();
  const url = new URL(direct);
  const proxy = cutProxy(Number(url.port));
  url.port = String(proxy.port);
  const database = new Database({ url: url.href, clock: systemClock, responseMsMax: LIMIT_MS, ...change });
  const sql = new SQL(direct, { max: 1 });
  return {
    ...{ database, proxy, sql, direct },
    /** Waits until a number of sessions of the database have a text in their latest statement. */
    sessionsWith: (text: string, count: number) =>
      soon(
        () => sql`SELECT pid FROM pg_stat_activity WHERE query LIKE ${`%${text}%`} AND pid <> pg_backend_pid()`,
        ({ length }) => length === count,
      ),
    endSessionsWith: (text: string) =>
      sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE query LIKE ${`%${text}%`} AND pid <> pg_backend_pid()`,
    async [Symbol.asyncDispose]() {
      await database.close();
      await sql.close();
      proxy[Symbol.dispose]();
    },
  };
}

/** A clock that passes when a test says so. */
function handClock() {
  let passedMs = 0;
  const waiting = new Set<() => void>();
  const clock: Clock = {
    ...systemClock,
    steady: () => passedMs,
    after: (_delayMs, task) => {
      waiting.add(task);
      return () => waiting.delete(task);
    },
  };
  const pass = (ms: number) => {
    passedMs += ms;
    const due = [...waiting];
    waiting.clear();
    for (const task of due) task();
  };
  return { clock, pass };
}

describe.skipIf(!hasPostgres)("the connections for requests", () => {
  test.each(["silently", "silently after"] satisfies Cut[])(
    "a read whose connection was dropped %s is repeated, and its process of the server ends",
    async (cut) => {
      await using opened = await proxied();
      const { database, proxy, sessionsWith } = opened;
      await database.first("SELECT 'before' AS one");
      proxy.cutNext("'before' AS two", cut);
      expect(await database.first<unknown>("SELECT 'before' AS two")).toEqual({ two: "before" });
      expect(proxy.cuts).toBe(1);
      await sessionsWith("'before'", 1);
    },
  );

  test("reads succeed after all connections were dropped silently", async () => {
    await using opened = await proxied();
    const { database, proxy } = opened;
    const cut: Promise<unknown>[] = [];
    for (const n of [1, 2, 3, 4]) {
      proxy.cutNext(`SELECT ${n} AS n`, "silently");
      cut.push(database.first<unknown>(`SELECT ${n} AS n`));
      await soon(
        () => proxy.cuts,
        (cuts) => cuts === n,
      );
    }
    expect(await database.first<unknown>("SELECT 5 AS n")).toEqual({ n: 5 });
    expect(await Promise.all(cut)).toEqual([1, 2, 3, 4].map((n) => ({ n })));
  });

  test("a read and a write that take longer than the limit are not cut", async () => {
    await using opened = await proxied();
    const { database } = opened;
    const slow = (name: string) => `SELECT '${name}' AS name FROM pg_sleep(${(2.5 * LIMIT_MS) / 1000})`;
    const survey = database.surveysFor("server").first<unknown>(slow("survey"));
    const session = await database.writeSession();
    const write = session.first<unknown>(slow("write"));
    const inTransaction = database.inTransaction((queries) => queries.first<unknown>(slow("transaction")));
    expect(await database.first<unknown>(slow("read"))).toEqual({ name: "read" });
    expect(await survey).toEqual({ name: "survey" });
    expect(await write).toEqual({ name: "write" });
    expect(await inTransaction).toEqual({ name: "transaction" });
    session.end("release");
  });

  test("a survey whose connection was dropped silently is repeated", async () => {
    await using opened = await proxied();
    const { database, proxy } = opened;
    const { first } = database.surveysFor("server");
    proxy.cutNext("SELECT 1 AS one", "silently");
    expect(await first<unknown>("SELECT 1 AS one")).toEqual({ one: 1 });
    expect(proxy.cuts).toBe(1);
  });

  test("the locks of a transaction whose connection was dropped silently end", async () => {
    await using opened = await proxied();
    const { database, proxy, sql } = opened;
    const failed = database.inTransaction(async (queries) => {
      await queries.run("LOCK TABLE meta IN EXCLUSIVE MODE");
      proxy.cutNext("COMMIT", "silently");
    });
    await expect(failed).rejects.toThrow("PostgreSQL has not responded for 1 seconds.");
    expect(await sql`INSERT INTO meta (name, value) VALUES ('name', 'value') RETURNING name`).toHaveLength(1);
  });

  test("through a pooler, a silent connection is replaced, and a read that takes longer than the limit is not cut", async () => {
    await using opened = await proxied({ prepare: false });
    const { database, proxy } = opened;
    proxy.cutNext("SELECT 1 AS one", "silently");
    expect(await database.first<unknown>("SELECT 1 AS one")).toEqual({ one: 1 });
    expect(proxy.cuts).toBe(1);
    expect(await database.first<unknown>(`SELECT 2 AS two FROM pg_sleep(${(2.5 * LIMIT_MS) / 1000})`)).toEqual({
      two: 2,
    });
  });

  test("through a pooler, a write, its COMMIT and statements that wait behind others are not cut while they run", async () => {
    await using opened = await proxied({ prepare: false });
    const { database, sql } = opened;
    // PostgreSQL checks the table when the transaction is committed.
    await sql.unsafe(`CREATE TABLE slow (name text);
      CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_sleep(${(2.5 * LIMIT_MS) / 1000}); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER sleep AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION sleep()`);
    const session = await database.writeSession();
    const begun = session.run("BEGIN");
    const write = session.first<unknown>(
      `WITH asleep AS (SELECT pg_sleep($seconds)) INSERT INTO slow SELECT $name FROM asleep RETURNING name, '${"long ".repeat(500)}' AS text`,
      { seconds: (2.5 * LIMIT_MS) / 1000, name: "slow" },
    );
    const behind = session.first<unknown>("SELECT name FROM slow");
    await begun;
    expect(await write).toMatchObject({ name: "slow" });
    expect(await behind).toEqual({ name: "slow" });
    await session.commit();
    expect(await database.first<unknown>("SELECT name FROM slow")).toEqual({ name: "slow" });
    session.end("release");
  });

  test("through a pooler, a write that waits for a lock is given up at the limit", async () => {
    await using opened = await proxied({ prepare: false });
    const { database, sql } = opened;
    await sql.begin(async (transaction) => {
      await transaction`LOCK TABLE meta IN EXCLUSIVE MODE`;
      const session = await database.writeSession();
      const write = session.run("INSERT INTO meta (name, value) VALUES ('name', 'value')");
      await expect(write).rejects.toThrow("PostgreSQL has not responded for 1 seconds.");
      session.end("close");
    });
  });

  test("through a pooler, silent connections are replaced although others run long statements", async () => {
    await using opened = await proxied({ prepare: false });
    const { database, proxy, direct, sessionsWith } = opened;
    await using others = new SQL(direct, { max: 1 });
    const long = others`SELECT 'long' FROM pg_sleep(600)`.catch((error: unknown) => error);
    await sessionsWith("'long'", 1);
    proxy.cutNext("SELECT 1 AS one", "silently");
    expect(await database.first<unknown>("SELECT 1 AS one")).toEqual({ one: 1 });
    const session = await database.writeSession();
    proxy.cutNext("SELECT 2 AS two", "silently");
    await expect(session.run("SELECT 2 AS two")).rejects.toThrow("PostgreSQL has not responded for 1 seconds.");
    session.end("close");
    await opened.endSessionsWith("'long'");
    await long;
  });

  test("through a pooler, a silent connection is replaced after five minutes even if others run the same statement", async () => {
    const { clock, pass } = handClock();
    await using opened = await proxied({ clock, prepare: false });
    const { database, proxy, sql, direct, sessionsWith } = opened;
    const statement = "SELECT 'locked' AS name FROM pg_advisory_xact_lock(1)";
    await using others = new SQL(direct, { max: 1 });
    await sql`SELECT pg_advisory_lock(1)`;
    const other = others.unsafe(statement).execute();
    await sessionsWith("'locked'", 1);
    proxy.cutNext("'locked'", "silently");
    const read = database.first<unknown>(statement);
    await soon(
      () => proxy.cuts,
      (cuts) => cuts === 1,
    );
    pass(300_000);
    await sessionsWith("'locked'", 2);
    await sql`SELECT pg_advisory_unlock(1)`;
    expect(await read).toEqual({ name: "locked" });
    await other;
  });

  test("one connection remains for single reads, however many are taken", async () => {
    await using opened = await proxied();
    const { database } = opened;
    const sessions = await Promise.all([database.session(), database.session(), database.session()]);
    const fourth = database.session();
    expect(await database.first<unknown>("SELECT 1 AS one")).toEqual({ one: 1 });
    sessions[0]!.end("release");
    sessions.push(await fourth);
    for (const session of sessions) session.end("close");
    expect(await database.first<unknown>("SELECT 2 AS two")).toEqual({ two: 2 });
  });
});

describe.skipIf(!hasPostgres)("a lock on a table that", () => {
  test("looks read ends them, and no process of the server still waits", async () => {
    await using opened = await proxied({ controlMsMax: 1000 });
    const { database, sql } = opened;
    await sql.begin(async (transaction) => {
      await transaction`LOCK TABLE instance IN ACCESS EXCLUSIVE MODE`;
      const error = await database.control.all("SELECT 1 FROM instance").catch((error: unknown) => error);
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(String(error)).toContain("Boathook ends such a statement after 0.9 seconds: pg_stat_activity shows which");
      const waiting = await transaction`SELECT query FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      expect(Array.from(waiting)).toEqual([]);
    });
  });

  test("changes are written to does not end the looks", async () => {
    const url = await preparedDatabase();
    await using sql = new SQL(url, { max: 1 });
    const store = await openStore(optionsFor(url));
    let announced: Promise<void> | null = null;
    await sql.begin(async (transaction) => {
      await transaction`LOCK TABLE change IN EXCLUSIVE MODE`;
      store.feed.publish({ type: "source.changed", sourceSeq: 1, environmentSeq: 1 });
      announced = store.feed.announced();
      const waiting = () => transaction`SELECT pid FROM pg_locks WHERE NOT granted`;
      // One look may have been sent before the change.
      for (let i = 0; i < 3; i++) {
        await soon(waiting, ({ length }) => length > 0);
        const { look } = await soon(
          () => ({ look: store.feed.catchUp() }),
          ({ look }) => look !== null,
        );
        await look;
      }
    });
    await announced;
    await store.close();
  });
});
