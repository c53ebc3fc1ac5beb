import { describe, expect, test } from "bun:test";
import { Live, type OverviewSource } from "../../../src/api/live/live.ts";
import { Facts } from "../../../src/core/fact.ts";
import { Signals } from "../../../src/core/signal.ts";

/** A clock that only moves when the test moves it. */
class ManualClock {
  at = 0;
  #waiting: { at: number; task: () => void }[] = [];

  readonly now = () => this.at;
  readonly soon = (task: () => void) => task();
  readonly after = (delayMs: number, task: () => void) => {
    const entry = { at: this.at + delayMs, task };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((one) => one !== entry);
    };
  };

  get waiting(): number {
    return this.#waiting.length;
  }

  async pass(ms: number): Promise<void> {
    this.at += ms;
    const due = this.#waiting.filter(({ at }) => at <= this.at);
    this.#waiting = this.#waiting.filter(({ at }) => at > this.at);
    for (const { task } of due) task();
    // Lets the tasks that were started read their source.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const viewer = { environmentSeq: 1, root: false };

function setup() {
  const clock = new ManualClock();
  const facts = new Facts();
  const signals = new Signals(() => {});
  const looks: number[] = [];
  const source = {
    of: async (environmentSeq: number) => {
      looks.push(environmentSeq);
      return { environment: String(environmentSeq), look: looks.length };
    },
  } as unknown as OverviewSource;
  const live = new Live(source, clock, facts, signals);
  const change = () => facts.state({ type: "deliveries.redriven", environmentSeq: 1, count: 1 });
  const endTokens = (environmentSeq: number | null = 1) => signals.send({ type: "tokens.changed", environmentSeq });
  return { clock, live, looks, change, endTokens };
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  return new TextDecoder().decode((await reader.read()).value);
}

describe("the live view", () => {
  test("the live view starts with the current overview", async () => {
    const { live } = setup();
    const reader = (await live.open(viewer)).getReader();
    expect(await read(reader)).toBe('event: overview\ndata: {"environment":"1","look":1}\n\n');
  });

  test("the live view sends many changes as one event per second", async () => {
    const { clock, live, looks, change } = setup();
    const reader = (await live.open(viewer)).getReader();
    await read(reader);
    for (let i = 0; i < 10; i++) change();
    await clock.pass(0);
    expect(await read(reader)).toContain('"look":2');
    for (let i = 0; i < 10; i++) change();
    await clock.pass(999);
    expect(looks).toHaveLength(2);
    await clock.pass(1);
    expect(await read(reader)).toContain('"look":3');
  });

  test("the live view reads the overview once for all listeners of an environment", async () => {
    const { clock, live, looks, change } = setup();
    for (const environment of [1, 1, 2]) await live.open({ environmentSeq: environment, root: false });
    change();
    await clock.pass(0);
    expect(looks.slice(3)).toEqual([1, 2]);
  });

  test("the live view sends a comment at intervals to keep the connection open", async () => {
    const { clock, live } = setup();
    const reader = (await live.open(viewer)).getReader();
    await read(reader);
    await clock.pass(15_000);
    expect(await read(reader)).toStartWith(":");
    await clock.pass(15_000);
    expect(await read(reader)).toStartWith(":");
  });

  test("a listener that disconnects is dropped, and the live view reads nothing without listeners", async () => {
    const { clock, live, looks, change } = setup();
    const reader = (await live.open(viewer)).getReader();
    await reader.cancel();
    change();
    expect(clock.waiting).toBe(0);
    expect(looks).toHaveLength(1);
  });

  test("a change of an environment's tokens ends the streams of that environment only", async () => {
    const { clock, live, change, endTokens } = setup();
    const others = [
      { environmentSeq: 1, root: true },
      { environmentSeq: 2, root: false },
    ];
    const ended = (await live.open(viewer)).getReader();
    const lasting = await Promise.all(others.map(async (other) => (await live.open(other)).getReader()));
    for (const reader of [ended, ...lasting]) await read(reader);
    endTokens();
    expect((await ended.read()).done).toBe(true);
    change();
    await clock.pass(0);
    for (const reader of lasting) expect(await read(reader)).toContain("event: overview");
  });

  test("a change of tokens in any environment ends all streams except those of root", async () => {
    const { clock, live, change, endTokens } = setup();
    const viewers = [viewer, { environmentSeq: 2, root: false }, { environmentSeq: 1, root: true }];
    const readers = await Promise.all(viewers.map(async (one) => (await live.open(one)).getReader()));
    for (const reader of readers) await read(reader);
    endTokens(null);
    expect([await readers[0]!.read(), await readers[1]!.read()].map(({ done }) => done)).toEqual([true, true]);
    change();
    await clock.pass(0);
    expect(await read(readers[2]!)).toContain("event: overview");
  });

  test("a stream whose token ends while it is opened ends after the first event", async () => {
    const { live, endTokens } = setup();
    const opening = live.open(viewer);
    endTokens();
    const reader = (await opening).getReader();
    expect(await read(reader)).toContain("event: overview");
    expect((await reader.read()).done).toBe(true);
  });

  test("the live view returns 429 beyond two hundred listeners until one leaves", async () => {
    const { live } = setup();
    const streams = await Promise.all(Array.from({ length: 200 }, () => live.open(viewer)));
    await expect(live.open(viewer)).rejects.toMatchObject({ status: 429 });
    await streams[0]!.cancel();
    await live.open(viewer);
  });

  test("the live view buffers at most a few events for a listener that does not read", async () => {
    const { clock, live, change } = setup();
    const stream = await live.open(viewer);
    for (let i = 0; i < 50; i++) {
      change();
      await clock.pass(1000);
    }
    const reader = stream.getReader();
    let events = 0;
    for (;;) {
      const next = await Promise.race([reader.read(), Promise.resolve(null)]);
      if (next === null) break;
      events++;
    }
    expect(events).toBeLessThan(10);
  });
});
