import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { cutText, cutUtf8, pathOfMalformedText } from "../../src/core/text.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const strict = new TextDecoder("utf-8", { fatal: true });

describe("cutUtf8", () => {
  test("bytes within the limit are not cut", () => {
    expect(strict.decode(cutUtf8(encode("Grüße"), 7))).toBe("Grüße");
  });

  test("cutting bytes never splits a character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(40), (text, max) => {
        const cut = cutUtf8(encode(text), max);
        expect(cut.byteLength).toBeLessThanOrEqual(max);
        expect(text.startsWith(strict.decode(cut))).toBe(true);
      }),
    );
  });

  test("cutting bytes leaves at most three bytes of the limit unused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(63), (bytes, max) => {
        expect(cutUtf8(bytes, max).byteLength).toBeGreaterThanOrEqual(Math.min(bytes.byteLength, max) - 3);
      }),
    );
  });
});

describe("cutText", () => {
  test("cutting a text never splits a character and leaves at most one code unit of the limit unused", () => {
    expect([cutText("a🚢b", 1), cutText("a🚢b", 2), cutText("a🚢b", 3), cutText("a🚢b", 9)]).toEqual([
      "a",
      "a",
      "a🚢",
      "a🚢b",
    ]);
    expect(cutText("🚢", 0)).toBe("");
  });
});

describe("pathOfMalformedText", () => {
  test("the path of a lone surrogate is found wherever it is", () => {
    expect(pathOfMalformedText({ a: [1, null, { b: "x\ud800" }] })).toEqual(["a", "[2]", "b"]);
    expect(pathOfMalformedText({ a: { "\udc00": 1 } })).toEqual(["a", "\udc00"]);
    expect(pathOfMalformedText("\ud800")).toEqual([]);
  });

  test("a well-formed value has no path of malformed text", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => expect(pathOfMalformedText(value)).toBeNull()),
    );
  });
});
