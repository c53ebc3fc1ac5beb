import { afterAll, beforeAll, expect, test } from "bun:test";
import { makeApplication } from "../support/client.ts";
import { type AttemptOut, attemptsOf, makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { type Installation, install } from "../support/installation.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

/**
 * Without `allow-subnets`, no spelling of this machine's addresses in an endpoint URL leads to a
 * request.
 */

let receiver: Receiver;
let boathook: Installation;
beforeAll(async () => {
  receiver = startReceiver();
  boathook = await install([], { loopback: false });
});
afterAll(async () => {
  await boathook[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

async function attemptAt(url: string): Promise<AttemptOut> {
  const { send } = boathook;
  const app = await makeApplication(send);
  await makeEndpoint(send, app, url);
  const [attempt] = await attemptsOf(send, app, await sendMessage(send, app));
  return attempt!;
}

const OWN_HOSTS = [
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f.1",
  "0177.0.0.01",
  "0.0.0.0",
  "localhost",
  "LOCALHOST",
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[64:ff9b::127.0.0.1]",
];

for (const host of OWN_HOSTS) {
  test(`an attempt to an endpoint at http://${host} is blocked`, async () => {
    const attempt = await attemptAt(`http://${host}:${receiver.port}/`);
    expect(attempt).toMatchObject({ statusText: "fail", reason: "blocked", responseStatusCode: 0 });
    expect(receiver.received).toEqual([]);
  });
}

for (const host of ["169.254.169.254", "10.0.0.1", "192.168.1.1", "[fd00:ec2::254]", "[fe80::1]"]) {
  test(`an attempt to http://${host} is blocked`, async () => {
    expect((await attemptAt(`http://${host}/latest/meta-data/`)).reason).toBe("blocked");
  });
}

test("allowing a subnet does not allow neighbouring addresses", async () => {
  await using other = await install(["--allow-subnets=127.0.0.2/32"], { loopback: false });
  const app = await makeApplication(other.send);
  await makeEndpoint(other.send, app, receiver.url);
  const [attempt] = await attemptsOf(other.send, app, await sendMessage(other.send, app));
  expect(attempt!.reason).toBe("blocked");
});

test("attempts reach the built-in inbox, but no other path of the server, regardless of the address policy", async () => {
  const { send, url } = boathook;
  const app = await makeApplication(send);
  const token = "reached-by-a-test";
  await makeEndpoint(send, app, `${url}/inbox/${token}`);
  const message = await sendMessage(send, app, { payload: { hello: "inbox" } });
  const { data } = await until(
    async () => (await send("GET", `/inbox/${token}`)).json,
    (json) => json.data.length > 0,
  );
  expect(data).toHaveLength(1);
  expect(data[0]).toMatchObject({ messageId: message, body: '{"hello":"inbox"}' });

  for (const path of ["/api/v1/health", "/inbox/../api/v1/health", "/inbox/%2e%2e/api/v1/health", "/metrics"]) {
    expect((await attemptAt(`${url}${path}`)).reason).toBe("blocked");
  }
});

test("deliveries to an inbox at the server's own address arrive after a public URL with a path was set", async () => {
  await using other = await install([], { loopback: false });
  const { send, url } = other;
  const app = await makeApplication(send);
  await makeEndpoint(send, app, `${url}/inbox/made-before-the-path`);
  await other.process.stop();
  await other.start("--public-url=https://example.com/hooks");
  const [attempt] = await attemptsOf(send, app, await sendMessage(send, app));
  expect(attempt).toMatchObject({ statusText: "success", responseStatusCode: 200 });
});
