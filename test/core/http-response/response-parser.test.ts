import { describe, expect, test } from "bun:test";
import {
  chunkSizeLineBytesMax,
  headerBlockBytesMax,
  headerLineBytesMax,
  statusLineBytesMax,
  trailerBytesMax,
} from "../../../src/core/http-response/limits.ts";
import { BODY_BYTES_MAX, chunked, type ReadResponse, readText, responseOf } from "./read.ts";

const CHUNKED = "Transfer-Encoding: chunked";
const FIVE = "Content-Length: 5";

describe("a status line", () => {
  const valid: [line: string, status: number][] = [
    ["HTTP/1.1 200 OK", 200],
    ["HTTP/1.1 200 ", 200],
    ["HTTP/1.1 200", 200],
    ["HTTP/1.1   200 OK", 200],
    ["HTTP/1.0 404 Not Found", 404],
    ["HTTP/1.1 101 Switching Protocols", 101],
    ["HTTP/1.1 299 \xe9\x00\x7f", 299],
    ["HTTP/1.1 999 Request denied", 999],
    [`HTTP/1.1 200 ${"a".repeat(statusLineBytesMax - 14)}`, 200],
  ];
  for (const [line, status] of valid) {
    test(`the status line ${JSON.stringify(line.slice(0, 40))} is valid`, () => {
      const read = readText(responseOf(["Content-Length: 0"], "", line));
      expect(read).toMatchObject({ status, note: null, isDone: true, isCutOff: false });
    });
  }

  const invalid = [
    "",
    "HTTP/1.1",
    "HTTP/1.1 ",
    "HTTP/1.1 20",
    "HTTP/1.1 2000 OK",
    "HTTP/1.1 200OK",
    "HTTP/1.1 0200 OK",
    "HTTP/1.1 099 Low",
    "HTTP/1.1 2x0 OK",
    "HTTP/1.1\t200 OK",
    "HTTP/1.x 200 OK",
    "HTTP/1 200 OK",
    "HTTP/2 200",
    "HTTP/2.0 200 OK",
    "HTTP/0.9 200 OK",
    "http/1.1 200 OK",
    " HTTP/1.1 200 OK",
    "SSH-2.0-OpenSSH_9.2",
    "220 mail.example ESMTP",
    "<html>",
  ];
  for (const line of invalid) {
    test(`the status line ${JSON.stringify(line)} is invalid`, () => {
      expect(readText(responseOf(["Content-Length: 0"], "", line))).toMatchObject({ status: null, isDone: true });
    });
  }

  test("the parser stops at bytes that cannot begin a status line, even before the line is complete", () => {
    expect(readText("HTTP").isDone).toBe(false);
    expect(readText("\x15\x03\x01").isDone).toBe(true);
    expect(readText("HTTPS").isDone).toBe(true);
  });

  test("the status is read even if the status line is longer than the limit", () => {
    expect(readText(`HTTP/1.1 503 ${"a".repeat(statusLineBytesMax)}`)).toMatchObject({
      status: 503,
      note: "The status line was longer than 8 KiB; the rest was ignored.",
      isDone: true,
      mayBeReused: false,
    });
  });
});

describe("the body", () => {
  const table: [what: string, text: string, body: string][] = [
    ["with a length", responseOf([FIVE], "hello"), "hello"],
    ["with the length 0", responseOf(["Content-Length: 0"]), ""],
    ["with leading zeros in its length", responseOf(["Content-Length: 0005"], "hello"), "hello"],
    ["with the same length twice", responseOf([FIVE, FIVE], "hello"), "hello"],
    ["with a list of the same length", responseOf(["Content-Length: 5, 5"], "hello"), "hello"],
    ["that is chunked", responseOf([CHUNKED], chunked("hel", "lo")), "hello"],
    ["with chunk extensions", responseOf([CHUNKED], '5;a="b";c\r\nhello\r\n0 ;d\r\n\r\n'), "hello"],
    ["with chunks and trailers", responseOf([CHUNKED], "5\r\nhello\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n"), "hello"],
    ["with upper-case chunk sizes", responseOf([CHUNKED], `1A\r\n${"a".repeat(26)}\r\n0\r\n\r\n`), "a".repeat(26)],
    ["with zero-padded chunk sizes", responseOf([CHUNKED], "0000000000000005\r\nhello\r\n000\r\n\r\n"), "hello"],
    ["with chunk lines that end with LF", responseOf([CHUNKED], "5\nhello\n0\n\n"), "hello"],
    [
      "that is chunked after another coding",
      responseOf(["Transfer-Encoding: gzip, Chunked"], chunked("hello")),
      "hello",
    ],
    [
      "that is chunked after another coding in a separate header",
      responseOf(["Transfer-Encoding: gzip", CHUNKED], chunked("hello")),
      "hello",
    ],
    [
      "that is chunked, with Content-Length before Transfer-Encoding",
      responseOf(["Content-Length: 2", CHUNKED], chunked("hello")),
      "hello",
    ],
    [
      "that is chunked, with Content-Length after Transfer-Encoding",
      responseOf([CHUNKED, "Content-Length: 0"], chunked("hello")),
      "hello",
    ],
    ["after header lines that end with LF", "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", "hello"],
    ["after header names in any case", responseOf(["cONTENT-lENGTH:5"], "hello"), "hello"],
    ["with white space around its length", responseOf(["Content-Length: \t 5 \t"], "hello"), "hello"],
  ];
  for (const [what, text, body] of table) {
    test(`a body ${what} is read`, () => {
      expect(readText(text)).toMatchObject({ status: 200, body, note: null, isDone: true, isCutOff: false });
    });
  }

  const untilClose: [what: string, headers: string[]][] = [
    ["without a length", []],
    ["whose last coding is not chunked", ["Transfer-Encoding: chunked, gzip"]],
    ["with both a length and a coding that is not chunked", ["Transfer-Encoding: identity", FIVE]],
    ["with both a length and an empty coding", ["Transfer-Encoding:", FIVE]],
  ];
  for (const [what, headers] of untilClose) {
    test(`a body ${what} extends to the end of the connection`, () => {
      const text = responseOf(headers, "hello, world");
      expect(readText(text)).toMatchObject({ status: 200, isDone: false });
      const whole = { status: 200, body: "hello, world", note: null, isCutOff: false, mayBeReused: false };
      expect(readText(text, "close")).toMatchObject(whole);
      expect(readText(text, "reset")).toMatchObject({ isCutOff: true });
    });
  }

  for (const status of [101, 204, 304]) {
    test(`the body of a response with status ${status} is empty, whatever its headers say`, () => {
      const read = readText(responseOf([FIVE], "", `HTTP/1.1 ${status} x`));
      expect(read).toMatchObject({ status, body: "", note: null, isDone: true, mayBeReused: status !== 101 });
    });
  }

  const long = "a".repeat(BODY_BYTES_MAX + 1);
  const tooLong: [what: string, text: string][] = [
    ["with a length", responseOf([`Content-Length: ${10 * long.length}`], long)],
    ["that is chunked", responseOf([CHUNKED], `fff\r\n${long}`)],
    ["with many chunks", responseOf([CHUNKED], `${"1\r\na\r\n".repeat(long.length)}1`)],
    ["without a length", responseOf([], long)],
    ["whose chunks become malformed", responseOf([CHUNKED], `${long.length.toString(16)}\r\n${long}oops`)],
  ];
  for (const [what, text] of tooLong) {
    test(`a body ${what} is truncated at the limit, and the parser does not wait for the rest`, () => {
      const cut = { status: 200, body: long.slice(1), note: null, isDone: true, isCutOff: false, mayBeReused: false };
      expect(readText(text)).toMatchObject(cut);
    });
  }

  test("a body of exactly the maximum size is not truncated", () => {
    const body = "a".repeat(BODY_BYTES_MAX);
    expect(readText(responseOf([`Content-Length: ${BODY_BYTES_MAX}`], body))).toMatchObject({
      body,
      mayBeReused: true,
    });
  });

  test("the connection can be reused after a body that exceeds the limit if all of the body has arrived", () => {
    const whole = responseOf([`Content-Length: ${long.length}`], long);
    expect(readText(whole)).toMatchObject({ body: long.slice(1), note: null, mayBeReused: true });
    expect(readText(`${whole}?`)).toMatchObject({ body: long.slice(1), mayBeReused: false });
  });

  test("a body is truncated at a character boundary", () => {
    const text = Buffer.from(`a${"é".repeat(BODY_BYTES_MAX)}`).toString("latin1");
    const read = readText(responseOf([`Content-Length: ${text.length}`], text));
    expect(Buffer.from(read.body, "latin1").toString()).toBe(`a${"é".repeat(BODY_BYTES_MAX / 2 - 1)}`);
  });
});

describe("interim responses", () => {
  const final = responseOf([FIVE], "hello");

  test("interim responses and their headers are skipped", () => {
    const interim = responseOf([], "", "HTTP/1.1 100 Continue");
    const hints = responseOf(["Link: </a>", "Retry-After: 9", "Content-Length: 3"], "", "HTTP/1.1 103 Early Hints");
    const whole = { status: 200, retryAfter: null, body: "hello", note: null, mayBeReused: true };
    expect(readText(interim + hints + interim + final)).toMatchObject(whole);
  });

  test("interim responses without a final response count as no response", () => {
    const interim = responseOf([], "", "HTTP/1.1 100 Continue");
    expect(readText(interim)).toMatchObject({ status: null, isDone: false });
    expect(readText(interim, "close")).toMatchObject({ status: null, isDone: true, isCutOff: true });
  });

  test("endless interim responses are aborted", () => {
    const endless = responseOf([`X: ${"a".repeat(1000)}`], "", "HTTP/1.1 102 Processing").repeat(100);
    expect(readText(endless)).toMatchObject({ status: null, isDone: true });
  });
});

describe("Retry-After", () => {
  const table: [what: string, headers: string[], value: string | null][] = [
    ["a missing Retry-After is returned as null", [], null],
    [
      "Retry-After is returned unchanged, without surrounding white space",
      ["rEtry-aFter:  Fri, 31 Dec 1999 23:59:59 GMT "],
      "Fri, 31 Dec 1999 23:59:59 GMT",
    ],
    ["the first of two Retry-After headers counts", ["Retry-After: 1", "Retry-After: 2"], "1"],
    ["Retry-After may be empty", ["Retry-After:"], ""],
    ["headers with similar names are not Retry-After", ["Retry-Bfter: 1", "XRetry-After: 2", "Retry_After: 3"], null],
  ];
  for (const [what, headers, value] of table) {
    test(what, () => expect(readText(responseOf(["Content-Length: 0", ...headers])).retryAfter).toBe(value));
  }
});

describe("the connection", () => {
  const table: [statusLine: string, headers: string[], mayBeReused: boolean][] = [
    ["HTTP/1.1 200 OK", [], true],
    ["HTTP/1.1 200 OK", ["Connection: keep-alive"], true],
    ["HTTP/1.1 200 OK", ["Connection: Close"], false],
    ["HTTP/1.1 200 OK", ["Connection: keep-alive, close"], false],
    ["HTTP/1.1 200 OK", ["Connection: X-Closed"], true],
    ["HTTP/1.1 200 OK", ["Connection: Upgrade", "Connection: close"], false],
    ["HTTP/1.0 200 OK", [], false],
    ["HTTP/1.0 200 OK", ["Connection: Keep-Alive"], true],
    ["HTTP/1.1 101 Switching Protocols", ["Connection: Upgrade"], false],
  ];
  for (const [statusLine, headers, mayBeReused] of table) {
    test(`the connection ${mayBeReused ? "can" : "cannot"} be reused after ${statusLine} with ${headers.join(" and ") || "no headers"}`, () => {
      expect(readText(responseOf(["Content-Length: 0", ...headers], "", statusLine)).mayBeReused).toBe(mayBeReused);
    });
  }

  test("a connection cannot be reused after a response with both a length and chunks, or after unexpected bytes", () => {
    expect(readText(responseOf([FIVE, CHUNKED], chunked("hello"))).mayBeReused).toBe(false);
    expect(readText(responseOf([FIVE], "hello\r\n"))).toMatchObject({ body: "hello", note: null, mayBeReused: false });
  });
});

describe("a malformed response keeps its status, with a note", () => {
  const folded = "A header was folded over several lines.";
  const malformed = "A malformed header line was ignored.";
  const badLength = "The Content-Length was invalid; the body was not read.";
  const badChunks = "The chunked body was malformed; the rest was ignored.";
  const blockTooLong = "The header block was longer than 64 KiB; the rest was ignored.";
  const trailersTooLong = "The trailers were longer than 16 KiB; the rest was ignored.";
  const longHeaders = Array.from({ length: 80 }, (_, i) => `X-${i}: ${"a".repeat(1000)}`);

  const table: [what: string, text: string, read: Partial<ReadResponse>][] = [
    ["a folded header", responseOf(["X: a", "  b", FIVE], "hello"), { note: folded, body: "hello" }],
    ["a folded length", responseOf(["Content-Length:", "\t5"], "hello"), { note: folded, body: "hello" }],
    ["a folded Retry-After", responseOf([FIVE, "Retry-After:", " 7", " "], "hello"), { note: folded, retryAfter: "7" }],
    ["a folded line before the first header", responseOf([" a", FIVE], "hello"), { note: folded, body: "hello" }],
    ["a header without a colon", responseOf(["X", FIVE], "hello"), { note: malformed, body: "hello" }],
    ["a header without a name", responseOf([": a", FIVE], "hello"), { note: malformed, body: "hello" }],
    ["a header with a bad name", responseOf(["X Y: a", FIVE], "hello"), { note: malformed, body: "hello" }],
    ["a header with a NUL in its name", responseOf(["X\0: a", FIVE], "hello"), { note: malformed, body: "hello" }],
    [
      "white space after a name",
      responseOf(["Content-Length : 5"], "hello"),
      { note: "A header name was followed by white space.", body: "hello" },
    ],
    [
      "a header line that is too long",
      responseOf([`X: ${"a".repeat(headerLineBytesMax)}`, FIVE], "hello"),
      { note: "A header line was longer than 16 KiB and was ignored.", body: "hello" },
    ],
    ["headers that are too long", responseOf([FIVE, ...longHeaders], "hello"), { note: blockTooLong, body: "" }],
    ["headers without an end", `HTTP/1.1 200 OK\r\nX: ${"a".repeat(headerBlockBytesMax)}`, { note: blockTooLong }],
    ["two different lengths", responseOf([FIVE, "Content-Length: 6"], "hello"), { note: badLength, body: "" }],
    ["a list of lengths", responseOf(["Content-Length: 5, 6"], "hello"), { note: badLength, body: "" }],
    ["a negative length", responseOf(["Content-Length: -5"], "hello"), { note: badLength, body: "" }],
    ["an empty length", responseOf(["Content-Length:"], "hello"), { note: badLength, body: "" }],
    ["an enormous length", responseOf([`Content-Length: ${"9".repeat(16)}`], "hello"), { note: badLength, body: "" }],
    [
      "a chunk size that is not a number",
      responseOf([CHUNKED], "5\r\nhello\r\nxyz\r\n"),
      { note: badChunks, body: "hello" },
    ],
    ["a negative chunk size", responseOf([CHUNKED], "-5\r\nhello\r\n"), { note: badChunks, body: "" }],
    ["an empty chunk size", responseOf([CHUNKED], "\r\nhello\r\n"), { note: badChunks, body: "" }],
    ["an enormous chunk size", responseOf([CHUNKED], `1${"0".repeat(12)}\r\nhello`), { note: badChunks, body: "" }],
    ["a chunk that is too long", responseOf([CHUNKED], "5\r\nhello, world\r\n"), { note: badChunks, body: "hello" }],
    [
      "a chunk that is a byte too long",
      responseOf([CHUNKED], "5\r\nhello!\n0\r\n\r\n"),
      { note: badChunks, body: "hello" },
    ],
    [
      "a chunk size line that is too long",
      responseOf([CHUNKED], `5;${"a".repeat(chunkSizeLineBytesMax)}`),
      { note: badChunks, body: "" },
    ],
    [
      "trailers that are too long",
      responseOf([CHUNKED], `5\r\nhello\r\n0\r\n${"X: a\r\n".repeat(trailerBytesMax / 6 + 1)}`),
      { note: trailersTooLong, body: "hello" },
    ],
  ];
  for (const [what, text, read] of table) {
    test(`a response with ${what} keeps its status and has a note`, () => {
      const expected = { status: 200, isDone: true, isCutOff: false, mayBeReused: false, ...read };
      expect(readText(text)).toMatchObject(expected);
    });
  }

  test("the note of a response with several faults names the first fault", () => {
    expect(readText(responseOf(["X", " folded", "Content-Length: x"])).note).toBe(malformed);
  });

  test("long headers do not reduce the limit of the trailers", () => {
    const text = responseOf([...longHeaders.slice(0, 40), CHUNKED], "5\r\nhello\r\n0\r\nX: y\r\n\r\n");
    expect(readText(text)).toMatchObject({ body: "hello", note: null, mayBeReused: true });
  });

  test("a response with 300 headers is valid", () => {
    const many = Array.from({ length: 300 }, (_, i) => `X-Header-${i}: ${i}`);
    expect(readText(responseOf([...many, FIVE], "hello"))).toMatchObject({
      body: "hello",
      note: null,
      mayBeReused: true,
    });
  });
});

describe("a response that is cut off", () => {
  const table: [what: string, text: string, body: string][] = [
    ["in its headers", "HTTP/1.1 200 OK\r\nContent-Le", ""],
    ["before its body", responseOf([FIVE]), ""],
    ["in its body", responseOf([FIVE], "hel"), "hel"],
    ["in the size of a chunk", responseOf([CHUNKED], "3\r\nhel\r\n2"), "hel"],
    ["in a chunk", responseOf([CHUNKED], "5\r\nhel"), "hel"],
    ["after a chunk", responseOf([CHUNKED], "3\r\nhel"), "hel"],
    ["in its trailers", responseOf([CHUNKED], "3\r\nhel\r\n0\r\nX: a\r\n"), "hel"],
  ];
  for (const [what, text, body] of table) {
    test(`a response that is cut off ${what} is detected and has a note`, () => {
      const note = "The connection was closed before the end of the response.";
      for (const ending of ["close", "reset"] as const) {
        expect(readText(text, ending)).toMatchObject({ status: 200, body, note, isCutOff: true, mayBeReused: false });
      }
      expect(readText(text).isDone).toBe(false);
    });
  }

  test("a response that is cut off in its status line has no status", () => {
    expect(readText("HTTP/1.1 200 O", "close")).toMatchObject({ status: null, isDone: true, isCutOff: true });
  });
});
