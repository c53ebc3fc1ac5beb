import { expect, test } from "bun:test";
import { declaredBytes } from "../../../src/core/http-response/content-length.ts";

const table: [contentLength: string | null, transferEncoding: string | null, bytes: number | null][] = [
  ["0", null, 0],
  ["5", null, 5],
  ["0005", null, 5],
  [null, null, null],
  ["5", "chunked", null],
  ["0", "chunked", null],
  ["5", "identity", null],
  ["5", "", null],
  [null, "chunked", null],
  ["", null, null],
  ["-5", null, null],
  ["+5", null, null],
  ["5, 5", null, null],
  ["5.0", null, null],
  ["0x5", null, null],
  ["1e1", null, null],
  ["9".repeat(16), null, null],
];

for (const [contentLength, transferEncoding, bytes] of table) {
  test(`Content-Length ${contentLength} with Transfer-Encoding ${transferEncoding} declares ${bytes === null ? "no length" : `${bytes} bytes`}`, () => {
    expect(declaredBytes(contentLength, transferEncoding)).toBe(bytes);
  });
}
