import { describe, expect, spyOn, test } from "bun:test";
import { plainIncoming } from "../../src/accept/incoming.ts";
import { sendBatch } from "../../src/commands/send.ts";
import { Problem } from "../../src/core/problem.ts";
import { Scheduler } from "../../src/deliver/scheduler.ts";
import { EngineWorld, type WorldOptions } from "../support/engine-world.ts";
import { storeWith } from "../support/store-with.ts";

const ENDPOINTS = 300;
/** More deliveries than fit into one commit. */
const MESSAGES = 20;

/** More lanes than get a message in one turn of the event loop. */
const VERY_MANY = 1100;

/** Opens a world with endpoints that receive every message. */
async function wideWorld(options: WorldOptions = {}, endpoints = ENDPOINTS) {
  const world = await EngineWorld.open(options);
  const hosts = Array.from({ length: endpoints }, (_, i) => `h${i}.example`);
  for (const host of hosts) await world.endpoint(host, 200, { eventTypes: null, ordering: "fifo" });
  const send = (count: number) =>
    world.do(() => {
      const messages = Array.from({ length: count }, (_, i) => ({
        incoming: plainIncoming("a", Buffer.from(JSON.stringify({ message: i + 1 }))),
        content: { value: {} },
      }));
      const to = { environmentSeq: world.environmentSeq, application: { seq: world.applicationSeq } };
      return sendBatch(world.kernel, to, messages);
    });
  return { world, hosts, send };
}

describe("a batch with very many deliveries", () => {
  test("a large batch is stored in several commits, each message together with all its deliveries", async () => {
    const commits: number[][] = [];
    const { world, send } = await wideWorld({
      wrapStore: (store) =>
        storeWith(store, {
          queue: {
            accept: (messages) => {
              commits.push(messages.map(({ deliveries }) => deliveries.length));
              return store.queue.accept(messages);
            },
          },
        }),
    });
    using _ = world;
    const results = await send(MESSAGES);
    expect(results).toHaveLength(MESSAGES);
    for (const result of results) expect(result).toMatchObject({ accepted: true });
    const seqs = results.map((result) => ("seq" in result ? result.seq : 0));
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(commits.length).toBeGreaterThanOrEqual(3);
    for (const commit of commits) {
      expect(new Set(commit)).toEqual(new Set([ENDPOINTS]));
      expect(commit.length * ENDPOINTS).toBeLessThanOrEqual(1000);
    }
    expect(commits.flat()).toHaveLength(MESSAGES);
  });

  test("every endpoint receives the messages of a batch once and in order", async () => {
    const { world, hosts, send } = await wideWorld();
    using _ = world;
    await send(MESSAGES);
    await world.rest();
    const wanted = Array.from({ length: MESSAGES }, (_, i) => i + 1);
    for (const host of hosts) expect(world.order(host)).toEqual(wanted);
  });

  test("if the disk fills up during a batch, the messages stored so far are delivered and the others are refused", async () => {
    let commits = 0;
    const { world, hosts, send } = await wideWorld({
      wrapStore: (store) =>
        storeWith(store, {
          queue: {
            accept: (messages) => {
              world.isDiskFull = ++commits === 3;
              return store.queue.accept(messages);
            },
          },
        }),
    });
    using _ = world;
    const results = await send(MESSAGES);
    const stored = results.filter((result) => "accepted" in result && result.accepted).length;
    expect(stored).toBeGreaterThan(0);
    for (const result of results.slice(stored)) {
      expect(result).toBeInstanceOf(Problem);
      expect(result).toMatchObject({ status: 503, code: "unavailable" });
    }
    world.isDiskFull = false;
    await world.rest();
    expect(world.order(hosts[0]!)).toEqual(Array.from({ length: stored }, (_, i) => i + 1));
  });
});

describe("a message with very many deliveries", () => {
  for (const endpoints of [ENDPOINTS, VERY_MANY]) {
    test(`a message to ${endpoints} endpoints is not overtaken by the next one`, async () => {
      const { world, hosts, send } = await wideWorld({}, endpoints);
      using _ = world;
      for (let i = 0; i < 3; i++) await send(1);
      await world.rest();
      const received = Map.groupBy(world.starts, ({ host }) => host);
      for (const host of hosts) {
        const ids = received.get(host)!.map(({ webhookId }) => webhookId);
        expect(ids).toHaveLength(3);
        expect(ids).toEqual(ids.toSorted());
      }
    });
  }

  test(`a message to ${ENDPOINTS} endpoints is delivered without being read`, async () => {
    const read: string[] = [];
    const { world, hosts, send } = await wideWorld({
      wrapStore: (store) =>
        storeWith(store, {
          queue: {
            due: (...asked) => {
              read.push("due");
              return store.queue.due(...asked);
            },
            contents: (...asked) => {
              read.push("contents");
              return store.queue.contents(...asked);
            },
          },
        }),
    });
    using _ = world;
    await send(1);
    await world.rest();
    expect(new Set(world.starts.map(({ host }) => host))).toEqual(new Set(hosts));
    expect(read).toEqual([]);
  });
});

describe("a change of the rate of an application with very many endpoints", () => {
  test("the lanes of an application whose rate changed are all read again, but not all in one turn", async () => {
    const { world, send } = await wideWorld();
    using _ = world;
    await send(1);
    await world.rest();
    const update = spyOn(Scheduler.prototype, "update");
    try {
      world.kernel.signals.send({ type: "application.throttled", applicationSeq: world.applicationSeq });
      expect(update.mock.calls.length).toBeLessThanOrEqual(100);
      await world.rest();
      expect(new Set(update.mock.calls.map(([lane]) => lane.endpointSeq)).size).toBe(ENDPOINTS);
    } finally {
      update.mockRestore();
    }
  });
});
