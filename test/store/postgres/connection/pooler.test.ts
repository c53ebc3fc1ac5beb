import { afterAll, describe, expect, test } from "bun:test";
import { isPooled } from "../../../../src/store/postgres/connection/pooler.ts";
import { openStore } from "../../../../src/store/postgres/index.ts";
import { hasPgbouncer, startPgbouncer } from "../../../support/pgbouncer.ts";
import { closeSharedServer, optionsFor, sharedServer } from "../open.ts";

afterAll(closeSharedServer);

describe.skipIf(!hasPgbouncer)("PgBouncer between a store and PostgreSQL", () => {
  test("a store finds out whether its connections go through a pooler", async () => {
    const server = await sharedServer();
    await using pooler = await startPgbouncer(server);
    const url = await server.createDatabase();
    expect(await isPooled(url)).toBe(false);
    expect(await isPooled(pooler.through(url))).toBe(true);
  });

  test("stores that share few connections get only the results of their own statements", async () => {
    const server = await sharedServer();
    await using pooler = await startPgbouncer(server, 3);
    const url = pooler.through(await server.createDatabase());
    const stores = [await openStore(optionsFor(url)), await openStore(optionsFor(url))];
    const wrong: string[] = [];
    const work = async (name: string, i: number) => {
      const { meta } = stores[i % stores.length]!.housekeeping;
      await meta.set(name, `${name} ${i}`);
      const [value, size] = [await meta.get(name), await stores[i % stores.length]!.history.totals()];
      if (value !== `${name} ${i}` || size.length !== 0) wrong.push(`${name} ${i}: ${value} ${Bun.inspect(size)}`);
    };
    for (let i = 0; i < 40; i++) await Promise.all(["a", "b", "c", "d", "e", "f"].map((name) => work(name, i)));
    for (const store of stores) await store.close();
    expect(wrong).toEqual([]);
  });
});
