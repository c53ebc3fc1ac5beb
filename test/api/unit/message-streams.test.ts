import { expect, test } from "bun:test";
import { ByteBudget } from "../../../src/api/http/byte-budget.ts";
import type { EventPage } from "../../../src/api/live/message-stream.ts";
import { MessageStreams, type StreamRequest } from "../../../src/api/live/message-streams.ts";
import type { Fact } from "../../../src/core/fact.ts";
import { Facts } from "../../../src/core/facts.ts";
import { Problem } from "../../../src/core/problem.ts";
import { VirtualClock } from "../../sim/clock.ts";

const encode = (text: string) => new Uint8Array(Buffer.from(text));

/** Streams of an application whose messages are the numbers that were accepted. */
class Bench {
  readonly clock = new VirtualClock(Date.UTC(2026, 0, 1));
  readonly facts = new Facts();
  readonly accepted: number[] = [];
  readonly stopping = new AbortController();
  reads = 0;
  readonly streams = new MessageStreams({
    facts: this.facts,
    clock: this.clock.ofProcess(0),
    stopping: this.stopping.signal,
  });

  open(change: Partial<StreamRequest> = {}) {
    const lease = new ByteBudget(1024 * 1024).lease({ kind: "application", key: "2" });
    const stream = this.streams.open({
      ...{ applicationSeq: 2, filter: {}, after: 0, lease },
      admission: { watch: () => () => {} },
      client: new AbortController().signal,
      read: (after) => this.#read(after),
      ...change,
    });
    return stream.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  }

  accept(seq: number): void {
    this.accepted.push(seq);
    const fact: Partial<Fact> = { type: "message.accepted", messageSeq: seq, applicationSeq: 2 };
    this.facts.state(fact as Fact);
  }

  /** Advances the clock in steps, so that promises in between settle. */
  async pass(ms: number): Promise<void> {
    const until = this.clock.now + ms;
    await turn();
    while (this.clock.peek() <= until) {
      this.clock.next()?.task();
      await turn();
    }
    this.clock.skip(until - this.clock.now);
  }

  async #read(after: number): Promise<EventPage> {
    this.reads++;
    const next = this.accepted.filter((seq) => seq > after);
    await turn();
    return { bytes: encode(next.map((seq) => `${seq};`).join("")), cursor: next.at(-1) ?? after, more: false };
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function textOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | null> {
  const { done, value } = await reader.read();
  return done ? null : Buffer.from(value).toString();
}

test("streams that are at the same message share a read, and each gets all messages", async () => {
  const bench = new Bench();
  const readers = Array.from({ length: 50 }, () => bench.open());
  for (const reader of readers) expect(await textOf(reader)).toBe(": connected\n\n");
  const texts = readers.map(textOf);
  await bench.pass(1);
  const before = bench.reads;
  bench.accept(1);
  bench.accept(2);
  await bench.pass(1);
  expect(await Promise.all(texts)).toEqual(readers.map(() => "1;2;"));
  expect(bench.reads - before).toBeLessThan(5);
});

test("a message that is accepted during a read is sent soon after it, also to a stream that opens during the read", async () => {
  const bench = new Bench();
  const readers = [bench.open(), bench.open()];
  for (const reader of readers) await textOf(reader);
  const first = textOf(readers[0]!);
  // The read for the first stream has begun, but not ended.
  expect(bench.reads).toBe(1);
  bench.accept(1);
  const second = textOf(readers[1]!);
  await bench.pass(1);
  expect(await Promise.all([first, second])).toEqual(["1;", "1;"]);
});

test("a stream without messages has a comment every 15 seconds", async () => {
  const bench = new Bench();
  const reader = bench.open();
  await textOf(reader);
  for (let i = 0; i < 3; i++) {
    const next = textOf(reader);
    await bench.pass(15_000);
    expect(await next).toBe(": still here\n\n");
  }
});

test("a client that does not read is disconnected after a minute, and its memory is free again", async () => {
  const bench = new Bench();
  const budget = new ByteBudget(40);
  const caller = { kind: "application", key: "2" } as const;
  for (let seq = 1; seq <= 4; seq++) bench.accept(seq);
  const stalled = bench.open({ lease: budget.lease(caller) });
  await textOf(stalled);
  await textOf(stalled);
  // Eight of the ten bytes of the caller are used by what the client has not read.
  expect(() => budget.lease(caller).grow(8)).toThrow(Problem);
  await bench.pass(59_000);
  expect(() => budget.lease(caller).grow(8)).toThrow(Problem);
  await bench.pass(2_000);
  budget.lease(caller).grow(8);
  expect(await textOf(stalled)).toBeNull();
});

test("a stream waits until there is memory for its messages", async () => {
  const bench = new Bench();
  const budget = new ByteBudget(40);
  const caller = { kind: "application", key: "2" } as const;
  const other = budget.lease(caller);
  other.grow(9);
  const reader = bench.open({ lease: budget.lease(caller) });
  await textOf(reader);
  const next = textOf(reader);
  bench.accept(1);
  await bench.pass(5_000);
  other.end();
  await bench.pass(1_000);
  expect(await next).toBe("1;");
});

test("all streams end when the server stops, and no timer is left behind", async () => {
  const bench = new Bench();
  const readers = [bench.open(), bench.open()];
  for (const reader of readers) await textOf(reader);
  const ends = readers.map(textOf);
  await turn();
  bench.stopping.abort();
  expect(await Promise.all(ends)).toEqual([null, null]);
  await bench.pass(60_000);
  expect(bench.clock.next()).toBeNull();
});

test("an application can have a thousand streams, and another application still gets one", async () => {
  const bench = new Bench();
  const readers = Array.from({ length: 1000 }, () => bench.open());
  expect(() => bench.open()).toThrow(Problem);
  bench.open({ applicationSeq: 3 });
  await readers[0]!.cancel();
  bench.open();
});
