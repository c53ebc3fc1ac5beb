import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { decodeBody, type EncodedBody, isEncoded } from "../../../src/edge/http-client/body-decoder.ts";
import { HttpClient } from "../../../src/edge/http-client/client.ts";
import { startSocketReceiver } from "../../support/socket-receiver.ts";
import { patient, requestTo, responseWith } from "./requests.ts";

const BYTES_MAX = 1024;

function encoded(bytes: Uint8Array, fields: Partial<EncodedBody> = {}): EncodedBody {
  return { bytes, contentEncoding: null, contentType: "text/plain", isCut: false, ...fields };
}

/** Returns the decoded text and the note. */
async function decoded(bytes: Uint8Array, fields: Partial<EncodedBody> = {}): Promise<[string, string | null]> {
  const { bytes: body, note } = await decodeBody(encoded(bytes, fields), BYTES_MAX);
  return [new TextDecoder("utf-8", { ignoreBOM: true }).decode(body), note];
}

describe("a compressed body", () => {
  const codings: [coding: string, compress: (text: string) => Uint8Array][] = [
    ["gzip", gzipSync],
    ["x-gzip", gzipSync],
    ["GZIP", gzipSync],
    ["deflate", deflateSync],
    ["deflate", deflateRawSync],
    ["br", brotliCompressSync],
    ["identity, gzip", gzipSync],
    ["gzip, br", (text) => brotliCompressSync(gzipSync(text))],
  ];
  for (const [contentEncoding, compress] of codings) {
    test(`a body with the coding ${contentEncoding} (${compress.name}) is decompressed`, async () => {
      expect(await decoded(compress("hello, h\u00e9llo"), { contentEncoding })).toEqual(["hello, h\u00e9llo", null]);
    });
  }

  const bombs: Record<string, Uint8Array> = {
    gzip: gzipSync(Buffer.alloc(20_000_000, "a")),
    br: brotliCompressSync(Buffer.alloc(20_000_000, "a"), { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  };
  for (const [contentEncoding, bomb] of Object.entries(bombs)) {
    test(`a highly compressed body (${contentEncoding}) is decompressed only up to the limit`, async () => {
      const bytes = bomb.subarray(0, BYTES_MAX);
      const body = await decoded(bytes, { contentEncoding, isCut: bytes.length < bomb.length });
      expect(body).toEqual(["a".repeat(BYTES_MAX), null]);
    });
  }

  for (const [contentEncoding, compress] of [
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
  ] as const) {
    test(`a body that was cut inside its ${contentEncoding} stream is decompressed as far as possible`, async () => {
      const text = randomBytes(4 * BYTES_MAX).toString("hex");
      const bytes = compress(text).subarray(0, 500);
      const [start, note] = await decoded(bytes, { contentEncoding, isCut: true });
      expect([text.startsWith(start), note]).toEqual([true, null]);
    });
  }

  test("a body that is not in its declared coding is kept as received, with a note", async () => {
    expect(await decoded(Buffer.from("plain"), { contentEncoding: "gzip" })).toEqual([
      "plain",
      "The body is not valid gzip; it was not decoded.",
    ]);
  });

  for (const contentEncoding of ["zstd", "constructor", "gzip, aes128gcm", "\u00ff"]) {
    test(`a body with the unknown coding ${contentEncoding} is kept as received, with a note`, async () => {
      const [text, note] = await decoded(Buffer.from("plain"), { contentEncoding });
      expect(text).toBe("plain");
      expect(note).toMatch(/^The content coding [\x20-\x7e]+ is not supported; the body was not decoded\.$/);
    });
  }
});

describe("the charset of a body", () => {
  const table: [contentType: string | null, bytes: Uint8Array, text: string][] = [
    ["text/plain; charset=iso-8859-1", Buffer.from("caf\u00e9", "latin1"), "caf\u00e9"],
    ['text/plain;CHARSET="Latin1"', Buffer.from("caf\u00e9", "latin1"), "caf\u00e9"],
    ["text/plain; charset=utf-16le", Buffer.from("caf\u00e9", "utf16le"), "caf\u00e9"],
    ["text/plain; charset=windows-1251", Buffer.from([0xcf, 0xf0, 0xe8]), "\u041f\u0440\u0438"],
    ["text/plain; charset=shift_jis", Buffer.from([0x83, 0x65]), "\u30c6"],
    ["text/plain; charset=utf-8", Buffer.from("caf\u00e9"), "caf\u00e9"],
    ["text/plain", Buffer.from("\ufeffcaf\u00e9", "utf16le"), "caf\u00e9"],
    ["application/json", Buffer.from("\ufeff{}"), "{}"],
    ["text/html", Buffer.from("caf\u00e9", "latin1"), "caf\u00e9"],
    ["application/problem+json", Buffer.from("caf\u00e9", "latin1"), "caf\u00e9"],
    ["application/octet-stream", Buffer.from([0xe9]), "\ufffd"],
    [null, Buffer.from([0xe9]), "\ufffd"],
  ];
  for (const [contentType, bytes, text] of table) {
    test(`a body of the type ${contentType} with the bytes ${bytes.toHex()} is read as ${JSON.stringify(text)}`, async () => {
      expect(await decoded(bytes, { contentType })).toEqual([text, null]);
    });
  }

  for (const label of ["utf-7", "x-unknown", "\u00e9".repeat(100)]) {
    test(`a body with the unknown charset ${label.slice(0, 10)} is kept as received, with a note`, async () => {
      const [text, note] = await decoded(Buffer.from("plain"), { contentType: `text/plain; charset=${label}` });
      expect(text).toBe("plain");
      expect(note).toMatch(/^The charset [\x21-\x7e]{1,40} is not supported; the body was not decoded\.$/);
    });
  }

  test("a converted body is at most as long as the limit, and is cut between characters", async () => {
    const bytes = Buffer.alloc(BYTES_MAX, 0xe9);
    const contentType = "text/plain; charset=latin1";
    const { bytes: body } = await decodeBody(encoded(bytes, { contentType, isCut: true }), BYTES_MAX - 1);
    expect(new TextDecoder("utf-8", { fatal: true }).decode(body)).toBe("\u00e9".repeat(511));
  });

  test("a character that was cut in the middle is dropped", async () => {
    const bytes = Buffer.from("ab", "utf16le").subarray(0, 3);
    expect(await decoded(bytes, { contentType: "text/plain; charset=utf-16le", isCut: true })).toEqual(["a", null]);
  });

  test("a short UTF-8 body without compression needs no decoding, whatever its content type", () => {
    for (const contentType of [null, "text/plain", "text/plain; charset=UTF-8", "application/json;charset=utf8"]) {
      expect(isEncoded(encoded(Buffer.from("caf\u00e9"), { contentType }))).toBe(false);
    }
    expect(isEncoded(encoded(new Uint8Array(0), { contentEncoding: "gzip" }))).toBe(false);
    expect(isEncoded(encoded(Buffer.from("a"), { contentEncoding: "identity" }))).toBe(false);
  });
});

test("a response is decoded as its headers say, and the notes about both codings are kept", async () => {
  const body = gzipSync(Buffer.from("caf\u00e9", "latin1"));
  const head = ["HTTP/1.1 200 OK", `Content-Length: ${body.length}`, "Content-Type: text/plain; charset=latin1"];
  await using receiver = await startSocketReceiver((socket, nth) => {
    const extra = nth === 1 ? ["Content-Encoding: gzip"] : ["X Y: a", "Content-Encoding: zstd"];
    socket.write(`${[...head, ...extra].join("\r\n")}\r\n\r\n`);
    socket.write(body);
  });
  const client = new HttpClient();
  expect(await client.send(requestTo(receiver.url), patient)).toEqual(responseWith(200, "caf\u00e9"));
  expect(await client.send(requestTo(receiver.url), patient)).toMatchObject({
    status: 200,
    note: "A malformed header line was ignored. The content coding zstd is not supported; the body was not decoded.",
  });
});
