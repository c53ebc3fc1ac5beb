import { afterAll, beforeAll, expect, test } from "bun:test";
import { makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { type Installation, install } from "../support/installation.ts";
import { startReceiver } from "../support/receiver.ts";
import { answer, startSocketReceiver } from "../support/socket-receiver.ts";

/**
 * Tests connections that are kept open or closed. Each message has one attempt, so a lost attempt
 * makes the test fail.
 */

let boathook: Installation;
let send: Send;
beforeAll(async () => {
  boathook = await install(["--retry-schedule="]);
  send = boathook.send;
});
afterAll(() => boathook[Symbol.asyncDispose]());

async function attemptOfNewMessage(app: string) {
  const attempts = await attemptsOf(send, app, await sendMessage(send, app));
  expect(attempts).toHaveLength(1);
  return attempts[0]!;
}

test("one connection serves several deliveries", async () => {
  await using receiver = await startSocketReceiver(answer);
  const app = await makeApplication(send);
  await makeEndpoint(send, app, receiver.url);
  for (let i = 0; i < 5; i++) expect((await attemptOfNewMessage(app)).statusText).toBe("success");
  expect(receiver.requests).toEqual([5]);
});

test("deliveries do not fail if the receiver closes the connection between them", async () => {
  await using receiver = await startSocketReceiver((socket) => {
    answer(socket);
    socket.end();
  });
  const app = await makeApplication(send);
  await makeEndpoint(send, app, receiver.url);
  for (let i = 0; i < 5; i++) {
    expect((await attemptOfNewMessage(app)).statusText).toBe("success");
    await receiver.closed();
  }
  expect(receiver.requests).toEqual([1, 1, 1, 1, 1]);
});

test("a delivery does not fail if the receiver closes a reused connection during the request", async () => {
  await using receiver = await startSocketReceiver((socket, nth) => (nth === 1 ? answer(socket) : socket.destroy()));
  const app = await makeApplication(send);
  await makeEndpoint(send, app, receiver.url);
  for (let i = 0; i < 3; i++) expect((await attemptOfNewMessage(app)).statusText).toBe("success");
  // The second message was sent again over a new connection.
  expect(receiver.requests).toEqual([2, 1, 1]);
});

test("a receiver that closes the connection during its 200 response has received the message, and gets it once", async () => {
  await using receiver = await startSocketReceiver((socket) =>
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart"),
  );
  const app = await makeApplication(send);
  await makeEndpoint(send, app, receiver.url);
  expect(await attemptOfNewMessage(app)).toMatchObject({
    statusText: "success",
    responseStatusCode: 200,
    response: "part",
    note: "The connection was closed before the end of the response.",
  });
  expect(receiver.requests).toEqual([1]);
});

test("a delivery fails if the receiver closes every connection without a response", async () => {
  await using receiver = await startSocketReceiver((socket) => socket.destroy());
  const app = await makeApplication(send);
  await makeEndpoint(send, app, receiver.url);
  expect(await attemptOfNewMessage(app)).toMatchObject({ statusText: "fail", reason: "connection" });
  expect(receiver.requests).toEqual([1]);
});

test("a proxy set in environment variables is not used", async () => {
  await using proxy = startReceiver();
  await using receiver = startReceiver();
  const env = { HTTP_PROXY: proxy.url, http_proxy: proxy.url, HTTPS_PROXY: proxy.url, ALL_PROXY: proxy.url };
  await using proxied = await install(["--retry-schedule="], { env });
  const app = await makeApplication(proxied.send);
  await makeEndpoint(proxied.send, app, receiver.url);
  const [attempt] = await attemptsOf(proxied.send, app, await sendMessage(proxied.send, app));
  expect(attempt!.statusText).toBe("success");
  expect([proxy.received.length, receiver.received.length]).toEqual([0, 1]);
});
