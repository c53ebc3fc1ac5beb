import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { makeApplication } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, sendMessages, until } from "../support/delivery.ts";
import { type Installation, install } from "../support/installation.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

/** Tests functions that wait for the response to a request, while other deliveries arrive and the server stops. */

setDefaultTimeout(60_000);

/** The number of functions of one customer that may wait. */
const OPEN_PER_CUSTOMER = 100;

let receiver: Receiver;
/** Lets the requests to `/slow` have their responses. */
let respond: () => void;
beforeEach(() => {
  const { promise, resolve } = Promise.withResolvers<void>();
  respond = resolve;
  receiver = startReceiver(async ({ path }) => {
    if (path === "/slow") await promise;
    return new Response(path);
  });
});
afterEach(() => receiver[Symbol.asyncDispose]());

/** Requests the path in the payload of the message. */
const fetching = () =>
  `async function handler(event, ctx) { return (await ctx.fetch("${receiver.url}" + event.payload.path)).status; }`;
const SLOW = { payload: { path: "/slow" } };
const QUICK = { payload: { path: "/quick" } };

/** Starts the executable with the event types of the tests. */
async function start(args: readonly string[] = []): Promise<Installation> {
  const boathook = await install(args);
  for (const name of ["a", "b"]) await boathook.send("POST", "/event-type", { name, description: "" });
  return boathook;
}

function makeFunction({ send }: Installation, app: string, code: string, fields: object = {}): Promise<string> {
  return makeEndpoint(send, app, "function:", { eventTypes: ["a"], function: { code }, ...fields });
}

/** Returns how often a function was not run because of the limits. */
async function postponed({ url }: Installation): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^boathook_deliveries_postponed_total\{resource="sandbox"\} (\d+)$/m.exec(text)?.[1]);
}

test("100 waiting functions of a customer delay neither its plain endpoint nor the function of another customer", async () => {
  await using boathook = await start();
  const { send } = boathook;
  const [busy, other] = [await makeApplication(send), await makeApplication(send)];
  await makeFunction(boathook, busy, fetching(), { concurrency: OPEN_PER_CUSTOMER + 10, timeoutMs: 30_000 });
  await makeFunction(boathook, other, fetching());
  await makeEndpoint(send, busy, `${receiver.url}/plain`, { eventTypes: ["b"] });

  // An endpoint gets one attempt at a time until its first has ended.
  await attemptsOf(send, busy, await sendMessage(send, busy, QUICK));
  expect(await postponed(boathook)).toBe(0);
  const messages = await sendMessages(send, busy, OPEN_PER_CUSTOMER + 10, SLOW);
  await receiver.arrived(OPEN_PER_CUSTOMER, ({ path }) => path === "/slow");
  await until(
    () => postponed(boathook),
    (count) => count > 0,
  );

  const [ofOther] = await attemptsOf(send, other, await sendMessage(send, other, QUICK));
  expect([ofOther!.reason, ofOther!.response]).toEqual([null, "200"]);
  const [plain] = await attemptsOf(send, busy, await sendMessage(send, busy, { eventType: "b" }));
  expect([plain!.reason, plain!.responseStatusCode]).toEqual([null, 200]);
  expect(receiver.received.filter(({ path }) => path === "/slow")).toHaveLength(OPEN_PER_CUSTOMER);

  respond();
  for (const message of messages) {
    const attempts = await attemptsOf(send, busy, message);
    expect(attempts.map(({ reason, response }) => [reason, response])).toEqual([[null, "200"]]);
  }
  expect(receiver.received.filter(({ path }) => path === "/slow")).toHaveLength(messages.length);
});

test("a server stops within its limit while a function waits, and delivers the message after the restart", async () => {
  const shutdownSeconds = 2;
  await using boathook = await start([`--shutdown-timeout=${shutdownSeconds}s`]);
  const { send } = boathook;
  const app = await makeApplication(send);
  const code = `async function handler(event, ctx) {
    const { id } = await ctx.send({ eventType: "b", payload: {} });
    await ctx.fetch("${receiver.url}/slow");
    return id;
  }`;
  await makeFunction(boathook, app, code);
  const message = await sendMessage(send, app);
  await receiver.arrived(1, ({ path }) => path === "/slow");

  const stopped = boathook.process.stop().then((status) => ({ status }));
  const outcome = await Promise.race([stopped, Bun.sleep((shutdownSeconds + 20) * 1000)]);
  expect(outcome).toEqual({ status: 0 });

  respond();
  await boathook.start();
  const attempts = await attemptsOf(send, app, message);
  expect(attempts.map(({ reason }) => reason)).toEqual([null]);
  const sent = await until(
    async () => (await send("GET", `/app/${app}/msg?event_types=b`)).json.data as { readonly id: string }[],
    ({ length }) => length > 0,
  );
  expect(sent.map(({ id }) => id)).toEqual([JSON.parse(attempts[0]!.response)]);
  expect(receiver.received.filter(({ path }) => path === "/slow")).toHaveLength(2);
});
