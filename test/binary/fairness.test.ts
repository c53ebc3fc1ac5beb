import { describe, expect, test } from "bun:test";
import { makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, sendMessages } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { firstTime, heldBack, type Received, startReceiver } from "../support/receiver.ts";

/**
 * Endpoints that hang must not hold up other endpoints. Attempts to them outlast the test, so the
 * tests do not depend on timing.
 */

const HANGS = { timeoutMs: 600_000 };
/** Three quarters of the default `delivery-concurrency`. */
const SLOTS_OF_ONE_MAX = 192;

/** Creates an application with one endpoint. */
async function applicationAt(send: Send, url: string, fields: object = {}) {
  const app = await makeApplication(send);
  return { app, endpoint: await makeEndpoint(send, app, url, fields) };
}

async function finishedAttempts(send: Send, app: string, endpoint: string): Promise<number> {
  return (await send("GET", `/app/${app}/attempt/endpoint/${endpoint}`)).json.data.length;
}

describe("while attempts hang", () => {
  for (const before of ["is new", "was healthy"]) {
    test(`another endpoint is served while an endpoint that ${before} hangs with 1,000 pending deliveries`, async () => {
      await using hanging = startReceiver();
      await using healthy = startReceiver();
      await using boathook = await install();
      const { send } = boathook;
      const slow = await applicationAt(send, hanging.url, { ...HANGS, concurrency: 1000 });
      const well = await applicationAt(send, healthy.url);
      const wasWell = before === "was healthy";
      if (wasWell) await attemptsOf(send, slow.app, await sendMessage(send, slow.app));

      hanging.answering = heldBack().answering;
      await sendMessages(send, slow.app, 1000);
      await hanging.arrived(wasWell ? 1 + SLOTS_OF_ONE_MAX : 1);
      const ids = await sendMessages(send, well.app, 200);
      const arrived = await healthy.arrived(200);
      expect(arrived.map(({ id }) => id).sort()).toEqual(ids.toSorted());
      expect(await finishedAttempts(send, slow.app, slow.endpoint)).toBe(wasWell ? 1 : 0);
      expect(hanging.received.length).toBeLessThanOrEqual(1 + SLOTS_OF_ONE_MAX);
    });
  }

  test("a healthy endpoint is served while more endpoints hang than there are slots", async () => {
    await using hanging = startReceiver(heldBack().answering);
    await using healthy = startReceiver();
    await using boathook = await install(["--delivery-concurrency=16"]);
    const { send } = boathook;
    const well = await applicationAt(send, healthy.url);
    await attemptsOf(send, well.app, await sendMessage(send, well.app));
    const slow = await makeApplication(send);
    for (let i = 0; i < 40; i++) await makeEndpoint(send, slow, hanging.url, HANGS);

    await sendMessages(send, slow, 10);
    // Each endpoint gets exactly one attempt, because an attempt that only waits returns its slot.
    await hanging.arrived(40);
    await sendMessages(send, well.app, 200);
    await healthy.arrived(201);
    expect(hanging.received).toHaveLength(40);
  });

  test("a healthy endpoint is served while 300 fast endpoints of another customer suddenly hang", async () => {
    await using hanging = startReceiver();
    await using healthy = startReceiver();
    await using boathook = await install();
    const { send } = boathook;
    const well = await applicationAt(send, healthy.url);
    await attemptsOf(send, well.app, await sendMessage(send, well.app));
    const slow = await makeApplication(send);
    for (let i = 0; i < 300; i++) await makeEndpoint(send, slow, hanging.url, HANGS);
    await sendMessage(send, slow);
    await hanging.arrived(300);

    hanging.answering = heldBack().answering;
    await sendMessages(send, slow, 2);
    const ids = await sendMessages(send, well.app, 200);
    const arrived = await healthy.arrived(201);
    expect(
      arrived
        .slice(1)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(ids.toSorted());
  }, 60_000);

  test("a failing endpoint does not hold up other endpoints of the same messages", async () => {
    await using failing = startReceiver(() => new Response(null, { status: 500 }));
    await using healthy = startReceiver();
    await using boathook = await install(["--retry-schedule=1h"]);
    const { send } = boathook;
    const app = await makeApplication(send);
    await makeEndpoint(send, app, failing.url);
    await makeEndpoint(send, app, healthy.url);
    await sendMessages(send, app, 100);
    await Promise.all([failing.arrived(100), healthy.arrived(100)]);
  });
});

describe("throttleRate", () => {
  test("a throttled endpoint gets its messages in order and no faster than its throttleRate", async () => {
    const rate = 20;
    await using receiver = startReceiver();
    await using boathook = await install();
    const { send } = boathook;
    const { app } = await applicationAt(send, receiver.url, { throttleRate: rate, concurrency: 1 });
    const ids = await sendMessages(send, app, 50);
    const arrived = await receiver.arrived(50);
    // At most rate · t + rate / 10 messages may arrive in t seconds. The additional 8 are a margin
    // for arrivals that are recorded late.
    expect(mostWithin(1000, arrived)).toBeLessThanOrEqual(rate + rate / 10 + 8);
    expect(arrived.map(({ id }) => id)).toEqual(ids);
  });

  function mostWithin(windowMs: number, requests: readonly Received[]): number {
    const counts = requests.map(
      ({ atMs }) => requests.filter((r) => r.atMs >= atMs && r.atMs < atMs + windowMs).length,
    );
    return Math.max(...counts);
  }
});

describe("a fifo endpoint", () => {
  const numbers = (requests: readonly Received[]) =>
    requests.map(({ body }) => JSON.parse(body.toString()).n as number);

  test("a fifo endpoint gets the next message only after the previous one has been delivered", async () => {
    let failures = 2;
    const failTwice = ({ body }: Received) =>
      new Response(null, { status: body.toString() === '{"n":1}' && failures-- > 0 ? 500 : 204 });
    await using receiver = startReceiver(failTwice);
    await using boathook = await install(["--retry-schedule=50ms,50ms"]);
    const { app } = await applicationAt(boathook.send, receiver.url, { ordering: "fifo", concurrency: 16 });
    await sendMessages(boathook.send, app, 5);
    expect(numbers(await receiver.arrived(7))).toEqual([0, 1, 1, 1, 2, 3, 4]);
  });

  test("a fifo endpoint gets the next message when the previous one becomes a dead letter", async () => {
    const refuseOne = ({ body }: Received) => new Response(null, { status: body.toString() === '{"n":1}' ? 500 : 204 });
    await using receiver = startReceiver(refuseOne);
    await using boathook = await install(["--retry-schedule=50ms"]);
    const { app } = await applicationAt(boathook.send, receiver.url, { ordering: "fifo" });
    await sendMessages(boathook.send, app, 4);
    expect(numbers(await receiver.arrived(5))).toEqual([0, 1, 1, 2, 3]);
  });

  test("a fifo endpoint gets its messages in order even if the process is killed between two attempts", async () => {
    await using receiver = startReceiver(() => new Response(null, { status: 500 }));
    await using boathook = await install(["--retry-schedule=100ms,100ms,100ms,100ms,100ms,100ms,100ms,100ms"]);
    const { app } = await applicationAt(boathook.send, receiver.url, { ordering: "fifo" });
    await sendMessages(boathook.send, app, 4);
    await receiver.arrived(2);
    await boathook.kill();
    receiver.answering = () => new Response(null, { status: 204 });
    await boathook.start();
    expect(numbers(await receiver.arrived(4, firstTime()))).toEqual([0, 1, 2, 3]);
  });
});

describe("a paused endpoint", () => {
  test("a paused endpoint keeps its messages across a restart and gets them in order when it is resumed", async () => {
    await using receiver = startReceiver();
    await using witness = startReceiver();
    await using boathook = await install();
    const { send } = boathook;
    const { app, endpoint } = await applicationAt(send, receiver.url, { paused: true, concurrency: 1 });
    await makeEndpoint(send, app, witness.url);
    const ids = await sendMessages(send, app, 50);
    await witness.arrived(50);
    await boathook.kill();
    await boathook.start();
    ids.push(...(await sendMessages(send, app, 50)));
    await witness.arrived(100);
    expect(receiver.received).toEqual([]);

    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { paused: false });
    expect((await receiver.arrived(100)).map(({ id }) => id)).toEqual(ids);
  });
});
