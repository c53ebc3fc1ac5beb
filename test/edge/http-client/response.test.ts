import { describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { HttpClient } from "../../../src/edge/http-client/client.ts";
import type { Answer, Shortage } from "../../../src/ports.ts";
import { startRawServer } from "../../support/raw-server.ts";
import { type Speaking, startSocketReceiver } from "../../support/socket-receiver.ts";
import { bare, patient, requestTo, responseWith } from "./requests.ts";

/** Sends two requests in succession. Returns the responses and the number of connections. */
async function twoTo(speaking: Speaking): Promise<{
  first: Answer | Shortage;
  second: Answer | Shortage;
  connections: number;
}> {
  await using receiver = await startSocketReceiver(speaking);
  const client = new HttpClient();
  const first = await client.send(requestTo(receiver.url), patient);
  const second = await client.send(requestTo(receiver.url), patient);
  return { first, second, connections: receiver.requests.length };
}

function writing(...lines: readonly string[]): Speaking {
  return (socket) => socket.write(lines.join("\r\n"));
}

const FIVE = "Content-Length: 5";

describe("a response", () => {
  const many = Array.from({ length: 300 }, (_, i) => `X-Header-${i}: ${"a".repeat(100)}`);
  const sound: [what: string, speaking: Speaking][] = [
    ["with 300 headers", writing("HTTP/1.1 200 OK", ...many, FIVE, "", "hello")],
    ["with a list of equal lengths", writing("HTTP/1.1 200 OK", "Content-Length: 5, 5", "", "hello")],
    [
      "after interim responses",
      writing("HTTP/1.1 100 x", "", "HTTP/1.1 103 x", "Link: y", "", "HTTP/1.1 200", FIVE, "", "hello"),
    ],
    ["without a reason phrase", writing("HTTP/1.1 200", FIVE, "", "hello")],
  ];
  for (const [what, speaking] of sound) {
    test(`a response ${what} is read like any other`, async () => {
      const expected = responseWith(200, "hello");
      expect(await twoTo(speaking)).toEqual({ first: expected, second: expected, connections: 1 });
    });
  }

  const odd: [what: string, speaking: Speaking, body: string, note: string][] = [
    [
      "with a folded header",
      writing("HTTP/1.1 200 OK", "X: a", " b", FIVE, "", "hello"),
      "hello",
      "A header was folded over several lines.",
    ],
    [
      "with an invalid header name",
      writing("HTTP/1.1 200 OK", "X Y: a", FIVE, "", "hello"),
      "hello",
      "A malformed header line was ignored.",
    ],
    [
      "with two different lengths",
      writing("HTTP/1.1 200 OK", FIVE, "Content-Length: 6", "", "hello"),
      "",
      "The Content-Length was invalid; the body was not read.",
    ],
    [
      "with malformed chunks",
      writing("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "5", "hello", "x"),
      "hello",
      "The chunked body was malformed; the rest was ignored.",
    ],
    [
      "with headers that are too long",
      writing("HTTP/1.1 200 OK", ...many, ...many, ...many, FIVE, "", "hello"),
      "",
      "The header block was longer than 64 KiB; the rest was ignored.",
    ],
  ];
  for (const [what, speaking, body, note] of odd) {
    test(`a response ${what} is accepted with a note, and its connection is closed`, async () => {
      const expected = responseWith(200, body, note);
      expect(await twoTo(speaking)).toEqual({ first: expected, second: expected, connections: 2 });
    });
  }

  test("a response that arrives byte by byte is read", async () => {
    const text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
    const speaking = (socket: Socket) => {
      let at = 0;
      const next = () => {
        if (at < text.length) socket.write(text[at++]!, () => setImmediate(next));
      };
      socket.setNoDelay(true);
      next();
    };
    const expected = responseWith(200, "hello");
    expect(await twoTo(speaking)).toEqual({ first: expected, second: expected, connections: 1 });
  });

  for (const [what, bytes] of Object.entries({
    "a mail server": "220 mail.example ESMTP\r\n",
    "a server that speaks TLS": "\x15\x03\x01\x00\x02\x02\x0a",
    "HTTP/2": "\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    "an echo server": "POST / HTTP/1.1\r\n",
  })) {
    test(`bytes from ${what} are not accepted as a response, and the client does not wait for more`, async () => {
      const failure = { kind: "failure", reason: "connection", detail: "The response is not HTTP/1.1." } as const;
      const speaking = (socket: Socket) => void socket.write(Buffer.from(bytes, "latin1"));
      const { first, second, connections } = await twoTo(speaking);
      expect({ first: bare(first), second: bare(second), connections }).toEqual({
        ...{ first: failure, second: failure, connections: 2 },
      });
    });
  }

  const notKept: [what: string, speaking: Speaking][] = [
    ["that announces the close of its connection", writing("HTTP/1.1 200 OK", FIVE, "Connection: close", "", "hello")],
    ["of HTTP/1.0", writing("HTTP/1.0 200 OK", FIVE, "", "hello")],
    ["with bytes after its end", writing("HTTP/1.1 200 OK", FIVE, "", "hello, world")],
    ["that ends with the connection", (socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nhello")],
  ];
  for (const [what, speaking] of notKept) {
    test(`after a response ${what}, the next request uses a new connection`, async () => {
      const expected = responseWith(200, "hello");
      expect(await twoTo(speaking)).toEqual({ first: expected, second: expected, connections: 2 });
    });
  }

  test("after a response that is too long, the client closes the connection and the server sees the close", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await using server = await startRawServer((socket) => {
      socket.once("close", () => resolve());
      socket.resume().write("HTTP/1.1 200 OK\r\n\r\n");
      const more = () => {
        while (socket.writable && socket.write("a".repeat(10_000)));
      };
      socket.on("drain", more);
      more();
    });
    const response = await new HttpClient().send(requestTo(server.url, { responseBytesMax: 10 }), patient);
    expect(response).toEqual(responseWith(200, "a".repeat(10)));
    await promise;
  });
});

describe("a response that comes before the request has been sent", () => {
  const LARGE = Buffer.alloc(30 * 1024 * 1024, "a");
  const REFUSAL = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nlarge";
  const endings: Record<string, (socket: Socket) => void> = {
    "stops reading and keeps the connection open": (socket) => void socket.write(REFUSAL),
    "stops reading and closes the connection": (socket) => void socket.write(REFUSAL, () => socket.destroy()),
    "stops reading and half-closes the connection": (socket) => void socket.end(REFUSAL),
  };
  for (const [how, refuse] of Object.entries(endings)) {
    test(`a response that arrives before its request has been fully sent is accepted if the server ${how}`, async () => {
      let connections = 0;
      await using server = await startRawServer((socket) => {
        connections += 1;
        socket.once("data", () => {
          socket.pause();
          refuse(socket);
        });
      });
      const client = new HttpClient();
      const request = requestTo(server.url, { body: LARGE });
      for (let i = 0; i < 2; i++)
        expect(await client.send(request, patient)).toEqual({
          ...responseWith(413, "large"),
          headers: expect.anything(),
        });
      expect(connections).toBe(2);
    });
  }
});
