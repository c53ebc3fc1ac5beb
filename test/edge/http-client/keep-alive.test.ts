import { expect, test } from "bun:test";
import type { Socket } from "node:net";
import { HttpClient } from "../../../src/edge/http-client/client.ts";
import { startRawServer } from "../../support/raw-server.ts";
import { answer, startSocketReceiver } from "../../support/socket-receiver.ts";
import { bare, patient, requestTo, responseWith } from "./requests.ts";

const OK = responseWith(200, "ok");

test("each concurrent request has its own connection, and later requests reuse those connections", async () => {
  let held: Socket[] = [];
  await using receiver = await startSocketReceiver((socket) => {
    held.push(socket);
    if (held.length < 5) return;
    held.forEach(answer);
    held = [];
  });
  const client = new HttpClient();
  for (let i = 0; i < 3; i++) {
    const all = Array.from({ length: 5 }, () => client.send(requestTo(receiver.url), patient));
    expect(await Promise.all(all)).toEqual(Array(5).fill(OK));
  }
  expect(receiver.requests).toEqual([3, 3, 3, 3, 3]);
});

test("a connection to one port is not used for another", async () => {
  await using one = await startSocketReceiver(answer);
  await using other = await startSocketReceiver(answer);
  const client = new HttpClient();
  for (const { url } of [one, other, one, other]) expect(await client.send(requestTo(url), patient)).toEqual(OK);
  expect([one.requests, other.requests]).toEqual([[2], [2]]);
});

test("a connection that was opened for one name is not used for another at the same address", async () => {
  await using receiver = await startSocketReceiver(answer);
  const client = new HttpClient();
  for (const host of ["one.example", "other.example", "one.example", "ONE.example"]) {
    const request = requestTo(`http://${host}:${receiver.port}/`, { addresses: ["127.0.0.1"] });
    expect(await client.send(request, patient)).toEqual(OK);
  }
  expect(receiver.requests).toEqual([3, 1]);
});

test("a connection that the peer closed while it was idle is not used again", async () => {
  await using receiver = await startSocketReceiver((socket) => {
    answer(socket);
    socket.end();
  });
  const client = new HttpClient();
  for (let i = 0; i < 5; i++) {
    expect(await client.send(requestTo(receiver.url), patient)).toEqual(OK);
    await receiver.closed();
  }
  expect(receiver.requests).toEqual([1, 1, 1, 1, 1]);
});

test("if a kept connection is closed before the response, a large request is repeated once, in full", async () => {
  const body = Buffer.alloc(8 * 1024 * 1024, "b");
  await using receiver = await startSocketReceiver((socket, nth) => {
    answer(socket);
    // The server does not read the second request on a connection completely.
    if (nth === 1) socket.once("data", () => socket.destroy());
  });
  const client = new HttpClient();
  expect(await client.send(requestTo(receiver.url), patient)).toEqual(OK);
  expect(await client.send(requestTo(receiver.url, { body }), patient)).toEqual(OK);
  expect(receiver.requests).toEqual([1, 1]);
  expect(receiver.texts[1]!.endsWith(`\r\n\r\n${body.toString("latin1")}`)).toBe(true);
});

test("a request is sent at most twice, whatever happens to the second connection", async () => {
  let isDead = false;
  await using receiver = await startSocketReceiver((socket) => (isDead ? socket.destroy() : answer(socket)));
  const client = new HttpClient();
  expect(await client.send(requestTo(receiver.url), patient)).toEqual(OK);
  isDead = true;
  const failure = { kind: "failure", reason: "connection", detail: "The connection was closed before the response." };
  expect(bare(await client.send(requestTo(receiver.url), patient))).toEqual(failure as never);
  expect(receiver.requests).toEqual([2, 1]);
});

test("a request that must be repeated fails if its new connection is refused", async () => {
  const receiver = await startSocketReceiver((socket, nth) => {
    if (nth === 1) return answer(socket);
    void receiver[Symbol.asyncDispose]();
  });
  const client = new HttpClient();
  expect(await client.send(requestTo(receiver.url), patient)).toEqual(OK);
  const failure = { kind: "failure", reason: "connection", detail: "The connection was refused." };
  expect(bare(await client.send(requestTo(receiver.url), patient))).toEqual(failure as never);
});

/**
 * Ways to close a connection at about the time when its response arrives. The client may notice the
 * close at any moment of the next request.
 */
const CLOSINGS: readonly ((socket: Socket) => void)[] = [
  () => {},
  (socket) => void socket.end(),
  (socket) => void socket.destroy(),
  (socket) => void socket.resetAndDestroy(),
  (socket) => void setImmediate(() => socket.end()),
  (socket) => void setImmediate(() => setImmediate(() => socket.destroy())),
  (socket) => void setTimeout(() => socket.end(), 1),
  (socket) => void setTimeout(() => socket.resetAndDestroy(), 2),
  (socket) => void socket.once("data", () => socket.destroy()),
  (socket) => void socket.once("data", () => socket.resetAndDestroy()),
];

test("no request fails, however a peer closes its idle connections", async () => {
  let connections = 0;
  await using server = await startRawServer((socket) => {
    const close = CLOSINGS[connections++ % CLOSINGS.length]!;
    socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    socket.once("data", () => setImmediate(() => close(socket)));
  });
  const client = new HttpClient();
  const inTurn = async () => {
    for (let i = 0; i < 150; i++) expect(await client.send(requestTo(server.url), patient)).toEqual(OK);
  };
  await Promise.all(Array.from({ length: 8 }, inTurn));
});

test("a client that is stopped closes its idle connections and can still send requests", async () => {
  await using receiver = await startSocketReceiver(answer);
  const client = new HttpClient();
  await client.start();
  expect(await client.send(requestTo(receiver.url), patient)).toEqual(OK);
  const closed = receiver.closed();
  await client.stop();
  await closed;
  expect(await client.send(requestTo(receiver.url), patient)).toEqual(OK);
  expect(receiver.requests).toEqual([1, 1]);
});

/**
 * Bytes that a peer sends over an idle connection at about the time when the next request is sent.
 */
const LATE_BYTES: readonly (readonly [what: string, bytes: string])[] = [
  ["the rest of a body that was longer than announced", "rest"],
  ["a line break", "\r\n"],
  ["a 408 without a length", "HTTP/1.0 408 Request Time-out\r\nConnection: close\r\n\r\n<html></html>"],
  ["a 408 with a length", "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"],
];

test("a connection is closed when a second response arrives while no request is under way", async () => {
  let sendLate = () => {};
  await using receiver = await startSocketReceiver((socket) => {
    answer(socket);
    sendLate = () => void socket.write("HTTP/1.1 500 Late\r\nContent-Length: 4\r\n\r\nlate");
  });
  const client = new HttpClient();
  for (let i = 0; i < 3; i++) {
    expect(await client.send(requestTo(receiver.url), patient)).toEqual(OK);
    const closed = receiver.closed();
    sendLate();
    await closed;
  }
  expect(receiver.requests).toEqual([1, 1, 1]);
});

test("a connection is closed when a second response arrives in the same packet as the first", async () => {
  await using receiver = await startSocketReceiver((socket) =>
    socket.write(`${"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}HTTP/1.1 500 Late\r\nContent-Length: 0\r\n\r\n`),
  );
  const client = new HttpClient();
  for (let i = 0; i < 3; i++) expect(await client.send(requestTo(receiver.url), patient)).toEqual(OK);
  expect(receiver.requests).toEqual([1, 1, 1]);
});

for (const [what, bytes] of LATE_BYTES) {
  test(`${what} on an idle connection is not taken for the response to the next request`, async () => {
    await using receiver = await startSocketReceiver((socket, nth) =>
      nth === 1 ? answer(socket) : void socket.end(bytes),
    );
    const client = new HttpClient();
    for (let i = 0; i < 3; i++) expect(await client.send(requestTo(receiver.url), patient)).toEqual(OK);
    expect(receiver.requests).toEqual([2, 1, 1]);
  });
}

test("a request is sent at most twice to a peer that never responds with HTTP", async () => {
  let isBroken = false;
  await using receiver = await startSocketReceiver((socket) =>
    isBroken ? void socket.write("SSH-2.0") : answer(socket),
  );
  const client = new HttpClient();
  expect(await client.send(requestTo(receiver.url), patient)).toEqual(OK);
  isBroken = true;
  const failure = { kind: "failure", reason: "connection", detail: "The response is not HTTP/1.1." };
  expect(bare(await client.send(requestTo(receiver.url), patient))).toEqual(failure as never);
  expect(receiver.requests).toEqual([2, 1]);
});

test("a 408 response on a connection that stays open is treated like any other response", async () => {
  await using receiver = await startSocketReceiver((socket, nth) =>
    nth === 1 ? answer(socket) : void socket.write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"),
  );
  const client = new HttpClient();
  expect(await client.send(requestTo(receiver.url), patient)).toEqual(OK);
  expect(await client.send(requestTo(receiver.url), patient)).toEqual({
    ...responseWith(408, ""),
    headers: expect.anything(),
  });
  expect(receiver.requests).toEqual([2]);
});
