import { describe, expect, test } from "bun:test";
import { Signals } from "../../src/core/signal.ts";
import { SourceDirectory, type SourceEntry } from "../../src/door/source-directory.ts";
import type { Receiver } from "../../src/receive/receiver.ts";
import type { Source } from "../../src/store/index.ts";
import { doorToken } from "../store/furnished.ts";
import { memoryWorld } from "../store/sqlite/memory-world.ts";
import { storeWith } from "../support/store-with.ts";

const TOKEN = "a".repeat(32);
const OTHER = "b".repeat(32);

/** A directory over a store in memory, and how often it has read the store. */
async function opened() {
  const memory = await memoryWorld();
  const { world } = memory;
  const signals = new Signals((error) => {
    throw error;
  });
  const { configuration } = world.store;
  const counted = { reads: 0, beforeAnswer: async () => {} };
  const sources = {
    ...configuration.sources,
    withToken: async (...args: Parameters<typeof configuration.sources.withToken>) => {
      counted.reads++;
      const found = await configuration.sources.withToken(...args);
      await counted.beforeAnswer();
      return found;
    },
  };
  const prepared: string[] = [];
  const directory = new SourceDirectory({
    store: storeWith(world.store, { configuration: { sources } }),
    clock: { now: () => world.now, steady: () => world.now, soon: () => {}, after: () => () => {} },
    signals,
    prepare: (source, url) => {
      prepared.push(url);
      return { name: source.name } as unknown as Receiver;
    },
    publicUrl: () => "https://hooks.example/base",
  });
  const changed = ({ seq, environmentSeq }: Source) =>
    signals.send({ type: "source.changed", sourceSeq: seq, environmentSeq });
  const find = async (token: string): Promise<SourceEntry | null> => directory.find(token);
  return {
    ...{ world, configuration, directory, find, prepared, signals, changed, counted },
    [Symbol.asyncDispose]: () => memory[Symbol.asyncDispose](),
  };
}

describe("the directory of sources", () => {
  test("a source is read and its keys are prepared once for each of its tokens", async () => {
    await using setup = await opened();
    const source = await setup.world.addSource({}, doorToken(TOKEN));
    const entry = (await setup.find(TOKEN))!;
    expect(entry.source).toEqual(source);
    expect(entry.application).toEqual({ seq: source.applicationSeq });
    expect(entry.url).toBe(`https://hooks.example/base/in/${TOKEN}`);
    expect(setup.directory.find(TOKEN)).toBe(entry);
    expect(setup.counted.reads).toBe(1);
    expect(setup.prepared).toEqual([entry.url]);
  });

  test("the URL that the sender has registered replaces the source's own", async () => {
    await using setup = await opened();
    await setup.world.addSource({ config: { url: "https://old.example/hook" } }, doorToken(TOKEN));
    expect((await setup.find(TOKEN))!.url).toBe("https://old.example/hook");
    expect(setup.prepared).toEqual(["https://old.example/hook"]);
  });

  test("unknown tokens are not found, and texts that cannot be tokens are not looked up", async () => {
    await using setup = await opened();
    for (const text of ["", "..", "a", TOKEN.slice(1), `${TOKEN}a`, `${TOKEN.slice(1)}/`, `${TOKEN.slice(1)}ä`]) {
      expect(setup.directory.find(text)).toBeNull();
    }
    expect(setup.counted.reads).toBe(0);
    expect(await setup.find(TOKEN)).toBeNull();
    // A token that is created later is found at once.
    await setup.world.addSource({}, doorToken(TOKEN));
    expect(await setup.find(TOKEN)).not.toBeNull();
  });

  test("a change of a source is seen by the next request, whichever token it uses", async () => {
    await using setup = await opened();
    const { sources } = setup.configuration;
    const source = await setup.world.addSource({}, doorToken(TOKEN));
    const unchanged = await setup.world.addSource({}, doorToken("c".repeat(32)));
    const at = { now: setup.world.now, oldExpiresAt: setup.world.now + 1000, limit: null };
    await sources.rotateToken(source.seq, doorToken(OTHER), at);
    for (const token of [TOKEN, OTHER, "c".repeat(32)]) await setup.find(token);
    await sources.update(source.seq, () => ({ name: "New" }));
    setup.changed(source);
    expect((await setup.find(TOKEN))!.source.name).toBe("New");
    expect((await setup.find(OTHER))!.receiver).toEqual({ name: "New" } as unknown as Receiver);
    expect((await setup.find("c".repeat(32)))!.source).toEqual(unchanged);
    expect(setup.counted.reads).toBe(5);
    await sources.delete(source.seq, setup.world.now);
    setup.changed(source);
    expect([await setup.find(TOKEN), await setup.find(OTHER)]).toEqual([null, null]);
  });

  test("everything is read again after other processes may have changed something", async () => {
    await using setup = await opened();
    const source = await setup.world.addSource({}, doorToken(TOKEN));
    await setup.find(TOKEN);
    await setup.configuration.sources.delete(source.seq, setup.world.now);
    setup.signals.send({ type: "store.changed" });
    expect(await setup.find(TOKEN)).toBeNull();
  });

  test("an entry that was read before a change is not cached after it", async () => {
    await using setup = await opened();
    const source = await setup.world.addSource({}, doorToken(TOKEN));
    setup.counted.beforeAnswer = async () => {
      setup.counted.beforeAnswer = async () => {};
      await setup.configuration.sources.delete(source.seq, setup.world.now);
      setup.changed(source);
    };
    await setup.find(TOKEN);
    expect(await setup.find(TOKEN)).toBeNull();
  });

  test("a cached token that ends is not found anymore", async () => {
    await using setup = await opened();
    const source = await setup.world.addSource({}, doorToken(TOKEN));
    const end = setup.world.now + 1000;
    const at = { now: setup.world.now, oldExpiresAt: end, limit: null };
    await setup.configuration.sources.rotateToken(source.seq, doorToken(OTHER), at);
    setup.changed(source);
    setup.world.now = end - 1;
    expect((await setup.find(TOKEN))!.validUntil).toBe(end);
    setup.world.now = end;
    expect(await setup.find(TOKEN)).toBeNull();
    expect((await setup.find(OTHER))!.validUntil).toBe(Number.POSITIVE_INFINITY);
  });
});
