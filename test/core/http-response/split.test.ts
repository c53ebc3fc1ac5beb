import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { headerBlockBytesMax, headerLineBytesMax } from "../../../src/core/http-response/limits.ts";
import { corpus } from "./corpus.ts";
import { chunked, type Ending, type ReadResponse, readPieces, responseOf } from "./read.ts";

/** Parsing must not depend on how a response is split into pieces, and must not fail on any bytes. */

/** Parts of responses, valid and invalid. */
const fragment = fc.oneof(
  fc.constantFrom(
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 503 Unavailable\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 204\r\n\r\n",
    "HTTP/",
    "Content-Length: 5\r\n",
    "Content-Length: 5, 6\r\n",
    "content-length:70\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip\r\n",
    "Connection: close\r\n",
    "Retry-After: 120\r\n",
    " folded\r\n",
    "Bad Name: x\r\n",
    "no colon\r\n",
    ": no name\r\n",
    "\r\n",
    "\r",
    "\n",
    "5\r\nhello\r\n",
    "5;a=b\r\nhello\r\n",
    "40\r\n",
    "0\r\n",
    "0\r\n\r\n",
    "hello",
    "é".repeat(40),
    "X: ".padEnd(headerLineBytesMax + 4, "a"),
  ),
  fc.string({ unit: "binary", maxLength: 40 }),
);

const soup = fc.array(fragment, { maxLength: 20 }).map((parts) => Buffer.from(parts.join("")));
const response = fc
  .tuple(fc.constantFrom("HTTP/1.1 200 OK\r\n", "HTTP/1.1 500 x\n", "HTTP/1.0 302\r\n"), soup)
  .map(([line, rest]) => Buffer.concat([Buffer.from(line), rest]));
const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
const ending = fc.constantFrom<Ending>(null, "close", "reset");
/** Relative positions at which the bytes are split. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

function split(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const at = [0, ...positions.map((position) => Math.round(position * bytes.length)).toSorted((a, b) => a - b)];
  return at.map((from, i) => bytes.subarray(from, at[i + 1] ?? bytes.length));
}

/**
 * Returns everything except whether the connection can be reused. That depends on the pieces: the
 * parser does not always see the bytes that follow a truncated body.
 */
function meaning({ mayBeReused: _, ...rest }: ReadResponse) {
  return rest;
}

/** Splits the bytes into pieces of one byte. */
function single(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length }, (_, i) => bytes.subarray(i, i + 1));
}

describe("a response", () => {
  test("a response is parsed the same whether it arrives in one piece or in several", () => {
    fc.assert(
      fc.property(fc.oneof(response, soup, noise), ending, cuts, (bytes, how, positions) => {
        const whole = readPieces([bytes], how);
        expect(meaning(readPieces(split(bytes, positions), how))).toEqual(meaning(whole));
        if (bytes.length < 2000) expect(meaning(readPieces(single(bytes), how))).toEqual(meaning(whole));
      }),
      { numRuns: 2000 },
    );
  });

  test("how a complete response is split does not affect whether its connection can be reused", () => {
    const headers = fc.subarray(["Connection: close", "X: y", "Retry-After: 3"]);
    const body = fc.string({ unit: "binary-ascii", maxLength: 60 });
    fc.assert(
      fc.property(headers, body, fc.boolean(), cuts, (fields, text, inChunks, positions) => {
        const framing = inChunks ? "Transfer-Encoding: chunked" : `Content-Length: ${text.length}`;
        const rest = inChunks ? (text === "" ? chunked() : chunked(text)) : text;
        const bytes = Buffer.from(responseOf([...fields, framing], rest));
        const read = readPieces([bytes]);
        expect(readPieces(split(bytes, positions))).toEqual(read);
        expect(readPieces(single(bytes))).toEqual(read);
        expect(read).toMatchObject({ status: 200, body: text, isDone: true, note: null });
        expect(read.mayBeReused).toBe(!fields.includes("Connection: close"));
      }),
    );
  });

  for (const text of corpus) {
    test(`the response ${JSON.stringify(text.slice(0, 60))}… is parsed the same wherever it is split in two or three`, () => {
      const bytes = Buffer.from(text, "latin1");
      const whole = readPieces([bytes], "close");
      expect(whole.status).not.toBeNull();
      for (let i = 0; i <= bytes.length; i++) {
        const [start, end] = [bytes.subarray(0, i), bytes.subarray(i)];
        expect(meaning(readPieces([start, end], "close"))).toEqual(meaning(whole));
        const three = [start, end.subarray(0, 1), end.subarray(1)];
        expect(meaning(readPieces(three, "close"))).toEqual(meaning(whole));
      }
    });
  }

  test("a response has a status only if it begins with a status line", () => {
    fc.assert(
      fc.property(fc.oneof(response, soup, noise), ending, (bytes, how) => {
        const { status } = readPieces([bytes], how);
        if (status === null) return;
        expect(bytes.toString("latin1")).toMatch(new RegExp(`^HTTP/1\\.\\d +(${status}|1\\d\\d)(?![^ \\r\\n])`));
        expect(bytes.toString("latin1")).toMatch(new RegExp(`(?:^|\\n)HTTP/1\\.\\d +${status}(?![^ \\r\\n])`));
      }),
      { numRuns: 2000 },
    );
  });

  test("the status in a valid status line is kept, whatever follows", () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 999 }), fc.oneof(soup, noise), ending, cuts, (status, rest, how, at) => {
        const bytes = Buffer.concat([Buffer.from(`HTTP/1.1 ${status} x\r\n`), rest]);
        expect(readPieces(split(bytes, at), how).status).toBe(status);
      }),
      { numRuns: 1000 },
    );
  });

  test("no more of a body is kept than requested", () => {
    fc.assert(
      fc.property(response, cuts, fc.nat(100), (bytes, positions, bytesMax) => {
        expect(readPieces(split(bytes, positions), "close", bytesMax).body.length).toBeLessThanOrEqual(bytesMax);
      }),
    );
  });

  test("a header block of exactly the maximum size is read in full and a longer one is truncated, even if it arrives byte by byte", () => {
    for (const extra of [0, 1]) {
      const lines = "X: y\r\n".repeat(10);
      const filling = headerBlockBytesMax - lines.length - "Content-Length: 0\r\n\r\n".length + extra;
      const pads = Array.from({ length: 8 }, (_, i) => "P:".padEnd(Math.floor((filling + i) / 8) - 2, "p"));
      const bytes = Buffer.from(`HTTP/1.1 200 OK\r\n${lines}Content-Length: 0\r\n${pads.join("\r\n")}\r\n\r\n`);
      expect(bytes.length - "HTTP/1.1 200 OK\r\n".length).toBe(headerBlockBytesMax + extra);
      const whole = readPieces([bytes]);
      expect(whole.note).toBe(extra === 0 ? null : "The header block was longer than 64 KiB; the rest was ignored.");
      expect(readPieces(single(bytes))).toEqual(whole);
    }
  });
});
