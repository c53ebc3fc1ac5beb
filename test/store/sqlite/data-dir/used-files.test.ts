import { describe, expect, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { Fact } from "../../../../src/core/fact.ts";
import { systemClock } from "../../../../src/edge/clock.ts";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { optionsFor } from "../open.ts";

/** Opens a store in the directory `data` of a new directory, with a clock that the test sets. */
async function openWorld() {
  const home = temporaryDirectory();
  const facts: Fact[] = [];
  let steadyMs = 0;
  const clock = { ...systemClock, steady: () => steadyMs };
  const store = await openStore(optionsFor(home.file("data"), { clock, onFact: (fact) => void facts.push(fact) }));
  const { meta } = store.housekeeping;
  return {
    home,
    store,
    facts,
    set: (value: string) => meta.set("name", value),
    get: () => meta.get("name"),
    passSecond() {
      steadyMs += 1000;
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      home[Symbol.dispose]();
    },
  };
}

type World = Awaited<ReturnType<typeof openWorld>>;

const losses: ReadonlyArray<readonly [name: string, lose: (world: World) => void]> = [
  ["the data directory is deleted", ({ home }) => rmSync(home.file("data"), { recursive: true })],
  ["the data directory is moved", ({ home }) => renameSync(home.file("data"), home.file("moved"))],
  ["the write-ahead log is deleted", ({ home }) => rmSync(home.file("data/boathook.db-wal"))],
  [
    "another file replaces the database",
    ({ home }) => {
      rmSync(home.file("data/boathook.db"));
      writeFileSync(home.file("data/boathook.db"), "");
    },
  ],
];

describe("the files of a store that is in use", () => {
  for (const [name, lose] of losses)
    test(`when ${name}, commits fail within a second and the store is reported as failing`, async () => {
      await using world = await openWorld();
      await world.set("before");
      lose(world);
      world.passSecond();
      await expect(world.set("lost")).rejects.toThrow("deleted, moved or replaced");
      await expect(world.set("lost too")).rejects.toThrow("deleted, moved or replaced");
      expect(await world.store.housekeeping.health()).toMatchObject({ failing: true });
      expect(world.facts).toContainEqual(expect.objectContaining({ type: "store.failing" }));
    });

  test("a health check detects that the data directory was deleted, even without a commit", async () => {
    await using world = await openWorld();
    rmSync(world.home.file("data"), { recursive: true });
    world.passSecond();
    await expect(world.store.housekeeping.ping()).rejects.toThrow("deleted, moved or replaced");
    expect(await world.store.housekeeping.health()).toMatchObject({ failing: true });
  });

  test("when a moved data directory is put back, commits succeed again and nothing is lost", async () => {
    await using world = await openWorld();
    await world.set("before");
    renameSync(world.home.file("data"), world.home.file("moved"));
    world.passSecond();
    await expect(world.set("lost")).rejects.toThrow("deleted, moved or replaced");
    renameSync(world.home.file("moved"), world.home.file("data"));
    expect(await world.get()).toBe("before");
    await world.set("after");
    expect(await world.get()).toBe("after");
    expect(await world.store.housekeeping.health()).toMatchObject({ failing: false });
  });

  test("other files and changes of the directory do not matter", async () => {
    await using world = await openWorld();
    mkdirSync(world.home.file("data/other"));
    rmSync(world.home.file("data/boathook.lock"));
    world.passSecond();
    await world.set("value");
    expect(await world.get()).toBe("value");
  });
});
