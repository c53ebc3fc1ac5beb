import { describe, expect, test } from "bun:test";
import type { Received } from "../../../src/core/received.ts";
import { fromReceivedColumn, receivedColumn } from "../../../src/store/sqlite/received-column.ts";

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

const CASES: ReadonlyArray<Partial<Received>> = [
  {},
  { method: "GET" },
  { path: "/a?b=%20" },
  { state: "unattempted" },
  { state: "failed", cause: "token_mismatch" },
  { redacted: ["x-token"] },
  { reply: { status: 202, headers: { a: "b" }, body: "" } },
  { source: "", sourceSeq: 1_234_567_890_123_456, method: "PUT", path: "" },
];

describe("the column `received`", () => {
  for (const change of CASES) {
    test(`the stored text of a message with ${JSON.stringify(change)} is read back unchanged`, () => {
      const received = { ...USUAL, ...change };
      expect(fromReceivedColumn(receivedColumn(received))).toEqual(received);
      // Earlier versions stored all parts.
      expect(fromReceivedColumn(JSON.stringify(received))).toEqual(received);
    });
  }

  test("the usual parts of a received message are not stored", () => {
    expect(receivedColumn(USUAL)).toBe('{"source":"orders","sourceSeq":7}');
  });

  test("a message that was sent through the API has no text", () => {
    expect([receivedColumn(null), fromReceivedColumn(null)]).toEqual([null, null]);
  });
});
