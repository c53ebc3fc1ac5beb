import { beforeEach, describe, expect, test } from "bun:test";
import type { FactOf } from "../../../src/core/fact.ts";
import { Facts } from "../../../src/core/facts.ts";
import { otlpForms } from "../../../src/telemetry/tracing/otlp.ts";
import type { Span } from "../../../src/telemetry/tracing/span.ts";
import {
  BATCH_MAX,
  type CollectorResponse,
  type PostToCollector,
  SPANS_MAX,
  SpanExporter,
} from "../../../src/telemetry/tracing/span-exporter.ts";
import { VirtualClock } from "../../sim/clock.ts";
import { decodedSpans, partialSuccess } from "../../support/collector.ts";

/** Tests the exporter on a virtual clock, with a collector in memory. */

const form = otlpForms["http/protobuf"];
const origin = { resource: { "service.name": "boathook" }, scope: { name: "boathook", version: "1" } };
const response = (status: number, fields: Partial<CollectorResponse> = {}): CollectorResponse => ({
  ...{ status, retryAfter: null, body: new Uint8Array(0) },
  ...fields,
});

let clock: VirtualClock;
let facts: Facts;
let exported: number;
let dropped: number;
let reports: string[];
/** The number of spans of each request, with its time. */
let requests: Array<readonly [atMs: number, spans: number]>;
let collector: (signal: AbortSignal) => Promise<CollectorResponse>;
let exporter: SpanExporter;

beforeEach(() => {
  clock = new VirtualClock(0);
  facts = new Facts();
  [exported, dropped, reports, requests] = [0, 0, [], []];
  facts.on(["spans.exported"], ({ count }) => {
    exported += count;
  });
  facts.on(["spans.dropped"], ({ count }) => {
    dropped += count;
  });
  facts.on(["traces.failing", "traces.recovered", "defect.found"], (fact) => {
    reports.push(fact.type === "traces.failing" ? `failing: ${fact.reason}` : fact.type);
  });
  collector = async () => response(200);
  const post: PostToCollector = (contentType, body, signal) => {
    requests.push([clock.now, decodedSpans(contentType, body).length]);
    return collector(signal);
  };
  exporter = new SpanExporter(clock.ofProcess(1), facts, form, origin, post);
  void exporter.start();
});

let made = 0;
function add(count: number): void {
  for (let i = 0; i < count; i++) exporter.add(spanOf(++made));
}

function spanOf(number: number): Span {
  const spanId = number.toString(16).padStart(16, "0");
  const times = { startAt: 1, endAt: 2 };
  return {
    ...{ traceId: "1".repeat(32), spanId, parentSpanId: null, tracestate: null, name: "boathook.accept" },
    ...{ kind: 1, ...times, attributes: {}, error: null },
  };
}

/** Runs what waits for promises. */
async function settle(): Promise<void> {
  for (let i = 0; i < 300; i++) await Promise.resolve();
}

/** Lets this much time pass. */
async function pass(ms: number): Promise<void> {
  const end = clock.now + ms;
  await settle();
  while (clock.peek() <= end) {
    clock.next()!.task();
    await settle();
  }
  clock.skip(end - clock.now);
}

/** A collector that never responds. */
const hanging = (signal: AbortSignal) =>
  new Promise<CollectorResponse>((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("aborted")));
  });

describe("batches", () => {
  test("the spans of a second are exported together", async () => {
    add(2);
    await pass(500);
    add(1);
    await pass(499);
    expect(requests).toEqual([]);
    await pass(1);
    expect([requests, exported]).toEqual([[[1000, 3]], 3]);
    await pass(10_000);
    expect(requests).toHaveLength(1);
  });

  test("a collector that rejects more spans than it got has rejected all of them", async () => {
    collector = async () => response(200, { body: partialSuccess(form.contentType, 5_000_000_000) });
    add(3);
    await pass(2000);
    expect([exported, dropped]).toEqual([0, 3]);
  });

  test("a full batch is exported at once, and the rest with the next one", async () => {
    add(BATCH_MAX * 2 + 5);
    await pass(0);
    expect(requests.map(([, spans]) => spans)).toEqual([BATCH_MAX, BATCH_MAX]);
    await pass(1000);
    expect([requests.at(-1)![1], exported]).toEqual([5, BATCH_MAX * 2 + 5]);
  });

  test("spans that a collector rejects in a successful response are counted as dropped", async () => {
    collector = async () => response(200, { body: partialSuccess(form.contentType, 2) });
    add(5);
    await pass(2000);
    expect([exported, dropped, reports]).toEqual([3, 2, []]);
  });
});

describe("a collector that is slow or down", () => {
  test("a batch is sent again with growing pauses until it succeeds, and the failure is reported once", async () => {
    collector = () => Promise.reject(new Error("ECONNREFUSED"));
    add(1);
    await pass(4500);
    collector = async () => response(200);
    await pass(60_000);
    expect(requests.map(([atMs]) => atMs)).toEqual([1000, 2000, 4000, 8000]);
    expect([exported, dropped]).toEqual([1, 0]);
    expect(reports).toEqual(["failing: ECONNREFUSED", "traces.recovered"]);
  });

  test("a batch is dropped after five tries, and the next one is exported", async () => {
    collector = async () => response(503);
    add(3);
    await pass(20_000);
    expect([requests.length, exported, dropped]).toEqual([5, 0, 3]);
    collector = async () => response(200);
    add(2);
    await pass(1000);
    expect([exported, dropped]).toEqual([2, 3]);
    expect(reports).toEqual(["failing: Status 503.", "traces.recovered"]);
  });

  test("the time in `Retry-After` passes before the next try", async () => {
    collector = async () => response(429, { retryAfter: "7" });
    add(1);
    await pass(10_000);
    expect(requests.map(([atMs]) => atMs)).toEqual([1000, 8000]);
  });

  test.each([400, 401, 404, 413, 500, 302])(
    "a batch that is refused with status %d is not sent again",
    async (status) => {
      collector = async () => response(status);
      add(4);
      await pass(60_000);
      expect([requests.length, exported, dropped, reports]).toEqual([1, 0, 4, [`failing: Status ${status}.`]]);
    },
  );

  test("a request that gets no response in 10 seconds is given up", async () => {
    collector = hanging;
    add(1);
    await pass(11_000);
    expect(reports).toEqual(["failing: The collector did not respond in time."]);
  });

  test("the number of waiting spans is limited, and later ones are dropped and counted within a second", async () => {
    collector = hanging;
    add(BATCH_MAX);
    await pass(0);
    add(SPANS_MAX + 100);
    await pass(1000);
    expect(dropped).toBe(100);
    collector = async () => response(200);
    await pass(60_000);
    expect([exported, dropped]).toEqual([BATCH_MAX + SPANS_MAX, 100]);
  });
});

describe("a stop", () => {
  test("a stop exports what is left, however many batches there are", async () => {
    add(BATCH_MAX + 7);
    await exporter.stop();
    expect([requests.map(([, spans]) => spans), exported, dropped]).toEqual([[BATCH_MAX, 7], BATCH_MAX + 7, 0]);
  });

  test("a stop waits for a hanging collector at most two seconds", async () => {
    collector = hanging;
    add(BATCH_MAX + 7);
    await pass(0);
    let hasStopped = false;
    void exporter.stop().then(() => {
      hasStopped = true;
    });
    await pass(1999);
    expect(hasStopped).toBe(false);
    await pass(1);
    expect([hasStopped, dropped]).toEqual([true, BATCH_MAX + 7]);
  });

  test("a stop does not wait for a collector that has failed", async () => {
    collector = () => Promise.reject(new Error("ECONNREFUSED"));
    add(1);
    await pass(1500);
    await exporter.stop();
    expect([requests.length, dropped]).toEqual([1, 1]);
  });

  test("a collector that fails during a stop gets no further request", async () => {
    collector = async () => response(503);
    add(BATCH_MAX * 3);
    await exporter.stop();
    expect([requests.length, dropped]).toEqual([1, BATCH_MAX * 3]);
  });

  test("spans that come after a stop are dropped", async () => {
    await exporter.stop();
    add(3);
    await pass(1000);
    expect([requests, dropped]).toEqual([[], 3]);
  });
});

test("a bug in the export is reported and does not end it", async () => {
  const broken = { ...form, encode: () => raise() };
  const found: FactOf<"defect.found">[] = [];
  facts.on(["defect.found"], (fact) => void found.push(fact));
  exporter = new SpanExporter(clock.ofProcess(1), facts, broken, origin, async () => response(200));
  add(1);
  await pass(1000);
  add(1);
  await pass(1000);
  expect(found.map(({ where }) => where)).toEqual(["export of traces", "export of traces"]);
});

function raise(): never {
  throw new Error("bug");
}
