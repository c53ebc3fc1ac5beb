import { describe, expect, test } from "bun:test";
import { holdDelivery } from "../../src/commands/delivery.ts";
import { pauseEnvironment } from "../../src/commands/environments.ts";
import { EngineWorld, MINUTE, SECOND } from "../support/engine-world.ts";

/** The two ways to stop the deliveries of more than one endpoint. */
const STOPS: [what: string, set: (world: EngineWorld, isClosed: boolean) => Promise<unknown>][] = [
  ["deliveries are held", (world, isClosed) => world.do(() => holdDelivery(world.kernel, isClosed))],
  [
    "the environment is paused",
    (world, isClosed) => world.do(() => pauseEnvironment(world.kernel, world.environmentSeq, isClosed)),
  ],
];

describe.each(STOPS)("while %s", (_, set) => {
  test("messages are stored and not sent, and all of them are sent in order after that", async () => {
    using world = await EngineWorld.open();
    const endpoints = [
      await world.endpoint("parallel.example", 200, { concurrency: 1 }),
      await world.endpoint("fifo.example", 200, { ordering: "fifo" }),
    ];
    for (const endpoint of endpoints) await world.send(endpoint);
    await world.rest();
    await set(world, true);
    const messages: number[] = [];
    for (const endpoint of endpoints) messages.push(...(await world.send(endpoint, 400)));
    await world.pass(MINUTE);
    expect(world.starts).toHaveLength(2);
    expect(new Set(await world.states(messages))).toEqual(new Set(["pending"]));
    expect(world.engine.oldestDueAt()).toBeNull();
    await set(world, false);
    await world.rest();
    expect(new Set(await world.states(messages))).toEqual(new Set(["delivered"]));
    for (const host of ["parallel.example", "fifo.example"]) {
      expect(world.order(host)).toEqual(Array.from({ length: 401 }, (_, i) => i + 1));
    }
  });

  test("attempts under way finish, and neither retries nor later deliveries start", async () => {
    using world = await EngineWorld.open();
    const parallel = await world.endpoint("parallel.example", (message, attempt) => ({
      status: message === 1 && attempt === 1 ? 500 : 200,
      afterMs: SECOND,
    }));
    const fifo = await world.endpoint("fifo.example", { status: 500, afterMs: SECOND }, { ordering: "fifo" });
    const messages = [...(await world.send(parallel, 1)), ...(await world.send(fifo, 2))];
    await world.pass(SECOND / 2);
    await set(world, true);
    await world.pass(MINUTE);
    expect(world.starts).toHaveLength(2);
    expect(world.facts.filter(({ type }) => type === "attempt.finished")).toHaveLength(2);
    world.behave("fifo.example", 200);
    await set(world, false);
    await world.rest();
    expect(await world.states(messages)).toEqual(["delivered", "delivered", "delivered"]);
    expect(world.order("fifo.example")).toEqual([1, 1, 2]);
  });

  test("a restart does not start deliveries", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", 200);
    await set(world, true);
    const messages = await world.send(endpoint, 3);
    await world.restart();
    await world.pass(MINUTE);
    expect(world.starts).toEqual([]);
    await set(world, false);
    await world.restart();
    await world.rest();
    expect(await world.states(messages)).toEqual(["delivered", "delivered", "delivered"]);
  });

  test("an endpoint that is paused itself stays paused when the others continue", async () => {
    using world = await EngineWorld.open();
    const paused = await world.endpoint("paused.example", 200, { paused: true });
    const other = await world.endpoint("other.example", 200);
    await set(world, true);
    const messages = [...(await world.send(paused)), ...(await world.send(other))];
    await set(world, false);
    await world.pass(MINUTE);
    expect(await world.states(messages)).toEqual(["pending", "delivered"]);
  });

  test("the pending deliveries of a disabled endpoint still become dead letters", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", 200);
    await set(world, true);
    const messages = await world.send(endpoint, 2);
    await world.update(endpoint, { disabled: true });
    await world.pass(SECOND);
    expect(await world.states(messages)).toEqual(["dead: disabled", "dead: disabled"]);
    expect(world.starts).toEqual([]);
  });

  test("a state that another process has stored applies after the signal `store.changed`", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", 200);
    const { signals } = world.kernel;
    const send = signals.send.bind(signals);
    // The signals of the other process are lost.
    signals.send = () => {};
    await set(world, true);
    signals.send = send;
    await world.do(async () => signals.send({ type: "store.changed" }));
    await world.pass(SECOND);
    await world.send(endpoint);
    await world.pass(MINUTE);
    expect(world.starts).toEqual([]);
  });
});

test("pausing an environment does not affect other environments", async () => {
  using world = await EngineWorld.open();
  const endpoint = await world.endpoint("a.example", 200);
  const { store, seqs } = world.kernel;
  const other = await world.do(() =>
    store.configuration.environments.ensure({ seq: seqs.next(), name: "other", createdAt: 0 }),
  );
  await world.do(() => pauseEnvironment(world.kernel, other.seq, true));
  const messages = await world.send(endpoint);
  await world.rest();
  expect(await world.states(messages)).toEqual(["delivered"]);
});

test("concurrent calls leave the engine in the state that is stored", async () => {
  using world = await EngineWorld.open();
  const endpoint = await world.endpoint("a.example", 200);
  for (const last of [true, false]) {
    await world.do(() => Promise.all([!last, last, !last, last].map((isHeld) => holdDelivery(world.kernel, isHeld))));
    expect(world.engine.isHeld).toBe(last);
  }
  const messages = await world.send(endpoint);
  await world.rest();
  expect(await world.states(messages)).toEqual(["delivered"]);
});
