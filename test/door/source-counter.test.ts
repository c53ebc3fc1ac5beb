import { describe, expect, test } from "bun:test";
import type { SourceCounts } from "../../src/core/received.ts";
import { SourceCounter } from "../../src/door/source-counter.ts";
import { VirtualClock } from "../sim/clock.ts";
import { memoryWorld, sqliteError } from "../store/sqlite/memory-world.ts";

const NONE: SourceCounts = { stored: 0, duplicate: 0, refused: 0, limited: 0, handshake: 0 };

async function opened() {
  const memory = await memoryWorld();
  const { world } = memory;
  const clock = new VirtualClock(world.now);
  const counter = new SourceCounter(clock.ofProcess(0), world.store);
  await counter.start();
  const source = await world.addSource();
  memory.commits.length = 0;
  const stored = () => world.store.configuration.sources.counts(source.seq);
  return {
    ...{ memory, clock, counter, source, stored },
    /** Runs the next task of the clock, and everything that follows from it. */
    async runNext() {
      clock.next()!.task();
      await counter.of(17);
    },
    [Symbol.asyncDispose]: () => memory[Symbol.asyncDispose](),
  };
}

describe("the counter of sources", () => {
  test("counts are collected and stored in one commit, and an idle counter commits nothing", async () => {
    await using setup = await opened();
    const { counter, source } = setup;
    for (let i = 0; i < 5; i++) counter.add(source.seq, "stored");
    counter.add(source.seq, "refused");
    expect(setup.memory.commits).toEqual([]);
    await setup.runNext();
    expect(await setup.stored()).toEqual({ ...NONE, stored: 5, refused: 1 });
    expect(setup.memory.commits.length).toBe(1);
    expect(setup.clock.peek()).toBe(Number.POSITIVE_INFINITY);
  });

  test("the counts of a source include those that were not stored yet, also while they are being stored", async () => {
    await using setup = await opened();
    const { counter, source } = setup;
    counter.add(source.seq, "duplicate");
    const results = [counter.of(source.seq)];
    counter.add(source.seq, "duplicate");
    results.push(counter.of(source.seq), counter.of(source.seq));
    const counts = await Promise.all(results);
    expect(counts.map(({ duplicate }) => duplicate)).toEqual([expect.any(Number), 2, 2]);
    expect(counts[0]!.duplicate).toBeGreaterThanOrEqual(1);
    expect(await counter.of(source.seq)).toEqual({ ...NONE, duplicate: 2 });
  });

  test("counts that could not be stored are stored later", async () => {
    await using setup = await opened();
    const { counter, source, memory } = setup;
    counter.add(source.seq, "handshake");
    memory.trouble = sqliteError("SQLITE_FULL");
    await setup.runNext();
    expect(await setup.stored()).toEqual(NONE);
    counter.add(source.seq, "handshake");
    expect(await counter.of(source.seq)).toEqual({ ...NONE, handshake: 2 });
    memory.trouble = null;
    expect(await counter.of(source.seq)).toEqual({ ...NONE, handshake: 2 });
    expect(await setup.stored()).toEqual({ ...NONE, handshake: 2 });
  });

  test("counts that are added while the store fails are kept too", async () => {
    await using setup = await opened();
    const { counter, source, memory } = setup;
    memory.trouble = sqliteError("SQLITE_FULL");
    counter.add(source.seq, "stored");
    const first = counter.of(source.seq);
    // The commit runs at the end of the turn, and this before it.
    for (let i = 0; i < 3; i++) await Promise.resolve();
    counter.add(source.seq, "stored");
    expect(await first).toEqual({ ...NONE, stored: 2 });
    memory.trouble = null;
    expect(await counter.of(source.seq)).toEqual({ ...NONE, stored: 2 });
  });

  test("the stop stores the collected counts", async () => {
    await using setup = await opened();
    setup.counter.add(setup.source.seq, "limited");
    await setup.counter.stop();
    expect(await setup.stored()).toEqual({ ...NONE, limited: 1 });
  });
});
