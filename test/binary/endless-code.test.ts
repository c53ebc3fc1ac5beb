import { expect, setDefaultTimeout, test } from "bun:test";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint, sendMessage, sendMessages } from "../support/delivery.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

setDefaultTimeout(60_000);

const ENDLESS = "function handler() { for (;;); }";
const CUSTOMERS = 25;
const MESSAGES = 4;

/** Number of attempts whose transformation has failed. */
async function failures(server: TestServer): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/boathook_attempts_total\{outcome="transformation"\} (?<count>\d+)/.exec(text)!.groups!.count);
}

async function customerWith(send: Send, receiver: Receiver, code: string | null): Promise<string> {
  const app = await makeApplication(send);
  const id = await makeEndpoint(send, app, receiver.url);
  if (code === null) return app;
  const path = `/app/${app}/endpoint/${id}/transformation`;
  const { status, text } = await send("PATCH", path, { code, enabled: true });
  if (status !== 204) throw new Error(`The transformation was not stored: ${status} ${text}`);
  return app;
}

async function deliver(send: Send, receiver: Receiver, app: string): Promise<void> {
  const id = await sendMessage(send, app);
  await receiver.arrived(1, (request) => request.id === id);
}

test("a hundred calls of endless code delay neither plain deliveries nor the code of others", async () => {
  await using receiver = startReceiver();
  const server = await startServer(["--retry-schedule="]);
  try {
    const send = clientOf(server.url);
    const plain = await customerWith(send, receiver, null);
    const proven = await customerWith(send, receiver, "function handler(webhook) { return webhook; }");
    await deliver(send, receiver, proven);
    const hostile = await Promise.all(Array.from({ length: CUSTOMERS }, () => customerWith(send, receiver, ENDLESS)));
    await Promise.all(hostile.map((app) => sendMessages(send, app, MESSAGES)));
    for (let count = 0; count < 10; count++) {
      await deliver(send, receiver, plain);
      await deliver(send, receiver, proven);
    }
    // If each delivery waited for its turn among all customers, all endless code would have ended by now.
    expect(await failures(server)).toBeLessThan(CUSTOMERS * MESSAGES);
  } finally {
    await server.stop();
  }
});
