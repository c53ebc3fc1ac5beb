import { describe, expect, test } from "bun:test";
import { type Admission, unwatched } from "../../../src/api/identity/admission.ts";
import { Live } from "../../../src/api/live/live.ts";
import type { OverviewSource } from "../../../src/api/live/overview-source.ts";
import type { FactOf } from "../../../src/core/fact.ts";
import { Facts } from "../../../src/core/facts.ts";
import type { IdCodec } from "../../../src/core/id.ts";
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
  /** The latest messages of every environment. */
  const messages: { id: string; deliveries: number }[] = [];
  /** The environments of the applications. */
  const places = new Map([
    [11, 1],
    [22, 2],
  ]);
  const source = {
    of: async (environmentSeq: number) => {
      looks.push(environmentSeq);
      return { environment: String(environmentSeq), look: looks.length, messages: [...messages] };
    },
  } as unknown as OverviewSource;
  const ids = { encode: (prefix: string, seq: number) => `${prefix}${seq}` } as unknown as IdCodec;
  const environmentOf = async (applicationSeq: number) => places.get(applicationSeq) ?? null;
  const live = new Live({ source, clock, facts, signals, ids, environmentOf });
  const change = (environmentSeq = 1) => facts.state({ type: "deliveries.redriven", environmentSeq, count: 1 });
  return { clock, live, looks, facts, signals, messages, change };
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  return new TextDecoder().decode((await reader.read()).value);
}

describe("the live view", () => {
  test("the live view starts with the current overview", async () => {
    const { live } = setup();
    const reader = (await live.open(viewer, unwatched)).getReader();
    expect(await read(reader)).toBe('event: overview\ndata: {"environment":"1","look":1,"messages":[]}\n\n');
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

/** An attempt of a message of application 11 in environment 1. */
function attemptOf(messageSeq: number, next: "delivered" | "dead" = "delivered"): FactOf<"attempt.finished"> {
  return {
    type: "attempt.finished",
    ...{ deliverySeq: 1, messageSeq, endpointSeq: 5, applicationSeq: 11, environmentSeq: 1, attemptSeq: 1 },
    ...{ failedBefore: 0, reason: null, responseStatus: 200, durationMs: 1, next, was: "pending", deadReason: null },
    sinceAcceptedMs: 1,
  };
}

describe("the live view with differences", () => {
  const differences = { differences: true };

  async function follow() {
    const parts = setup();
    const reader = (await parts.live.open(viewer, unwatched, differences)).getReader();
    expect(await read(reader)).toStartWith("event: overview\n");
    const next = async () => {
      await parts.clock.pass(1000);
      const text = await read(reader);
      expect(text).toStartWith("event: change\ndata: ");
      return JSON.parse(text.slice(text.indexOf("data: ") + 6));
    };
    return { ...parts, reader, next };
  }

  test("an event has only the fields that differ, the messages that differ, and what has changed", async () => {
    const { facts, messages, next } = await follow();
    messages.unshift({ id: "msg_1", deliveries: 0 });
    facts.state(attemptOf(1));
    expect(await next()).toEqual({
      look: 2,
      messages: [{ id: "msg_1", deliveries: 0 }],
      changed: { topics: ["deliveries"], ids: ["msg_1", "ep_5", "app_11"], unlisted: [] },
    });
    messages[0] = { id: "msg_1", deliveries: 1 };
    messages.unshift({ id: "msg_2", deliveries: 0 });
    facts.state(attemptOf(1, "dead"));
    expect(await next()).toMatchObject({ messages, changed: { topics: ["deliveries", "deadLetters"] } });
    facts.state({ type: "source.received", sourceSeq: 7, environmentSeq: 1, source: "shop", outcome: "refused" });
    const changed = { topics: ["sources"], ids: ["src_7"], unlisted: [] };
    expect(await next()).toEqual({ look: 4, messages: [], changed });
  });

  test("an event has the ids of 100 messages, and none of 101", async () => {
    const { facts, next } = await follow();
    for (let seq = 1; seq <= 100; seq++) for (let twice = 0; twice < 2; twice++) facts.state(attemptOf(seq));
    const listed = (await next()).changed;
    expect(listed.ids.filter((id: string) => id.startsWith("msg_"))).toHaveLength(100);
    expect(listed.unlisted).toEqual([]);
    for (let seq = 1; seq <= 101; seq++) facts.state(attemptOf(seq));
    expect((await next()).changed).toEqual({ topics: ["deliveries"], ids: ["ep_5", "app_11"], unlisted: ["messages"] });
  });

  test("a change of an endpoint is sent only to the environment of its application", async () => {
    const { live, clock, signals, next } = await follow();
    const other = (await live.open({ environmentSeq: 2 }, unwatched, differences)).getReader();
    await read(other);
    signals.send({ type: "endpoint.changed", endpointSeq: 5, applicationSeq: 11 });
    expect((await next()).changed).toEqual({ topics: ["endpoints"], ids: ["ep_5"], unlisted: [] });
    signals.send({ type: "endpoint.changed", endpointSeq: 6, applicationSeq: 22 });
    await clock.pass(1000);
    expect(await read(other)).toEndWith('"changed":{"topics":["endpoints"],"ids":["ep_6"],"unlisted":[]}}\n\n');
  });

  test("when other processes have committed, anything of which they publish facts may have changed", async () => {
    const { signals, next } = await follow();
    signals.send({ type: "others.committed" });
    expect((await next()).changed).toEqual({
      topics: ["messages", "deliveries", "deadLetters", "sources", "tasks"],
      ids: [],
      unlisted: ["messages", "endpoints", "applications", "sources"],
    });
  });

  test("an endpoint of an unknown application may be any endpoint of any environment", async () => {
    const { signals, next } = await follow();
    signals.send({ type: "endpoint.changed", endpointSeq: 5, applicationSeq: 99 });
    expect((await next()).changed).toEqual({ topics: ["endpoints"], ids: [], unlisted: ["endpoints"] });
  });

  test("when messages disappear from the overview, the whole overview is sent", async () => {
    const { clock, messages, reader, change, next } = await follow();
    messages.push({ id: "msg_2", deliveries: 0 }, { id: "msg_1", deliveries: 0 });
    change();
    await next();
    messages.shift();
    change();
    await clock.pass(1000);
    expect(await read(reader)).toStartWith("event: overview\n");
  });

  test("a listener that was skipped gets the notice that everything may have changed, and all differences", async () => {
    const { live, clock, facts, messages } = setup();
    const stream = await live.open(viewer, unwatched, differences);
    for (let seq = 1; seq <= 20; seq++) {
      messages.unshift({ id: `msg_${seq}`, deliveries: 0 });
      facts.state(attemptOf(seq));
      await clock.pass(1000);
    }
    const reader = stream.getReader();
    let last = "";
    while (!last.includes("msg_4")) last = await read(reader);
    facts.state(attemptOf(20));
    await clock.pass(1000);
    const text = await read(reader);
    const { messages: sent, changed } = JSON.parse(text.slice(text.indexOf("data: ") + 6));
    expect(sent.map(({ id }: { id: string }) => id)).toEqual(messages.slice(0, 16).map(({ id }) => id));
    expect(changed.unlisted).toEqual(["messages", "endpoints", "applications", "sources"]);
  });

  test("a change during the opening of a stream is in its next event", async () => {
    const { live, clock, facts, messages } = setup();
    const opening = live.open(viewer, unwatched, differences);
    facts.state(attemptOf(1));
    const reader = (await opening).getReader();
    await read(reader);
    messages.unshift({ id: "msg_1", deliveries: 0 });
    await clock.pass(0);
    expect(await read(reader)).toContain('"ids":["msg_1","ep_5","app_11"]');
  });
});
