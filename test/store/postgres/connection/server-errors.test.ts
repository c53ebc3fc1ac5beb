import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { type StoreHealth, StoreUnavailable } from "../../../../src/store/index.ts";
import { Database } from "../../../../src/store/postgres/connection/database.ts";
import { isOutage, stateOf } from "../../../../src/store/postgres/connection/errors.ts";
import { openStore } from "../../../../src/store/postgres/index.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../../../support/postgres.ts";
import { soon } from "../../../support/soon.ts";
import { optionsFor } from "../open.ts";

const HEALTHY = { failing: false, damaged: false };
const FAILING = { failing: true, damaged: false };

/** Selects the session in `pg_stat_activity` whose latest statement has read the changes of other instances. */
const FOLLOWING = "(query LIKE '%FROM change%')";

let server: PostgresServer;
let users = 0;

/** Opens a store in a database of a user of its own, who has the same name. */
async function ownedStore() {
  const name = `user_${++users}`;
  const admin = new SQL(server.url("postgres"), { max: 1 });
  await admin.unsafe(`CREATE ROLE ${name} LOGIN PASSWORD 'first'`);
  await admin.unsafe(`CREATE DATABASE ${name} OWNER ${name}`);
  const url = new URL(server.url(name));
  [url.username, url.password] = [name, "first"];
  const { configuration, housekeeping, close } = await openStore(optionsFor(url.href));
  /** A superuser in the database. */
  const sql = new SQL(server.url(name), { max: 1 });
  const sessions = (call: string, condition: string) =>
    admin.unsafe(`SELECT ${call}(pid) FROM pg_stat_activity WHERE usename = '${name}' AND ${condition}`);
  return {
    ...{ name, sql, housekeeping },
    list: () => configuration.environments.list().catch((error: unknown) => error),
    set: () => housekeeping.meta.set("name", "value").catch((error: unknown) => error),
    /** Runs a statement as a superuser, in another database. */
    change: (statement: string) => admin.unsafe(statement),
    endSessions: () => sessions("pg_terminate_backend", "true"),
    /** Returns a row for the session over which the store follows other instances. */
    following: () => sessions("abs", FOLLOWING),
    /** Ends all sessions but that. Returns a row for each. */
    endOthers: () => sessions("pg_terminate_backend", `NOT ${FOLLOWING}`),
    /** Cancels the statements of the store that wait for a lock. Returns a row for each. */
    cancelWaiting: () => sessions("pg_cancel_backend", "wait_event_type = 'Lock'"),
    async [Symbol.asyncDispose]() {
      await close();
      await sql.close();
      await admin.close();
    },
  };
}

/** Returns whether a store refuses reads and writes, and says so. */
function areRefused({ read, write, health }: { read: unknown; write: unknown; health: StoreHealth }): boolean {
  const isUnavailable = [read, write].every((result) => result instanceof StoreUnavailable);
  return isUnavailable && Bun.deepEquals(health, FAILING);
}

describe.skipIf(!hasPostgres)("a store whose PostgreSQL server refuses its statements", () => {
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  test("a read that an operator cancels (57014) is unavailable, and the store is not failing", async () => {
    await using store = await ownedStore();
    await store.sql.begin(async (transaction) => {
      await transaction`LOCK TABLE environment IN ACCESS EXCLUSIVE MODE`;
      const reading = store.list();
      await soon(store.cancelWaiting, ({ length }) => length > 0);
      expect(await reading).toBeInstanceOf(StoreUnavailable);
      expect(await store.housekeeping.health()).toEqual(HEALTHY);
    });
    expect(await store.list()).toEqual([]);
  });

  test.each([
    ["28P01", "ROLE user PASSWORD 'second'", "ROLE user PASSWORD 'first'"],
    ["28000", "ROLE user NOLOGIN", "ROLE user LOGIN"],
    ["3D000", "DATABASE user RENAME TO gone", "DATABASE gone RENAME TO user"],
  ])("a store that can no longer log in (%s, after ALTER %s) is failing until it can again", async (_, take, give) => {
    await using store = await ownedStore();
    const alter = (what: string) => store.change(`ALTER ${what.replace("user", store.name)}`);
    // A database can only be renamed while nobody is connected.
    const taken = async () => {
      await store.endSessions();
      return alter(take).catch((error: unknown) => error);
    };
    await soon(taken, (error) => !(error instanceof Error));
    // The server shows a session that was being made at that moment only after its login. Each round ends those.
    const refused = async () => {
      await store.endSessions();
      return { read: await store.list(), write: await store.set(), health: await store.housekeeping.health() };
    };
    await soon(refused, areRefused);
    await alter(give);
    await soon(store.list, (found) => Array.isArray(found));
    await soon(store.housekeeping.health, ({ failing }) => !failing);
  });

  test("a store that can make no more connections (53300) is failing, although one of its connections remains", async () => {
    await using store = await ownedStore();
    await soon(store.following, ({ length }) => length === 1);
    await store.change(`ALTER ROLE ${store.name} CONNECTION LIMIT 1`);
    const refused = async () => {
      await store.endOthers();
      const results = { read: await store.list(), write: await store.set(), health: await store.housekeeping.health() };
      return { ...results, remaining: (await store.following()).length };
    };
    await soon(refused, (results) => areRefused(results) && results.remaining === 1);
    await store.change(`ALTER ROLE ${store.name} CONNECTION LIMIT -1`);
    await soon(store.list, (found) => Array.isArray(found));
    await soon(store.housekeeping.health, ({ failing }) => !failing);
  });

  test("a transaction that the server ends because it did nothing for too long (25P03) is an outage", async () => {
    const database = new Database({ url: server.url("postgres") });
    const error = await database
      .inTransaction(async (queries) => {
        await queries.run("SET LOCAL idle_in_transaction_session_timeout = '1ms'");
        const left = "SELECT pid FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'";
        await soon(
          () => database.all(left),
          ({ length }) => length === 0,
        );
        await queries.first("SELECT 1");
      })
      .catch((error: unknown) => error);
    expect({ error, isOutage: isOutage(error) }).toMatchObject({ isOutage: true });
    expect(stateOf(error)).toBe("25P03");
    await database.close();
  });

  test.each([
    ["once is repeated", 1, true],
    ["twice is unavailable", 2, false],
  ])(
    "a read that conflicts with another transaction (40001) %s, and the store is not failing",
    async (_, conflicts, isRead) => {
      await using store = await ownedStore();
      const { sql, name } = store;
      // A number that was taken stays taken when the statement fails.
      await sql.unsafe(`INSERT INTO environment (seq, name, created_at) VALUES (1, 'default', 0);
      CREATE SEQUENCE reads; GRANT USAGE ON SEQUENCE reads TO ${name};
      CREATE FUNCTION conflicting() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('reads') <= ${conflicts} THEN RAISE SQLSTATE '40001'; END IF;
        RETURN true;
      END $$;
      ALTER TABLE environment RENAME TO hidden;
      CREATE VIEW environment AS SELECT * FROM hidden WHERE conflicting();
      GRANT SELECT ON environment TO ${name}`);
      const found = await store.list();
      if (isRead) expect(found).toMatchObject([{ name: "default" }]);
      else expect(found).toBeInstanceOf(StoreUnavailable);
      expect(await store.housekeeping.health()).toEqual(HEALTHY);
    },
  );
});
