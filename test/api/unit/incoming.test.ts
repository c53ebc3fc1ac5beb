import { describe, expect, test } from "bun:test";
import { incomingOf } from "../../../src/api/resources/message/incoming.ts";

/** Returns the payload of a message that is sent with other fields around it. */
function payloadOf(sent: { payload: object; [more: string]: unknown }, as: (text: string) => Uint8Array = encoded) {
  const bytes = as(JSON.stringify({ eventType: "a", ...sent }));
  const { payload } = incomingOf({ eventType: "a", payload: sent.payload }, bytes, [0, bytes.length], null);
  expect(Buffer.from(payload).toString()).toBe(JSON.stringify(sent.payload));
  return { payload, isCopy: payload.buffer !== bytes.buffer };
}

const encoded = (text: string): Uint8Array => new TextEncoder().encode(text);
const concatenated = (text: string): Uint8Array => Buffer.concat([Buffer.from(text)]);

describe("the memory of payloads", () => {
  test.each([encoded, concatenated])("a payload does not keep the rest of a large body in memory (%p)", (as) => {
    const { payload, isCopy } = payloadOf({ payload: { i: 1 }, more: "y".repeat(100_000) }, as);
    expect(isCopy).toBe(true);
    expect(payload.buffer.byteLength).toBeLessThan(100);
  });

  test("a payload does not keep the rest of its batch in memory", () => {
    const message = { eventType: "a", payload: { text: "y".repeat(1000) } };
    const bytes = encoded(JSON.stringify([message, message, message, message, message, message, message]));
    const range = [1, 1 + JSON.stringify(message).length] as const;
    const { payload } = incomingOf(message, bytes, range, null);
    expect(payload.buffer.byteLength).toBe(payload.byteLength);
  });

  test("a payload is not copied if it makes up most of its body or if the body is small", () => {
    expect(payloadOf({ payload: { text: "y".repeat(250) } }).isCopy).toBe(false);
    expect(payloadOf({ payload: { i: 1 }, more: "y".repeat(1000) }).isCopy).toBe(false);
    expect(payloadOf({ payload: { text: "y".repeat(100_000) }, more: "y".repeat(90_000) }).isCopy).toBe(false);
  });
});
