import { describe, expect, test } from "bun:test";
import type { Received } from "../../../src/core/received.ts";
import type { TraceContext } from "../../../src/core/trace.ts";
import { fromReceivedColumn, receivedColumn } from "../../../src/store/sql/received-column.ts";

const USUAL: Received = {
  source: "orders",
  sourceSeq: 7,
  method: "POST",
  path: "/",
  state: "verified",
  cause: null,
  redacted: [],
  reply: null,
};

const TRACE: TraceContext = {
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  tracestate: "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
};

const CASES: ReadonlyArray<Partial<Received>> = [
  {},
  { method: "GET" },
  { path: "/a?b=%20" },
  { state: "unattempted" },
  { state: "failed", cause: "token_mismatch" },
  { redacted: ["x-token"] },
  { reply: { status: 202, headers: { a: "b" }, body: "" } },
  { source: "two words" },
  { source: "", sourceSeq: 7 },
  { source: "", sourceSeq: 1_234_567_890_123_456, method: "PUT", path: "" },
];

describe("the column `received`", () => {
  for (const change of CASES) {
    test(`the stored text of a message with ${JSON.stringify(change)} is read back unchanged`, () => {
      const received = { ...USUAL, ...change };
      expect(fromReceivedColumn(receivedColumn(received, null))).toEqual({ received });
      expect(fromReceivedColumn(receivedColumn(received, TRACE))).toEqual({ received, trace: TRACE });
      // Earlier versions stored all parts, or the unusual ones.
      expect(fromReceivedColumn(JSON.stringify(received))).toEqual({ received });
      const { source, sourceSeq } = received;
      expect(fromReceivedColumn(JSON.stringify({ source, sourceSeq, ...change }))).toEqual({ received });
    });
  }

  test("the usual parts of a received message are not stored", () => {
    expect(receivedColumn(USUAL, null)).toBe("7 orders");
  });

  test("a message that was sent through the API without a trace has no text", () => {
    expect([receivedColumn(null, null), fromReceivedColumn(null)]).toEqual([null, { received: null }]);
  });

  test("the trace of a message that was sent through the API is read back unchanged", () => {
    const withoutState = { ...TRACE, tracestate: null };
    for (const trace of [TRACE, withoutState]) {
      expect(fromReceivedColumn(receivedColumn(null, trace))).toEqual({ received: null, trace });
    }
    expect(receivedColumn(null, withoutState)).toBe(JSON.stringify({ traceparent: TRACE.traceparent }));
  });
});
