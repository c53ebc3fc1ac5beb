import { afterAll, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { systemClock } from "../../../../src/edge/clock.ts";
import type { Clock } from "../../../../src/ports.ts";
import { type Store, StoreUnavailable } from "../../../../src/store/index.ts";
import { Database } from "../../../../src/store/postgres/connection/database.ts";
import { openStore } from "../../../../src/store/postgres/index.ts";
import { lanes } from "../../../../src/store/postgres/queue/lanes.ts";
import { type Cut, cutProxy } from "../../../support/cut-proxy.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { soon } from "../../../support/soon.ts";
import { Furnished } from "../../furnished.ts";
import { openedOnce } from "../../store-under-test.ts";
import { closeSharedServer, optionsFor, preparedDatabase } from "../open.ts";

afterAll(closeSharedServer);

/** Opens a connection to a new database that passes through a proxy. */
async function proxied() {
  const url = new URL(await preparedDatabase());
  const proxy = cutProxy(Number(url.port));
  url.port = String(proxy.port);
  return { url: url.href, proxy };
}

/** Returns the statements that wait for a lock and contain a text. */
const waitingWith = async (sql: SQL, text: string): Promise<string[]> => {
  const rows = await sql`SELECT query FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE ${`%${text}%`}`;
  return rows.map(({ query }: { query: string }) => query);
};

const cutsOf = (proxy: { readonly cuts: number }, count: number) =>
  soon(
    () => proxy.cuts,
    (cuts) => cuts === count,
  );

describe.skipIf(!hasPostgres)("the connection over which processes follow each other", () => {
  test("a query whose connection was dropped without a word is repeated over another connection", async () => {
    const { url, proxy } = await proxied();
    using _ = proxy;
    const database = new Database({ url, clock: systemClock, controlMsMax: 1000 });
    expect(await database.control.first<unknown>("SELECT 1 AS one")).toEqual({ one: 1 });
    proxy.cutNext("SELECT 2 AS two", "silently");
    expect(await database.control.first<unknown>("SELECT 2 AS two")).toEqual({ two: 2 });
    expect(proxy.cuts).toBe(1);
    await database.close();
  });

  test("a process follows the others while the state of the database waits for a lock", async () => {
    const url = await preparedDatabase();
    await using sql = new SQL(url, { max: 1 });
    const store = await openStore(optionsFor(url));
    await sql.begin(async (transaction) => {
      await transaction`LOCK TABLE lane_partition IN ACCESS EXCLUSIVE MODE`;
      const state = store.database!.state().catch((error: unknown) => error);
      const waiting = () => transaction`SELECT pid FROM pg_locks WHERE NOT granted`;
      const [{ pid }] = await soon(waiting, ({ length }) => length > 0);
      const looking = await transaction`SELECT pid <> ${pid} AS other FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE '%AS known(slot%' AND pid <> pg_backend_pid()`;
      expect(looking[0]).toEqual({ other: true });
      store.feed.publish({ type: "source.changed", sourceSeq: 1, environmentSeq: 1 });
      await store.feed.announced();
      await store.feed.catchUp();
      expect(await state).toBeInstanceOf(StoreUnavailable);
    });
    expect(await store.database!.state()).toHaveProperty("instances");
    await store.close();
  });
});

describe.skipIf(!hasPostgres)("the connections for reads of lanes", () => {
  test("lanes are read over new connections after both were dropped without a word", async () => {
    const { url, proxy } = await proxied();
    using _ = proxy;
    const database = new Database({ url, clock: systemClock, responseMsMax: 1000 });
    const { due } = lanes(database.lanes, systemClock);
    const read = (endpointSeq: number) => due(endpointSeq, { position: 0, seq: 0 }, 0, 1);
    const hanging: Promise<unknown>[] = [];
    for (const count of [1, 2]) {
      proxy.cutNext("FROM pending", "silently");
      hanging.push(read(count));
      await cutsOf(proxy, count);
    }
    expect(await Promise.all([...hanging, read(3)])).toEqual([[], [], []]);
    await database.close();
  });

  test("one that was dropped before its first read is replaced", async () => {
    const { url, proxy } = await proxied();
    using _ = proxy;
    const database = new Database({ url, clock: systemClock, responseMsMax: 1000 });
    proxy.cutNext("pg_settings", "silently");
    expect(await database.lanes.first<unknown>("SELECT 1 AS one")).toEqual({ one: 1 });
    expect(proxy.cuts).toBe(1);
    await database.close();
  });

  test("a read that takes too long is refused, and no process of the server still runs it", async () => {
    const url = await preparedDatabase();
    await using sql = new SQL(url, { max: 1 });
    const database = new Database({ url, clock: systemClock, responseMsMax: 1000 });
    await sql.begin(async (transaction) => {
      await transaction`LOCK TABLE pending IN ACCESS EXCLUSIVE MODE`;
      await expect(database.lanes.all("SELECT 1 FROM pending")).rejects.toBeInstanceOf(StoreUnavailable);
      expect(await waitingWith(transaction, "FROM pending")).toEqual([]);
    });
    expect(await database.lanes.all("SELECT 1 FROM pending")).toEqual([]);
    await database.close();
  });

  test("reads succeed after the server has ended both while they were idle", async () => {
    const url = await preparedDatabase();
    await using sql = new SQL(url, { max: 1 });
    const database = new Database({ url, clock: systemClock });
    const read = (count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, n) => database.lanes.first<unknown>("SELECT $1::integer AS n", [n])),
      );
    await read(10);
    const ended = await sql`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'boathook'`;
    expect(ended).toHaveLength(2);
    for (const count of [1, 10]) expect(await read(count)).toHaveLength(count);
    await database.close();
  });

  test("all other reads use the other connection while one does not respond", async () => {
    const { url, proxy } = await proxied();
    using _ = proxy;
    let passedMs = 0;
    const limits: Array<() => void> = [];
    const clock: Clock = {
      ...systemClock,
      steady: () => passedMs,
      after: (_delayMs, task) => {
        limits.push(task);
        return () => {};
      },
    };
    const database = new Database({ url, clock });
    const { lanes } = database;
    proxy.cutNext("SELECT 1 AS hanging", "silently");
    const hanging = lanes.first<unknown>("SELECT 1 AS hanging");
    await cutsOf(proxy, 1);
    passedMs = 200;
    // More at once than are under way on the silent connection.
    const reads = Array.from({ length: 10 }, (_, n) => lanes.first<unknown>("SELECT $1::integer AS n", [n]));
    expect(await Promise.all(reads)).toEqual(Array.from({ length: 10 }, (_, n) => ({ n })));
    passedMs = 30_000;
    for (const exceed of [...limits]) exceed();
    expect(await hanging).toEqual({ hanging: 1 });
    await database.close();
  });
});

describe.skipIf(!hasPostgres)("the connection for writes", () => {
  /** The limit for a response is then the length of the lease. */
  const limits = { leaseMs: 2000, responseMsMax: 1000 };

  async function openProxied() {
    const { url, proxy } = await proxied();
    const store = (await openStore(optionsFor(url, limits))) as unknown as Store;
    const world = await Furnished.open(async () => openedOnce(store));
    return {
      ...{ world, proxy },
      async [Symbol.asyncDispose]() {
        await world[Symbol.asyncDispose]();
        proxy[Symbol.dispose]();
      },
    };
  }

  test.each([
    ["BEGIN", "silently"],
    ["BEGIN", "silently after"],
    ["COMMIT", "silently"],
    ["COMMIT", "silently after"],
  ] satisfies [string, Cut][])("messages are stored once if it is dropped at %s, %s", async (text, cut) => {
    await using opened = await openProxied();
    const { world, proxy } = opened;
    const before = await world.send();
    proxy.cutNext(text, cut);
    const messages = await Promise.all(Array.from({ length: 20 }, () => world.send()));
    expect(proxy.cuts).toBe(1);
    const later = await world.send();
    const waiting = await world.waiting();
    expect(waiting.map(({ messageSeq }) => messageSeq)).toEqual([before, ...messages, later].map(({ seq }) => seq));
  });

  test("it is replaced if it was dropped before its first write", async () => {
    const { url, proxy } = await proxied();
    using _ = proxy;
    const database = new Database({ url, clock: systemClock, responseMsMax: 1000 });
    proxy.cutNext("pg_settings", "silently");
    await expect(database.writeSession()).rejects.toBeInstanceOf(StoreUnavailable);
    const session = await database.writeSession();
    expect(await session.first<unknown>("SELECT 1 AS one")).toEqual({ one: 1 });
    session.end("release");
    await database.close();
  });

  test("a write that waits too long for a lock is refused, and no process of the server still waits", async () => {
    const url = await preparedDatabase();
    await using sql = new SQL(url, { max: 1 });
    const store = await openStore(optionsFor(url, limits));
    await sql.begin(async (transaction) => {
      await transaction`LOCK TABLE meta IN ACCESS EXCLUSIVE MODE`;
      await expect(store.housekeeping.meta.set("name", "value")).rejects.toBeInstanceOf(StoreUnavailable);
      expect(await waitingWith(transaction, "INSERT INTO meta")).toEqual([]);
    });
    await store.housekeeping.meta.set("name", "value");
    await store.close();
  });
});
