import { describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { HttpClient } from "../../../src/edge/http-client/client.ts";
import type { Answer, Shortage } from "../../../src/ports.ts";
import { chunked } from "../../core/http-response/read.ts";
import { answer, type SocketReceiver, type Speaking, startSocketReceiver } from "../../support/socket-receiver.ts";
import { bare, patient, requestTo, responseWith } from "./requests.ts";

const BYTES_MAX = 1024;
const OK = responseWith(200, "ok");
const CLOSING_ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

/** Starts a receiver and a client. `send` sends one request to the receiver. */
async function withReceiver(
  speaking: Speaking,
  use: (send: (signal?: AbortSignal) => Promise<Answer | Shortage>, receiver: SocketReceiver) => Promise<void>,
): Promise<void> {
  await using receiver = await startSocketReceiver(speaking);
  const client = new HttpClient();
  const request = requestTo(receiver.url, { responseBytesMax: BYTES_MAX });
  await use((signal = patient) => client.send(request, signal), receiver);
}

/** Returns a function that responds with 200, these headers and this text. */
function answering(headers: readonly string[], rest: string): Speaking {
  return (socket) => socket.write(["HTTP/1.1 200 OK", ...headers, "", rest].join("\r\n"));
}

test("a response has its Cache-Control header, with repeated ones joined", async () => {
  const lines = ["Content-Length: 2", "cache-control: public", "Cache-Control: max-age=600"];
  await withReceiver(answering(lines, "ok"), async (send) => {
    expect(await send()).toMatchObject({ status: 200, cacheControl: "public, max-age=600" });
  });
});

describe("the body of a response", () => {
  const LENGTH = "Content-Length: 5";
  const CHUNKED = "Transfer-Encoding: chunked";
  const long = "a".repeat(3 * BYTES_MAX);
  const table: [what: string, speaking: Speaking, body: string][] = [
    ["with a length is read", answering([LENGTH], "hello"), "hello"],
    ["in chunks is read", answering([CHUNKED], chunked("hel", "lo")), "hello"],
    [
      "without a length is read up to the end of the connection",
      (socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nhello"),
      "hello",
    ],
    [
      "of exactly the limit is read completely",
      answering([`Content-Length: ${BYTES_MAX}`], "a".repeat(BYTES_MAX)),
      "a".repeat(BYTES_MAX),
    ],
    ["that is too long is cut", answering([`Content-Length: ${long.length}`], long), "a".repeat(BYTES_MAX)],
    ["that is too long is cut if it is in chunks", answering([CHUNKED], chunked(long)), "a".repeat(BYTES_MAX)],
    [
      "in chunks that is too long is cut even if a preceding `Content-Length` is short",
      answering([LENGTH, CHUNKED], chunked(long)),
      "a".repeat(BYTES_MAX),
    ],
    [
      "in chunks that is too long is cut even if a following `Content-Length` is short",
      answering([CHUNKED, LENGTH], chunked(long)),
      "a".repeat(BYTES_MAX),
    ],
    [
      "in chunks is read even if the `Content-Length` is 0",
      answering(["Content-Length: 0", CHUNKED], chunked("hello")),
      "hello",
    ],
  ];
  for (const [what, speaking, body] of table) {
    test(`a body ${what}`, () =>
      withReceiver(speaking, async (send) => {
        const given = await send();
        expect(given).toMatchObject({ kind: "response", status: 200 });
        if (given.kind === "response") expect(new TextDecoder().decode(given.body)).toBe(body);
      }));
  }
});

const closing: Record<string, (socket: Socket) => void> = {
  "is closed": (socket) => void socket.end(),
  "is reset": (socket) => void socket.resetAndDestroy(),
};

for (const [how, close] of Object.entries(closing)) {
  describe(`when a connection ${how}`, () => {
    const closed = {
      kind: "failure",
      reason: "connection",
      detail: "The connection was closed before the response.",
    } as const;
    const note = "The connection was closed before the end of the response.";
    const truncated = (body: string) => ({ ...responseWith(200, body), note });

    test(`when a new connection ${how} before a response, the request fails and is not repeated`, () =>
      withReceiver(close, async (send, { requests }) => {
        expect(bare(await send())).toEqual(closed);
        expect(bare(await send())).toEqual(closed);
        expect(requests).toEqual([1, 1]);
      }));

    const begun = {
      "its status line": ["HTTP/1.1 200 OK\r\n", ""],
      "its headers": ["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", ""],
      "a part of its body": ["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart", "part"],
      "a part of its chunks": ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n", "part"],
    } as const;
    for (const [what, [text, body]] of Object.entries(begun)) {
      // The timeout lets the client read the part first. The receiver cannot observe when that has
      // happened.
      const breakOff = (socket: Socket) => void socket.write(text, () => setTimeout(() => close(socket), 100));

      test(`when a connection ${how} after ${what}, the response counts and has a note`, () =>
        withReceiver(breakOff, async (send, { requests }) => {
          expect(await send()).toEqual(truncated(body));
          expect(requests).toEqual([1]);
        }));

      test(`when a reused connection ${how} after ${what}, the response counts and the request is not repeated`, () =>
        withReceiver(
          (socket, nth) => (nth === 1 ? answer(socket) : breakOff(socket)),
          async (send, { requests }) => {
            expect(await send()).toEqual(OK);
            expect(await send()).toEqual(truncated(body));
            expect(requests).toEqual([2]);
          },
        ));
    }

    test(`when a connection ${how} in the middle of the status line, the request fails`, () =>
      withReceiver(
        (socket) => void socket.write("HTTP/1.1 200", () => setTimeout(() => close(socket), 100)),
        async (send) =>
          expect(bare(await send())).toEqual({
            ...closed,
            detail: "The connection was closed in the middle of the response.",
          } as never),
      ));

    test(`when a reused connection ${how} before a response, the request is repeated over a new connection`, () =>
      withReceiver(
        (socket, nth) => (nth === 1 ? answer(socket) : close(socket)),
        async (send, { requests }) => {
          for (let i = 0; i < 3; i++) expect(await send()).toEqual(OK);
          expect(requests).toEqual([2, 1, 1]);
        },
      ));

    test(`when a connection ${how} and all other idle connections are dead too, the request is repeated over a new connection`, async () => {
      let isDead = false;
      const held: Socket[] = [];
      const speaking: Speaking = (socket, nth) => {
        if (isDead) return nth === 1 ? answer(socket) : close(socket);
        // Both requests are open at the same time, so that later two connections are idle.
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

    test(`when a connection ${how} after a response that announced the close, the next request uses a new connection`, async () => {
      let connections = 0;
      const speaking: Speaking = (socket) => (connections++ === 0 ? void socket.end(CLOSING_ANSWER) : close(socket));
      await withReceiver(speaking, async (send, { requests }) => {
        expect(await send()).toEqual(OK);
        expect(bare(await send())).toEqual(closed);
        expect(requests).toEqual([1, 1]);
      });
    });
  });
}

test("a request whose signal is aborted is not repeated", async () => {
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
