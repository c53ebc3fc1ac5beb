import { afterAll, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { systemClock } from "../../../src/edge/clock.ts";
import { StoreUnavailable } from "../../../src/store/index.ts";
import { Database } from "../../../src/store/postgres/connection/database.ts";
import { openStore } from "../../../src/store/postgres/index.ts";
import { cutProxy } from "../../support/cut-proxy.ts";
import { hasPostgres } from "../../support/postgres.ts";
import { soon } from "../../support/soon.ts";
import { closeSharedServer, optionsFor, preparedDatabase } from "./open.ts";

afterAll(closeSharedServer);

describe.skipIf(!hasPostgres)("the connection over which processes follow each other", () => {
  test("a query whose connection was dropped without a word is repeated over another connection", async () => {
    const url = new URL(await preparedDatabase());
    using proxy = cutProxy(Number(url.port));
    url.port = String(proxy.port);
    const database = new Database({ url: url.href, clock: systemClock, controlMsMax: 300 });
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
