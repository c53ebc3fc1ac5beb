import { describe, expect, test } from "bun:test";
import { EngineWorld, HOUR, MINUTE, SECOND } from "../support/engine-world.ts";

const fifo = { ordering: "fifo" } as const;

describe("a fifo endpoint", () => {
  test("a fifo endpoint gets one message at a time, in order", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", (n) => ({ status: 200, afterMs: 1 + ((n * 37) % 50) }), fifo);
    for (let i = 0; i < 5; i++) await world.send(endpoint, 30);
    await world.rest();
    expect(world.order("a.example")).toEqual(Array.from({ length: 150 }, (_, i) => i + 1));
    expect(world.mostAtOnce("a.example")).toBe(1);
  });

  test("a fifo endpoint gets the scheduled retries of a message before the next message", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", (n, attempt) => (n === 2 && attempt < 3 ? 500 : 200), fifo);
    await world.send(endpoint, 3);
    await world.rest();
    expect(world.order("a.example")).toEqual([1, 2, 2, 2, 3]);
    const [, second, third, fourth, fifth] = world.times("a.example");
    expect([third! - second!, fourth! - third!, fifth! - fourth!]).toEqual([5 * SECOND + 1, 5 * MINUTE + 1, 1]);
  });

  test("a fifo endpoint gets the next message when a message becomes a dead letter", async () => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [SECOND] } });
    const endpoint = await world.endpoint("a.example", (n) => (n === 1 ? 500 : 200), fifo);
    const messages = await world.send(endpoint, 3);
    await world.rest();
    expect(world.order("a.example")).toEqual([1, 1, 2, 3]);
    expect(await world.states(messages)).toEqual(["dead: status_5xx", "delivered", "delivered"]);
  });

  test("a fifo endpoint gets redriven messages after all pending ones", async () => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [] } });
    const endpoint = await world.endpoint("a.example", (n, attempt) => (n === 1 && attempt === 1 ? 500 : 200), fifo);
    await world.send(endpoint, 1);
    await world.rest();
    world.behave("a.example", (n, attempt) => (n === 1 && attempt === 1 ? 500 : { status: 200, afterMs: SECOND }));
    await world.send(endpoint, 3);
    await world.redrive();
    await world.rest();
    expect(world.order("a.example")).toEqual([1, 2, 3, 4, 1]);
  });

  test("a fifo endpoint gets resent messages after all pending ones", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", { status: 200, afterMs: SECOND }, fifo);
    const [first] = await world.send(endpoint, 4);
    await world.pass(1500);
    await world.resend(first!, endpoint);
    await world.rest();
    expect(world.order("a.example")).toEqual([1, 2, 3, 4, 1]);
  });

  test("a fifo endpoint gets a delivery with an earlier position first, although a later one was already in memory", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", { status: 200, afterMs: SECOND }, fifo);
    const [first] = await world.send(endpoint, 1);
    await world.pass(1500);
    // The position of a resend that is committed together with the messages, but is announced later.
    const position = world.seqs.next();
    await world.send(endpoint, 3);
    const { queue } = world.store;
    const resent = { seq: world.seqs.next(), position, now: world.now };
    await world.do(() => queue.resend(first!, endpoint.seq, resent));
    world.kernel.signals.send({ type: "lane.filled", endpointSeq: endpoint.seq, position });
    await world.rest();
    expect(world.order("a.example")).toEqual([1, 2, 1, 3, 4]);
  });

  test("a fifo endpoint keeps its order across a restart while a message waits for its retry", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", (n, attempt) => (n === 1 && attempt < 3 ? 500 : 200), fifo);
    await world.send(endpoint, 3);
    await world.pass(10 * SECOND);
    await world.restart();
    await world.rest();
    expect(world.order("a.example")).toEqual([1, 1, 1, 2, 3]);
    expect(world.times("a.example")[2]!).toBeGreaterThanOrEqual(5 * MINUTE);
  });

  test("a fifo endpoint that is updated during an attempt keeps its order", async () => {
    using world = await EngineWorld.open();
    const behaviour = (n: number, attempt: number) =>
      n === 1 && attempt === 1 ? { status: 500, afterMs: SECOND } : 200;
    const endpoint = await world.endpoint("a.example", behaviour, fifo);
    await world.send(endpoint, 3);
    await world.pass(500);
    await world.update(endpoint, { description: "changed" });
    await world.rest();
    expect(world.order("a.example")).toEqual([1, 1, 2, 3]);
  });

  // Without a slot the lane cannot read its endpoint again, so it does not know yet that the
  // endpoint is fifo.
  test("a fifo endpoint that is updated during an attempt keeps its order even if no slot is free", async () => {
    using world = await EngineWorld.open({ policy: { deliveryConcurrency: 1 } });
    const behaviour = (n: number, attempt: number) =>
      n === 1 && attempt === 1 ? { status: 500, afterMs: SECOND } : 200;
    const endpoint = await world.endpoint("a.example", behaviour, fifo);
    await world.send(endpoint, 3);
    await world.pass(500);
    await world.update(endpoint, { description: "changed" });
    await world.rest();
    expect(world.order("a.example")).toEqual([1, 1, 2, 3]);
  });
});

describe("the backlog of a fifo endpoint", () => {
  test("the age of a fifo endpoint's backlog includes messages that wait behind a retry", async () => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [HOUR, HOUR] } });
    await world.send(await world.endpoint("a.example", 500, { ordering: "fifo" }), 1000);
    await world.pass(30 * MINUTE);
    expect(world.now - world.engine.oldestDueAt()!).toBeGreaterThan(29 * MINUTE);
    await world.restart();
    await world.pass(MINUTE);
    expect(world.now - world.engine.oldestDueAt()!).toBeGreaterThan(30 * MINUTE);
  });
});

describe("a change of ordering", () => {
  test("switching an endpoint to fifo moves a message awaiting its retry to the front again", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", (n, attempt) => (n === 1 && attempt === 1 ? 500 : 200));
    await world.send(endpoint, 1);
    await world.pass(SECOND);
    await world.update(endpoint, fifo);
    await world.send(endpoint, 2);
    await world.rest();
    expect(world.order("a.example")).toEqual([1, 1, 2, 3]);
  });

  test("switching an endpoint to parallel lets other messages overtake one that awaits its retry", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", (n, attempt) => (n === 1 && attempt === 1 ? 500 : 200), fifo);
    await world.send(endpoint, 3);
    await world.pass(SECOND);
    await world.update(endpoint, { ordering: "parallel" });
    await world.rest();
    expect(world.order("a.example")).toEqual([1, 2, 3, 1]);
  });
});
