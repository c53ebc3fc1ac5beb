import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { cutUtf8 } from "../../src/core/text.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const strict = new TextDecoder("utf-8", { fatal: true });

describe("cutting an answer to its limit", () => {
  test("leaves a text alone that fits", () => {
    expect(strict.decode(cutUtf8(encode("Grüße"), 7))).toBe("Grüße");
  });

  test("never cuts inside a character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(40), (text, max) => {
        const cut = cutUtf8(encode(text), max);
        expect(cut.byteLength).toBeLessThanOrEqual(max);
        expect(text.startsWith(strict.decode(cut))).toBe(true);
      }),
    );
  });

  test("loses at most three bytes of the limit", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(63), (bytes, max) => {
        expect(cutUtf8(bytes, max).byteLength).toBeGreaterThanOrEqual(Math.min(bytes.byteLength, max) - 3);
      }),
    );
  });
});
