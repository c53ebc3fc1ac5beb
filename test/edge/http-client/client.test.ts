import { describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { HttpClient } from "../../../src/edge/http-client/client.ts";
import type { Answer } from "../../../src/ports.ts";
import { answer, type SocketReceiver, type Speaking, startSocketReceiver } from "../../support/socket-receiver.ts";

const BYTES_MAX = 1024;
const OK = { kind: "response", status: 200, retryAfter: null, body: Buffer.from("ok"), note: null } as const;
const CLOSING_ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
const patient = new AbortController().signal;

/** Sends one request after the other to a receiver; the function that it takes sends one more. */
async function withReceiver(
  speaking: Speaking,
  use: (send: (signal?: AbortSignal) => Promise<Answer>, receiver: SocketReceiver) => Promise<void>,
): Promise<void> {
  await using receiver = await startSocketReceiver(speaking);
  const transport = new HttpClient();
  const url = new URL(receiver.url);
  const request = { url, address: url.hostname, headers: [], body: Buffer.from("{}"), responseBytesMax: BYTES_MAX };
  await use((signal = patient) => transport.send(request, signal), receiver);
}

/** One answer of 200 with these headers, and this behind them as it stands. */
function answering(headers: readonly string[], rest: string): Speaking {
  return (socket) => socket.write(["HTTP/1.1 200 OK", ...headers, "", rest].join("\r\n"));
}

function chunked(...chunks: readonly string[]): string {
  return [...chunks, ""].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("");
}

describe("of an answer", () => {
  const LENGTH = "Content-Length: 5";
  const CHUNKED = "Transfer-Encoding: chunked";
  const long = "a".repeat(3 * BYTES_MAX);
  const table: [what: string, speaking: Speaking, body: string][] = [
    ["with a length that body is read", answering([LENGTH], "hello"), "hello"],
    ["in chunks that body is read", answering([CHUNKED], chunked("hel", "lo")), "hello"],
    [
      "without a length what comes before the end is read",
      (socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nhello"),
      "hello",
    ],
    [
      "of exactly the limit all is read",
      answering([`Content-Length: ${BYTES_MAX}`], "a".repeat(BYTES_MAX)),
      "a".repeat(BYTES_MAX),
    ],
    [
      "that is too long the beginning is read",
      answering([`Content-Length: ${long.length}`], long),
      "a".repeat(BYTES_MAX),
    ],
    ["in chunks that are too long the beginning is read", answering([CHUNKED], chunked(long)), "a".repeat(BYTES_MAX)],
    [
      "whose length is a lie, because it comes in chunks, no more is read",
      answering([LENGTH, CHUNKED], chunked(long)),
      "a".repeat(BYTES_MAX),
    ],
    [
      "whose lie stands behind the truth no more is read either",
      answering([CHUNKED, LENGTH], chunked(long)),
      "a".repeat(BYTES_MAX),
    ],
    [
      "that says it is empty, and comes in chunks, the chunks are read",
      answering(["Content-Length: 0", CHUNKED], chunked("hello")),
      "hello",
    ],
  ];
  for (const [what, speaking, body] of table) {
    test(what, () =>
      withReceiver(speaking, async (send) => {
        const given = await send();
        expect(given).toMatchObject({ kind: "response", status: 200 });
        if (given.kind === "response") expect(new TextDecoder().decode(given.body)).toBe(body);
      }),
    );
  }
});

const closing: Record<string, (socket: Socket) => void> = {
  "is closed": (socket) => void socket.end(),
  "is reset": (socket) => void socket.resetAndDestroy(),
};

for (const [how, close] of Object.entries(closing)) {
  describe(`a connection that ${how}`, () => {
    const closed = {
      kind: "failure",
      reason: "connection",
      detail: "The connection was closed before the answer.",
    } as const;
    const broken = { ...closed, detail: "The connection was closed in the middle of the answer." } as const;

    test("when it is new, without an answer, has had the request: it is not sent again", () =>
      withReceiver(close, async (send, { requests }) => {
        expect(await send()).toEqual(closed);
        expect(await send()).toEqual(closed);
        expect(requests).toEqual([1, 1]);
      }));

    const begun = {
      length: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
      "length and a part": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
      "a part of its chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
    };
    for (const [what, text] of Object.entries(begun)) {
      // A moment later, so that the beginning has been read: nothing tells when.
      const breakOff = (socket: Socket) => void socket.write(text, () => setTimeout(() => close(socket), 100));

      test(`when the answer has begun (${what}) has had the request: it is not sent again`, () =>
        withReceiver(breakOff, async (send, { requests }) => {
          expect(await send()).toEqual(broken);
          expect(requests).toEqual([1]);
        }));

      test(`when an answer has begun (${what}) over a connection that was kept is not excused either`, () =>
        withReceiver(
          (socket, nth) => (nth === 1 ? answer(socket) : breakOff(socket)),
          async (send, { requests }) => {
            expect(await send()).toEqual(OK);
            expect(await send()).toEqual(broken);
            expect(requests).toEqual([2]);
          },
        ));
    }

    test("when it was kept, and the next request is on its way, costs nothing", () =>
      withReceiver(
        (socket, nth) => (nth === 1 ? answer(socket) : close(socket)),
        async (send, { requests }) => {
          for (let i = 0; i < 3; i++) expect(await send()).toEqual(OK);
          expect(requests).toEqual([2, 1, 1]);
        },
      ));

    test("costs nothing either when all that were kept are dead: the request goes over a new one", async () => {
      let isDead = false;
      const held: Socket[] = [];
      const speaking: Speaking = (socket, nth) => {
        if (isDead) return nth === 1 ? answer(socket) : close(socket);
        // Both are under way at once, so that two connections are kept.
        held.push(socket);
        if (held.length === 2) held.forEach(answer);
      };
      await withReceiver(speaking, async (send, { requests }) => {
        expect(await Promise.all([send(), send()])).toEqual([OK, OK]);
        isDead = true;
        expect(await send()).toEqual(OK);
        expect(requests.toSorted()).toEqual([1, 1, 2]);
      });
    });

    test("after an answer that said it would was not kept: the next one that ends has had its request", async () => {
      let connections = 0;
      const speaking: Speaking = (socket) => (connections++ === 0 ? void socket.end(CLOSING_ANSWER) : close(socket));
      await withReceiver(speaking, async (send, { requests }) => {
        expect(await send()).toEqual(OK);
        expect(await send()).toEqual(closed);
        expect(requests).toEqual([1, 1]);
      });
    });
  });
}

test("after the time is up, the request is not sent again", async () => {
  const timeout = new AbortController();
  const speaking: Speaking = (socket, nth) => {
    if (nth === 1) return answer(socket);
    timeout.abort();
    socket.resetAndDestroy();
  };
  await withReceiver(speaking, async (send, { requests }) => {
    expect(await send()).toEqual(OK);
    expect(await send(timeout.signal)).toMatchObject({ kind: "failure", reason: "timeout" });
    expect(requests).toEqual([2]);
  });
});
