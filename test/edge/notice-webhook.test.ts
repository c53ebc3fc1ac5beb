import { afterAll, expect, test } from "bun:test";
import { HttpClient } from "../../src/edge/http-client/client.ts";
import { EgressProxy } from "../../src/edge/http-client/proxy.ts";
import { WebhookChannel } from "../../src/edge/notice-webhook.ts";
import type { Resolver } from "../../src/ports.ts";
import { freePort } from "../support/free-port.ts";
import { startReceiver, withStatus } from "../support/receiver.ts";

const message = { title: "A title", lines: ["A line"], link: "https://hooks.example.com/ui/" };
const never = new AbortController().signal;
const resolver: Resolver = {
  resolve: async (host) => (host === "chat.example" ? ["127.0.0.1"] : []),
};
const transport = new HttpClient();
await transport.start();
afterAll(() => transport.stop());

const send = (url: string, signal = never) =>
  new WebhookChannel("slack", `${url}/secret`, { transport, resolver }).send(message, signal);

test("a webhook gets the message, also at a private address that has a name", async () => {
  await using receiver = startReceiver(withStatus(202));
  expect(await send(receiver.url)).toEqual({ sent: true, refused: [] });
  expect(await send(`http://chat.example:${receiver.port}`)).toEqual({ sent: true, refused: [] });
  const [request, named] = receiver.received;
  expect(JSON.parse(request!.body.toString())).toEqual({ text: "A title\n\nA line\n\nhttps://hooks.example.com/ui/" });
  expect(request!.headers.get("content-type")).toBe("application/json");
  expect(named!.headers.get("host")).toBe(`chat.example:${receiver.port}`);
});

test("a webhook that fails, redirects, hangs or cannot be reached is reported without its URL", async () => {
  await using receiver = startReceiver(withStatus(404));
  expect(await send(receiver.url)).toEqual({ sent: false, reason: "The webhook responded with status 404." });
  receiver.answering = withStatus(302, { location: `${receiver.url}/other` });
  expect(await send(receiver.url)).toEqual({ sent: false, reason: "The webhook responded with status 302." });
  receiver.answering = () => new Promise(() => {});
  const failures = [
    await send(receiver.url, AbortSignal.timeout(200)),
    await send(`http://127.0.0.1:${freePort()}`),
    await send("https://unknown.example"),
  ];
  for (const failure of failures)
    expect(failure).toEqual({ sent: false, reason: expect.not.stringContaining("secret") });
  expect(failures.at(-1)).toMatchObject({ reason: "The host name of the webhook could not be resolved." });
  expect(receiver.received.every(({ path }) => path === "/secret")).toBe(true);
});

test("the request goes through the outgoing proxy if there is one", async () => {
  await using receiver = startReceiver();
  const proxied = new HttpClient({ proxy: new EgressProxy(`http://127.0.0.1:${freePort()}`, resolver) });
  await proxied.start();
  const channel = new WebhookChannel("teams", `${receiver.url}/secret`, { transport: proxied, resolver });
  expect(await channel.send(message, never)).toMatchObject({
    sent: false,
    reason: expect.stringMatching(/^The request to the webhook failed. The proxy cannot be reached/),
  });
  await proxied.stop();
  expect(receiver.received).toEqual([]);
});
