import { afterAll, describe, expect, test } from "bun:test";
import { type Store, StoreUnavailable } from "../../../../src/store/index.ts";
import { openStore } from "../../../../src/store/postgres/index.ts";
import { type Cut, cutProxy } from "../../../support/cut-proxy.ts";
import { hasPostgres, startPostgres } from "../../../support/postgres.ts";
import { Furnished } from "../../furnished.ts";
import { openedOnce } from "../../store-under-test.ts";
import { closeSharedServer, openDatabase, optionsFor, sharedServer } from "../open.ts";

afterAll(closeSharedServer);

/** Opens a store whose connections pass through a proxy. */
async function openThroughProxy() {
  const url = new URL(await (await sharedServer()).createDatabase());
  const proxy = cutProxy(Number(url.port));
  url.port = String(proxy.port);
  const store = (await openStore(optionsFor(url.href))) as unknown as Store;
  const world = await Furnished.open(async () => openedOnce(store));
  return {
    world,
    proxy,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      proxy[Symbol.dispose]();
    },
  };
}

describe.skipIf(!hasPostgres)("commits to PostgreSQL", () => {
  test("writes that are begun together share a commit", async () => {
    await using world = await Furnished.open(openDatabase);
    const before = world.facts.length;
    await Promise.all(Array.from({ length: 50 }, () => world.send()));
    const commits = world.facts.slice(before).filter((fact) => fact.type === "commit.finished");
    expect(commits.map(({ writes }) => writes)).toEqual([50]);
  });

  test.each(["before", "after"] satisfies Cut[])(
    "a message is stored once if the connection is lost %s the server gets COMMIT",
    async (cut) => {
      await using opened = await openThroughProxy();
      const { world, proxy } = opened;
      proxy.cutNext("COMMIT", cut);
      const messages = await Promise.all(Array.from({ length: 20 }, () => world.send()));
      expect(proxy.cuts).toBe(1);
      const waiting = await world.waiting();
      expect(waiting.map(({ messageSeq }) => messageSeq)).toEqual(messages.map(({ seq }) => seq));
      await world.send();
    },
  );

  test("a write during an outage is refused, and a later one is stored", async () => {
    await using server = await startPostgres();
    const store = (await openStore(optionsFor(await server.createDatabase()))) as unknown as Store;
    await using world = await Furnished.open(async () => openedOnce(store));
    await world.send();
    await server.kill();
    await expect(world.send()).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(world.waiting()).rejects.toBeInstanceOf(StoreUnavailable);
    await server.start();
    await world.send();
    expect(await world.waiting()).toHaveLength(2);
  });

  test("every message that was accepted while the server was killed and started again is stored once", async () => {
    await using server = await startPostgres();
    const store = (await openStore(optionsFor(await server.createDatabase()))) as unknown as Store;
    await using world = await Furnished.open(async () => openedOnce(store));
    const accepted: number[] = [];
    const refused: unknown[] = [];
    let isRestarted = false;
    const restarting = server
      .kill()
      .then(() => server.start())
      .finally(() => {
        isRestarted = true;
      });
    // The limit only ends a test that has gone wrong.
    for (let round = 0; round < 20_000 && (!isRestarted || accepted.length === 0); round++) {
      const results = await Promise.allSettled(Array.from({ length: 5 }, () => world.send()));
      for (const result of results) {
        if (result.status === "fulfilled") accepted.push(result.value.seq);
        else refused.push(result.reason);
      }
    }
    await restarting;
    accepted.push((await world.send()).seq);
    const stored = new Set((await world.waiting()).map(({ messageSeq }) => messageSeq));
    expect(accepted.filter((seq) => !stored.has(seq))).toEqual([]);
    expect(refused.filter((error) => !(error instanceof StoreUnavailable))).toEqual([]);
  });

  test("an event id that two processes use at the same time is stored once", async () => {
    await using world = await Furnished.open(openDatabase);
    const beside = await world.openBeside();
    for (let i = 0; i < 20; i++) {
      const [one, other] = [world.newMessage({ eventId: `event-${i}` }), world.newMessage({ eventId: `event-${i}` })];
      const results = await Promise.all([world.store.queue.accept([one]), beside.queue.accept([other])]);
      expect(results.map(([result]) => result!.accepted).toSorted()).toEqual([false, true]);
    }
    await beside.close();
  });
});
