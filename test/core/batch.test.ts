import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  approximateBytes,
  type BatchSituation,
  batchBody,
  batchBodyBytes,
  batchElement,
  decideBatch,
} from "../../src/core/batch.ts";

const LIMITS = { maxMessages: 3, maxWaitMs: 100 };
const NOW = 1000;
/** The assumed size of an element without its payload. */
const FRAME = approximateBytes(0);
const OPEN: BatchSituation = { now: NOW, bytesMax: 1000, isLast: false };

/** A delivery that became due `agoMs` ago. */
const waits = (agoMs: number, payloadBytes = 1) => ({ dueAt: NOW - agoMs, payloadBytes });
const close = (count: number) => ({ kind: "close", count }) as const;
const wait = (until: number) => ({ kind: "wait", until }) as const;

describe("closing a batch", () => {
  test.each([
    ["one that has just become due", [waits(0)], OPEN, wait(NOW + 100)],
    ["the oldest decides, wherever it stands", [waits(0), waits(40)], OPEN, wait(NOW + 60)],
    ["the oldest has waited for as long as allowed", [waits(0), waits(100)], OPEN, close(2)],
    ["as many as a batch may have", [waits(0), waits(0), waits(0)], OPEN, close(3)],
    ["more than a batch may have", [waits(0), waits(0), waits(0), waits(500)], OPEN, close(3)],
    ["the payloads fit exactly", [waits(0, 400), waits(0, 600 - 2 * FRAME)], OPEN, wait(NOW + 100)],
    ["the last payload does not fit", [waits(0, 400), waits(0, 601 - 2 * FRAME)], OPEN, close(1)],
    ["a payload that is too great alone", [waits(0, 1001)], OPEN, wait(NOW + 100)],
    ["a payload that is too great alone, and another", [waits(0, 1001), waits(0, 0)], OPEN, close(1)],
    ["no other delivery can join", [waits(0), waits(0)], { ...OPEN, isLast: true }, close(2)],
    ["a time that is a little in the future", [waits(-100)], OPEN, wait(NOW + 200)],
    ["a time far in the future, after the clock was set back", [waits(0), waits(-101)], OPEN, close(2)],
  ] as const)("a batch is closed or waits: %s", (_, waiting, situation, decision) => {
    expect(decideBatch(waiting, LIMITS, situation)).toEqual(decision);
  });

  test("a limit of one message or of no time closes a batch at once", () => {
    expect(decideBatch([waits(0)], { maxMessages: 1, maxWaitMs: 100 }, OPEN)).toEqual(close(1));
    expect(decideBatch([waits(0)], { maxMessages: 3, maxWaitMs: 0 }, OPEN)).toEqual(close(1));
  });
});

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const bytes = (value: string | readonly number[]) => new Uint8Array(Buffer.from(value as string));
const message = { id: "msg_1", eventType: "order.paid", acceptedAt: Date.UTC(2026, 0, 1) };
const HEAD = '{"id":"msg_1","eventType":"order.paid","timestamp":"2026-01-01T00:00:00.000Z","payload":';

describe("elements of a batch", () => {
  test.each([
    ["an object keeps its bytes", '{ "a" : 1.0,\n"a":2}', '{ "a" : 1.0,\n"a":2}'],
    ["a number keeps its digits", "12345678901234567890.10", "12345678901234567890.10"],
    ["a string stays one", '"ü"', '"ü"'],
    ["white space stays", " [] ", " [] "],
    ["text becomes a string", 'a "b"\n', '"a \\"b\\"\\n"'],
    ["an empty payload becomes a string", "", '""'],
    ["two values become a string", "1 2", '"1 2"'],
    ["a byte order mark is kept in a string", "\ufeff{}", '"\ufeff{}"'],
  ])("a payload is an element's value: %s", (_, payload, value) => {
    expect(text(batchElement({ ...message, payload: bytes(payload) }))).toBe(`${HEAD}${value}}`);
  });

  test("bytes that are not UTF-8 are replaced in the string", () => {
    const payload = bytes([0x22, 0xff, 0x22]);
    expect(text(batchElement({ ...message, payload }))).toBe(`${HEAD}"\\"\ufffd\\""}`);
  });

  test("the assumed size of an element is near its real one", () => {
    const real = { ...message, id: `msg_${"x".repeat(27)}`, eventType: "order.paid", payload: bytes("{}") };
    expect(Math.abs(batchElement(real).byteLength - approximateBytes(2))).toBeLessThan(20);
  });

  test("any elements form a JSON array of the stated size, in their order", () => {
    const one = fc.oneof(fc.json(), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 5 }), (payloads) => {
        const elements = payloads.map((payload) => batchElement({ ...message, payload: bytes(payload) }));
        const body = batchBody(elements);
        expect(JSON.parse(text(body))).toEqual(elements.map((element) => JSON.parse(text(element))));
        const bytesOfElements = elements.reduce((sum, { byteLength }) => sum + byteLength, 0);
        expect(body.byteLength).toBe(batchBodyBytes(elements.length, bytesOfElements));
      }),
    );
  });
});
