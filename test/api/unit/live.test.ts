import { describe, expect, test } from "bun:test";
import { type Admission, unwatched } from "../../../src/api/identity/admission.ts";
import { Live, type OverviewSource } from "../../../src/api/live/live.ts";
import { Facts } from "../../../src/core/fact.ts";
import { Problem } from "../../../src/core/problem.ts";
import { Signals } from "../../../src/core/signal.ts";

/** A clock that moves only when the test moves it. */
class ManualClock {
  at = 0;
  #waiting: { at: number; task: () => void }[] = [];

  readonly now = () => this.at;
  readonly steady = () => this.at;
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
    // Waits until the tasks started above have finished reading.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const viewer = { environmentSeq: 1 };

/** A token that the test can end. */
class EndableToken implements Admission {
  #onEnd: ((problem: Problem) => void) | null = null;

  get isWatched(): boolean {
    return this.#onEnd !== null;
  }

  watch(onEnd: (problem: Problem) => void) {
    this.#onEnd = onEnd;
    return () => {
      this.#onEnd = null;
    };
  }

  end(): void {
    this.#onEnd?.(new Problem(401, "authentication_failed", "The token has expired."));
  }
}

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
  const change = (environmentSeq = 1) => facts.state({ type: "deliveries.redriven", environmentSeq, count: 1 });
  return { clock, live, looks, facts, change };
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  return new TextDecoder().decode((await reader.read()).value);
}

describe("the live view", () => {
  test("the live view starts with the current overview", async () => {
    const { live } = setup();
    const reader = (await live.open(viewer, unwatched)).getReader();
    expect(await read(reader)).toBe('event: overview\ndata: {"environment":"1","look":1}\n\n');
  });

  test("the live view combines many changes into one event per second", async () => {
    const { clock, live, looks, change } = setup();
    const reader = (await live.open(viewer, unwatched)).getReader();
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

  test("a request to a source is a change, also if it is refused", async () => {
    const { clock, live, looks, facts } = setup();
    await live.open(viewer, unwatched);
    facts.state({ type: "source.received", sourceSeq: 7, environmentSeq: 1, source: "shop", outcome: "refused" });
    await clock.pass(0);
    expect(looks).toEqual([1, 1]);
  });

  test("the live view reads the overview once for all listeners of an environment", async () => {
    const { clock, live, looks, change } = setup();
    for (const environment of [1, 1, 2]) await live.open({ environmentSeq: environment }, unwatched);
    change();
    change(2);
    await clock.pass(0);
    expect(looks.slice(3)).toEqual([1, 2]);
  });

  test("the live view does not read an environment in which nothing has changed", async () => {
    const { clock, live, looks, change } = setup();
    for (const environmentSeq of [1, 2]) await live.open({ environmentSeq }, unwatched);
    change(2);
    change(3);
    await clock.pass(0);
    expect(looks.slice(2)).toEqual([2]);
  });

  test("the live view sends a comment at intervals to keep the connection open", async () => {
    const { clock, live } = setup();
    const reader = (await live.open(viewer, unwatched)).getReader();
    await read(reader);
    await clock.pass(15_000);
    expect(await read(reader)).toStartWith(":");
    await clock.pass(15_000);
    expect(await read(reader)).toStartWith(":");
  });

  test("a listener that disconnects is dropped, and without listeners the live view reads nothing", async () => {
    const { clock, live, looks, change } = setup();
    const reader = (await live.open(viewer, unwatched)).getReader();
    await reader.cancel();
    change();
    expect(clock.waiting).toBe(0);
    expect(looks).toHaveLength(1);
  });

  test("a stream whose token ends sends the event `end` last, and other streams continue", async () => {
    const { clock, live, change } = setup();
    const token = new EndableToken();
    const ended = (await live.open(viewer, token)).getReader();
    const lasting = (await live.open(viewer, unwatched)).getReader();
    for (const reader of [ended, lasting]) await read(reader);
    token.end();
    expect(await read(ended)).toBe('event: end\ndata: {"reason":"token"}\n\n');
    expect((await ended.read()).done).toBe(true);
    change();
    await clock.pass(0);
    expect(await read(lasting)).toContain("event: overview");
  });

  test("when a client closes a stream, the server stops watching the token of the stream", async () => {
    const { live } = setup();
    const token = new EndableToken();
    await (await live.open(viewer, token)).cancel();
    expect(token.isWatched).toBe(false);
  });

  test("the 101st listener of an environment gets 429 until another one leaves, and other environments are unaffected", async () => {
    const { live } = setup();
    const streams = await Promise.all(Array.from({ length: 100 }, () => live.open(viewer, unwatched)));
    await expect(live.open(viewer, unwatched)).rejects.toMatchObject({ status: 429 });
    await live.open({ environmentSeq: 2 }, unwatched);
    await streams[0]!.cancel();
    await live.open(viewer, unwatched);
  });

  test("the live view returns 429 to the 1,001st listener in total", async () => {
    const { live } = setup();
    for (let i = 0; i < 1000; i++) await live.open({ environmentSeq: i % 10 }, unwatched);
    await expect(live.open({ environmentSeq: 10 }, unwatched)).rejects.toMatchObject({ status: 429 });
  });

  test("the live view buffers only a few events for a listener that does not read", async () => {
    const { clock, live, change } = setup();
    const stream = await live.open(viewer, unwatched);
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
