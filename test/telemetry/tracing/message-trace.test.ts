import { describe, expect, test } from "bun:test";
import { isInShare, isRandom, isSampled } from "../../../src/core/trace.ts";
import { MessageTraces, type TraceOrigin } from "../../../src/telemetry/tracing/message-trace.ts";
import { receivedBy } from "../../store/furnished.ts";

const SEED = Buffer.from("seed");
const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";
const caller = (flags: string) => ({ traceparent: `00-${TRACE_ID}-${SPAN_ID}-${flags}`, tracestate: "a=1" });
const message = { seq: 7, received: null };
const ATTEMPT_SPAN = "00f067aa0ba902b7";

/** Returns the trace of a message, with the flags that its receivers get. */
function messageTrace(message: TraceOrigin, seed: Uint8Array, share: number) {
  const traces = new MessageTraces(seed, share);
  const trace = traces.of(message);
  const context = traces.contextFor(message, ATTEMPT_SPAN, traces.isSampled(message));
  expect(context.traceparent).toStartWith(`00-${trace.traceId}-${ATTEMPT_SPAN}-`);
  expect(context.tracestate).toBe(trace.tracestate);
  return { ...trace, isSampled: isSampled(context), isRandom: isRandom(context) };
}

describe("a message without a caller's trace", () => {
  test("the message begins a trace, which is the same each time and differs from that of other messages", () => {
    const trace = messageTrace(message, SEED, 1);
    expect(trace).toEqual({
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      callerSpanId: null,
      acceptSpanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      tracestate: null,
      isSampled: true,
      isRandom: true,
    });
    expect(messageTrace(message, SEED, 1)).toEqual(trace);
    const others = [messageTrace({ ...message, seq: 8 }, SEED, 1), messageTrace(message, Buffer.from("other"), 1)];
    expect(new Set([trace, ...others].flatMap(({ traceId, acceptSpanId }) => [traceId, acceptSpanId])).size).toBe(6);
  });

  test("the share decides whether the trace is recorded", () => {
    const sampled = (share: number) =>
      Array.from({ length: 2000 }, (_, seq) => messageTrace({ seq, received: null }, SEED, share)).filter(
        ({ isSampled }) => isSampled,
      ).length;
    expect([sampled(0), sampled(1)]).toEqual([0, 2000]);
    expect(sampled(0.5)).toBeWithin(900, 1100);
    expect(sampled(0.01)).toBeWithin(5, 45);
  });

  test("the share chooses by the trace id, as it does for traces of others", () => {
    for (const share of [0, 0.01, 0.3, 0.99, 1]) {
      const traces = new MessageTraces(SEED, share);
      for (let i = 0; i < 2000; i++) {
        const one = { seq: i * 2 ** 40 + i, received: null };
        expect(traces.isSampled(one)).toBe(isInShare(traces.of(one).traceId, share));
      }
    }
  });
});

describe("a message with a caller's trace", () => {
  test.each([
    ["01", true, false],
    ["00", false, false],
    ["03", true, true],
    ["fe", false, true],
  ])("the flags %s of the caller hold whatever the share is", (flags, isSampled, isRandom) => {
    for (const share of [0, 1]) {
      expect(messageTrace({ ...message, trace: caller(flags) }, SEED, share)).toEqual({
        ...{ traceId: TRACE_ID, callerSpanId: SPAN_ID, acceptSpanId: messageTrace(message, SEED, 1).acceptSpanId },
        ...{ tracestate: "a=1", isSampled, isRandom },
      });
    }
  });

  test("the share decides about the trace of a source's sender, because any sender could ask for it", () => {
    const received = { ...message, received: receivedBy(1), trace: caller("01") };
    expect(messageTrace(received, SEED, 0)).toMatchObject({ traceId: TRACE_ID, isSampled: false });
    expect(messageTrace({ ...received, trace: caller("00") }, SEED, 1)).toMatchObject({ isSampled: true });
  });
});

test.each([
  ["00000000000000", 1, true],
  ["00000000000000", 0.9, false],
  ["7ffffffff00000", 0.5, false],
  ["80000000000000", 0.5, true],
  ["ffffffffffffff", 0.001, true],
  ["ffffffffffffff", 0, false],
])("the trace id that ends in %s and the share %s: %s", (end, share, isIn) => {
  expect(isInShare("a".repeat(18) + end, share)).toBe(isIn);
});
