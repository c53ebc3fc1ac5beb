import { describe, expect, test } from "bun:test";
import { UnknownTokens } from "../../src/api/resources/door/unknown-tokens.ts";
import { IngestPace } from "../../src/door/ingest-pace.ts";
import { type LoggedRequest, RefusalLog } from "../../src/door/refusal-log.ts";
import { type SourceLogEntry, type Store, StoreUnavailable } from "../../src/store/index.ts";

let now = 0;
const clock = { now: () => now, steady: () => now, soon: () => {}, after: () => () => {} };

describe("the pace of a source", () => {
  test("a source may store one second's worth of messages at once, and then its rate", () => {
    const pace = new IngestPace(clock);
    const taken = () => Array.from({ length: 10 }, () => pace.take(1, 4)).filter((waitMs) => waitMs === 0).length;
    expect(taken()).toBe(4);
    now += 500;
    expect(taken()).toBe(2);
    now += 60_000;
    expect(taken()).toBe(4);
  });

  test("the time to wait is the time until a message is permitted", () => {
    const pace = new IngestPace(clock);
    expect(pace.take(1, 2)).toBe(0);
    expect(pace.take(1, 2)).toBe(0);
    expect(pace.take(1, 2)).toBe(500);
    now += 500;
    expect(pace.take(1, 2)).toBe(0);
  });

  test("sources do not share their pace, and a permission may be given back", () => {
    const pace = new IngestPace(clock);
    expect([pace.take(1, 1), pace.take(2, 1), pace.take(1, 1) > 0]).toEqual([0, 0, true]);
    pace.giveBack(1);
    pace.giveBack(3);
    expect(pace.take(1, 1)).toBe(0);
  });
});

describe("requests with unknown tokens", () => {
  test("each address may send 60 a minute", () => {
    const unknown = new UnknownTokens(clock);
    const statuses = (address: string, count: number) =>
      Array.from({ length: count }, () => unknown.problemFor(address).status);
    expect(new Set(statuses("a", 60))).toEqual(new Set([404]));
    now += 59_000;
    expect(unknown.problemFor("a")).toMatchObject({ status: 429, code: "rate_limited", retry: 1 });
    expect(statuses("b", 1)).toEqual([404]);
    now += 1000;
    expect(statuses("a", 1)).toEqual([404]);
  });

  test("the number of addresses that are remembered is limited", () => {
    const unknown = new UnknownTokens(clock);
    for (let i = 0; i < 60; i++) unknown.problemFor("first");
    expect(unknown.problemFor("first").status).toBe(429);
    for (let i = 0; i < 10_000; i++) unknown.problemFor(`address-${i}`);
    expect(unknown.problemFor("first").status).toBe(404);
  });
});

describe("the log of refused requests", () => {
  const request: LoggedRequest = {
    sourceSeq: 1,
    status: 401,
    cause: "missing_signature",
    method: "POST",
    path: "/",
    address: "::1",
    headers: {},
    body: new Uint8Array(0),
  };
  function logWith(add: (entry: SourceLogEntry) => Promise<void>): RefusalLog {
    let seq = 0;
    const store = { history: { sourceLog: { add } } } as unknown as Store;
    return new RefusalLog(store, { next: () => ++seq, take: () => ++seq } as never, clock);
  }

  test("a source may log 100 requests at once, then 5 per second, and all sources together 500", async () => {
    const entries: SourceLogEntry[] = [];
    const log = logWith(async (entry) => void entries.push(entry));
    const add = async (sourceSeq: number, count: number) => {
      for (let i = 0; i < count; i++) await log.add({ ...request, sourceSeq });
    };
    await add(1, 200);
    expect(entries).toHaveLength(100);
    now += 1000;
    await add(1, 200);
    expect(entries).toHaveLength(105);
    for (let source = 2; source < 12; source++) await add(source, 100);
    expect(entries.length).toBeLessThanOrEqual(105 + 500);
  });

  test("a log that cannot be written does not fail the request", async () => {
    const log = logWith(() => Promise.reject(new StoreUnavailable("The disk is full.")));
    expect(await log.add(request)).toBe(false);
  });
});
