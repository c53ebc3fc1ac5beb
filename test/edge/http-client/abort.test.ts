import { describe, expect, test } from "bun:test";
import { getEventListeners } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { HttpClient } from "../../../src/edge/http-client/client.ts";
import type { Answer, OutgoingRequest, Shortage } from "../../../src/ports.ts";
import { selfSigned } from "../../support/certificate.ts";
import { until } from "../../support/delivery.ts";
import { type RawServerOptions, startRawServer } from "../../support/raw-server.ts";
import { answer, startSocketReceiver } from "../../support/socket-receiver.ts";
import { bare, patient, requestTo, responseWith } from "./requests.ts";

/** When its signal is aborted, a request must return immediately and release its connection. */

const TIMED_OUT: Answer = { kind: "failure", reason: "timeout", detail: "The endpoint did not respond in time." };
const certificate = selfSigned("127.0.0.1");

/**
 * Sends a request whose signal is aborted when the server calls `abort`. Resolves when the server's
 * side of the connection is closed too.
 */
async function abortedBy(
  hang: (socket: Socket, abort: () => void) => void,
  { isTls = false, ...fields }: Partial<OutgoingRequest> & { isTls?: boolean } = {},
  options: RawServerOptions = {},
): Promise<Answer | Shortage> {
  const controller = new AbortController();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  await using server = await startRawServer((socket) => {
    socket.once("close", () => resolve());
    hang(socket, () => controller.abort());
  }, options);
  const url = isTls ? server.url.replace("http:", "https:") : server.url;
  const response = await new HttpClient({ ca: certificate.cert }).send(requestTo(url, fields), controller.signal);
  await closed;
  return response;
}

describe("a request that is aborted", () => {
  test("aborting a request before it is sent opens no connection", async () => {
    await using receiver = await startSocketReceiver(answer);
    expect(bare(await new HttpClient().send(requestTo(receiver.url), AbortSignal.abort()))).toEqual(TIMED_OUT);
    expect(receiver.requests).toEqual([]);
  });

  const hanging: [when: string, hang: (socket: Socket, abort: () => void) => void][] = [
    ["before any response", (socket, abort) => socket.once("data", abort)],
    ["after a status line", (socket, abort) => socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\n", abort))],
    [
      "during a response body",
      (socket, abort) => socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\n\r\nbegun", abort)),
    ],
    [
      "after an interim response",
      (socket, abort) => socket.once("data", () => socket.write("HTTP/1.1 100 x\r\n\r\n", abort)),
    ],
  ];
  for (const [when, hang] of hanging) {
    test(`aborting a request ${when} fails it with a timeout and closes its connection`, async () => {
      expect(bare(await abortedBy(hang))).toEqual(TIMED_OUT);
      expect(bare(await abortedBy(hang, { isTls: true }, { certificate }))).toEqual(TIMED_OUT);
    });
  }

  test("aborting a request while its body is being sent fails it with a timeout and closes its connection", async () => {
    const hang = (socket: Socket, abort: () => void) => {
      socket.once("data", () => {
        socket.pause();
        setImmediate(() => {
          abort();
          socket.resume();
        });
      });
    };
    const body = Buffer.alloc(30 * 1024 * 1024);
    expect(bare(await abortedBy(hang, { body }))).toEqual(TIMED_OUT);
    expect(bare(await abortedBy(hang, { body, isTls: true }, { certificate }))).toEqual(TIMED_OUT);
  });

  test("aborting a request during the TLS handshake fails it with a timeout and closes its connection", async () => {
    expect(bare(await abortedBy((socket, abort) => socket.once("data", abort), { isTls: true }))).toEqual(TIMED_OUT);
  });

  test("a request that is aborted as soon as its connection is open fails with a timeout", async () => {
    expect(bare(await abortedBy((_, abort) => abort()))).toEqual(TIMED_OUT);
  });

  test("after a request on a kept connection is aborted, that connection is not used again", async () => {
    const controller = new AbortController();
    await using receiver = await startSocketReceiver((socket, nth) => {
      if (nth === 1) answer(socket);
      else controller.abort();
    });
    const client = new HttpClient();
    expect(await client.send(requestTo(receiver.url), patient)).toEqual(responseWith(200, "ok"));
    expect(bare(await client.send(requestTo(receiver.url), controller.signal))).toEqual(TIMED_OUT);
    expect(await client.send(requestTo(receiver.url), patient)).toEqual(responseWith(200, "ok"));
    expect(receiver.requests).toEqual([2, 1]);
  });

  test("aborting a request after its response has arrived has no effect", async () => {
    const controller = new AbortController();
    await using receiver = await startSocketReceiver(answer);
    const client = new HttpClient();
    const response = client.send(requestTo(receiver.url), controller.signal);
    expect(await response).toEqual(responseWith(200, "ok"));
    controller.abort();
    expect(await client.send(requestTo(receiver.url), patient)).toEqual(responseWith(200, "ok"));
    expect(receiver.requests).toEqual([2]);
  });
});

test("requests that share a signal leave no listeners on it", async () => {
  const { signal } = new AbortController();
  await using receiver = await startSocketReceiver(answer);
  const client = new HttpClient();
  expect(await client.send(requestTo(receiver.url), signal)).toEqual(responseWith(200, "ok"));
  expect(await client.send(requestTo(receiver.url, { addresses: ["127.0.0.2"] }), signal)).toMatchObject({
    kind: "failure",
  });
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

/** Script that listens without accepting, so that clients have to wait for a connection. */
const DEAF_SERVER = `
import socket, sys
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(0)
port = server.getsockname()[1]
waiting = []
for _ in range(4):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", port))
    waiting.append(client)
print(port, flush=True)
sys.stdin.read()
`;

const TCP_TABLE = "/proc/net/tcp";
/** State of a socket that waits for the other side to accept its connection. */
const SYN_SENT = "02";

/** Returns the inodes of sockets of this machine that are connecting to this port. */
function connectingTo(port: number): string[] {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = readFileSync(TCP_TABLE, "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  return rows.filter((row) => row[2]?.endsWith(remote) && row[3] === SYN_SENT).map((row) => row[9]!);
}

const python = Bun.which("python3");
const canTest = python !== null && existsSync(TCP_TABLE);
if (!canTest) console.log("Aborting a connection that opens is not tested: python3 or /proc/net/tcp is missing.");

test.skipIf(!canTest)("aborting a request while its connection is being opened leaves no socket behind", async () => {
  const child = Bun.spawn([python!, "-c", DEAF_SERVER], { stdin: "pipe", stdout: "pipe" });
  try {
    const { value } = await child.stdout.getReader().read();
    const port = Number(new TextDecoder().decode(value));
    const others = new Set(connectingTo(port));
    const own = () => Promise.resolve(connectingTo(port).filter((inode) => !others.has(inode)));
    const controller = new AbortController();
    const response = new HttpClient().send(requestTo(`http://127.0.0.1:${port}/`), controller.signal);
    await until(own, ({ length }) => length === 1);
    controller.abort();
    expect(bare(await response)).toEqual(TIMED_OUT);
    await until(own, ({ length }) => length === 0);
  } finally {
    child.kill();
    await child.exited;
  }
});
