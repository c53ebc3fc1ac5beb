import { expect, test } from "bun:test";
import type { BrokerParts } from "../../src/consume/broker.ts";
import { openRemote } from "../../src/consume/remote.ts";

test("a source whose broker cannot be reached through the proxy says so in words about sources", async () => {
  const parts = { clients: {}, policy: { isProxied: true } } as unknown as BrokerParts;
  const connection = openRemote("amqp", parts).connect(
    { url: new URL("amqp://broker.example"), prefetch: 1, consumer: "c" } as never,
    new AbortController().signal,
  );
  const { message } = await connection.then(
    () => new Error("connected"),
    (error: Error) => error,
  );
  expect(message).toBe(
    "Sources of this type cannot use the proxy (setting egress-proxy) and never bypass it. Run a program that takes the messages and sends them to a source with a URL.",
  );
});
