import { expect, test } from "bun:test";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { type FeedParts, PostgresFeed } from "../../../../src/store/postgres/instances/feed.ts";
import { VirtualClock } from "../../../sim/clock.ts";

/** A feed of a process that is alone, whose database has gone after its start unless `isThere`. */
async function openFeed() {
  const clock = new VirtualClock(0);
  const state = { looks: 0, isThere: true };
  const control = {
    all: async () => {
      state.looks++;
      if (!state.isThere) throw new StoreUnavailable("no connection");
      return [];
    },
  };
  const parts = {
    ...{ database: { control }, clock: clock.ofProcess(0) },
    instance: { slot: 0, fence: 1, leaseMs: 10_000, isShared: false, looked() {} },
    committer: { idleFloor: null },
    onDefect: (error: unknown) => expect(error).toBeUndefined(),
  };
  const feed = new PostgresFeed(parts as unknown as FeedParts);
  await feed.start();
  /** Lets time pass, in which somebody asks every ms for what is known. Returns what they got. */
  const askFor = async (ms: number) => {
    const outcomes: Promise<unknown>[] = [];
    for (const end = clock.now + ms; clock.now < end; ) {
      clock.skip(1);
      while (clock.peek() <= clock.now) clock.next()!.task();
      const known = feed.verbs.catchUp();
      if (known !== null) outcomes.push(known.catch((error: unknown) => error));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return outcomes;
  };
  return { state, askFor };
}

test("while the database is away, a process looks 5 times a second, however many ask, and all of them fail", async () => {
  const { state, askFor } = await openFeed();
  await askFor(500);
  state.isThere = false;
  await askFor(500);
  const before = state.looks;
  const outcomes = await askFor(1000);
  expect(state.looks - before).toBe(5);
  const ended = await Promise.all(outcomes.slice(0, 700));
  expect(ended.every((error) => error instanceof StoreUnavailable)).toBe(true);
});

test("those who ask while the database is away get what they need with the next look after it is back", async () => {
  const { state, askFor } = await openFeed();
  state.isThere = false;
  await askFor(600);
  state.isThere = true;
  const outcomes = await askFor(300);
  expect(await Promise.all(outcomes)).toEqual(outcomes.map(() => undefined));
});
