import { expect, test } from "bun:test";
import fc from "fast-check";
import { base64Of, bytesOfBase64, hexDump, textOf } from "../../web/kit/bytes.ts";

test("base64 and its inverse keep any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (sample) => {
      const bytes = new Uint8Array(sample);
      expect(base64Of(bytes)).toBe(Buffer.from(bytes).toString("base64"));
      expect(bytesOfBase64(base64Of(bytes))).toEqual(bytes);
    }),
  );
  const large = new Uint8Array(100_000).map((_, i) => i * 31);
  expect(base64Of(large)).toBe(Buffer.from(large).toString("base64"));
});

test("a hex dump has 16 bytes on a line, and dots for what is not printable", () => {
  const dump = hexDump(new Uint8Array([...Array(17).keys()].map((i) => i + 60)));
  expect(dump).toBe(
    "00000000  3c 3d 3e 3f 40 41 42 43 44 45 46 47 48 49 4a 4b  <=>?@ABCDEFGHIJK\n" +
      `00000010  4c ${" ".repeat(44)}  L`,
  );
  expect(hexDump(new Uint8Array([0, 255]))).toEndWith("  ..");
  expect(hexDump(new Uint8Array())).toBe("");
});

test("a body is text if it is valid UTF-8 without control characters", () => {
  for (const text of ["", "{}", "a\r\n\tb", "zażółć 🪝", "\ufeffBOM"]) {
    expect(textOf(new TextEncoder().encode(text))).toBe(text);
  }
  for (const bytes of [[0], [0x1b, 0x5b], [0xff], [0xc3], [0x7f], [0xc2, 0x9b]]) {
    expect(textOf(new Uint8Array(bytes))).toBeNull();
  }
});
