import { describe, expect, test } from "bun:test";
import type { Store } from "../../src/store/index.ts";
import { EngineWorld, HOUR, MINUTE, SECOND } from "../support/engine-world.ts";
import { storeWith } from "../support/store-with.ts";

/** Counts the rows of the queue that the engine reads. */
function counting(): { rows: number; wrapStore(store: Store): Store } {
  const counter = {
    rows: 0,
    wrapStore: (store: Store): Store =>
      storeWith(store, {
        queue: {
          due: async (...args) => {
            const rows = await store.queue.due(...args);
            counter.rows += rows.length;
            return rows;
          },
        },
      }),
  };
  return counter;
}

describe("a start", () => {
  test("after a restart, due deliveries are sent immediately and the other pending deliveries at their time", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", 500);
    const messages = await world.send(endpoint, 2);
    await world.pass(SECOND);
    await world.restart();
    world.behave("a.example", 200);
    const restartedAt = world.time;
    await world.rest();
    expect(
      world
        .times("a.example")
        .slice(2)
        .every((at) => at >= 5 * SECOND),
    ).toBe(true);
    expect(restartedAt).toBeLessThan(5 * SECOND);
    expect(await world.states(messages)).toEqual(["delivered", "delivered"]);
  });

  test("deliveries that were under way when the process died are sent again after a restart, with the same id", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", (_, attempt) => (attempt === 1 ? "hang" : 200));
    const messages = await world.send(endpoint);
    await world.pass(SECOND);
    await world.restart();
    await world.rest();
    expect(await world.states(messages)).toEqual(["delivered"]);
    expect(world.starts).toHaveLength(2);
    expect(world.starts[1]!.webhookId).toBe(world.starts[0]!.webhookId);
  });

  test("starting does not read the whole backlog into memory", async () => {
    const counter = counting();
    using world = await EngineWorld.open({ wrapStore: counter.wrapStore });
    const endpoint = await world.endpoint("a.example", "hang");
    for (let i = 0; i < 20; i++) await world.send(endpoint, 1000);
    counter.rows = 0;
    await world.restart();
    await world.pass(MINUTE);
    expect(counter.rows).toBeGreaterThan(0);
    expect(counter.rows).toBeLessThan(500);
  });

  // Memory holds 20,000 deliveries. Each of the 64 slots also lets a lane read a page of 64
  // deliveries ahead, even if memory is full.
  test("starting uses a bounded amount of memory, however many endpoints have a backlog", async () => {
    const counter = counting();
    using world = await EngineWorld.open({ wrapStore: counter.wrapStore });
    for (let i = 0; i < 400; i++) await world.send(await world.endpoint(`e${i}.example`, "hang"), 80);
    counter.rows = 0;
    await world.restart();
    await world.pass(SECOND);
    expect(counter.rows).toBeGreaterThan(0);
    expect(counter.rows).toBeLessThanOrEqual(20_000 + 64 * 64);
  });

  test("a redrive that was running continues after a restart", async () => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [] } });
    const endpoint = await world.endpoint("a.example", 500);
    const messages = await world.send(endpoint, 30);
    await world.rest();
    world.behave("a.example", 200);
    const task = await world.redrive(5);
    await world.pass(2 * SECOND);
    await world.restart();
    await world.rest();
    expect(new Set(await world.states(messages))).toEqual(new Set(["delivered"]));
    expect(await world.store.housekeeping.tasks.get(world.environmentSeq, task)).toMatchObject({
      status: "finished",
      data: { redriven: 30 },
    });
  });
});

describe("a backlog", () => {
  test("a backlog that is larger than a lane's capacity is delivered completely and in order", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", { status: 200, afterMs: 20 });
    const messages = [...(await world.send(endpoint, 1000)), ...(await world.send(endpoint, 500))];
    await world.rest();
    expect(world.order("a.example")).toEqual(Array.from({ length: 1500 }, (_, i) => i + 1));
    expect(new Set(await world.states(messages))).toEqual(new Set(["delivered"]));
  });

  test("an oldest due delivery is reported only while a delivery is due", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", { status: 500, afterMs: SECOND }, { concurrency: 1 });
    expect(world.engine.oldestDueAt()).toBeNull();
    await world.pass(HOUR);
    const sentAt = world.now;
    await world.send(endpoint, 3);
    await world.pass(100);
    expect(world.engine.oldestDueAt()).toBe(sentAt);
    await world.pass(4 * SECOND);
    expect(world.engine.oldestDueAt()).toBeNull();
  });
});

describe("a paused endpoint", () => {
  test("a paused endpoint gets its messages in order when it is resumed", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", 200, { paused: true });
    const messages = [...(await world.send(endpoint, 100)), ...(await world.send(endpoint, 100))];
    await world.pass(30 * HOUR);
    expect(world.starts).toEqual([]);
    expect(new Set(await world.states(messages))).toEqual(new Set(["pending"]));
    await world.update(endpoint, { paused: false });
    await world.rest();
    expect(world.order("a.example")).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  });

  test("pausing an endpoint takes effect immediately, but attempts under way are finished", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", { status: 200, afterMs: SECOND }, { concurrency: 1 });
    const messages = await world.send(endpoint, 10);
    await world.pass(500);
    await world.update(endpoint, { paused: true });
    await world.pass(HOUR);
    expect(world.order("a.example")).toEqual([1]);
    expect(await world.states(messages.slice(0, 2))).toEqual(["delivered", "pending"]);
  });

  test("a paused endpoint gets no retries", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", (_, attempt) => (attempt === 1 ? 500 : 200));
    const messages = await world.send(endpoint);
    await world.pass(SECOND);
    await world.update(endpoint, { paused: true });
    await world.pass(HOUR);
    expect(world.starts).toHaveLength(1);
    await world.restart();
    await world.pass(HOUR);
    expect(world.starts).toHaveLength(1);
    await world.update(endpoint, { paused: false });
    await world.rest();
    expect(await world.states(messages)).toEqual(["delivered"]);
  });
});

describe("a disabled endpoint", () => {
  test("pending deliveries of a disabled endpoint become dead letters, which can be redriven", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", { status: 200, afterMs: SECOND }, { concurrency: 1 });
    const messages = await world.send(endpoint, 50);
    await world.pass(500);
    await world.update(endpoint, { disabled: true });
    await world.rest();
    expect(await world.states(messages)).toEqual(["delivered", ...Array(49).fill("dead: disabled")]);
    await world.update(endpoint, { disabled: false });
    await world.redrive();
    await world.rest();
    expect(new Set(await world.states(messages))).toEqual(new Set(["delivered"]));
  });
});

describe("an endpoint that is enabled again while its pending deliveries are buried", () => {
  test("an endpoint that is enabled again while its pending deliveries are buried gets every later message", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", 200, { paused: true });
    await world.send(endpoint, 4000);
    await world.update(endpoint, { paused: false, disabled: true });
    await world.update(endpoint, { disabled: false, failingSince: null });
    const messages = await world.send(endpoint, 3);
    await world.rest();
    expect(await world.states(messages)).toEqual(["delivered", "delivered", "delivered"]);
    expect(world.factsOf("deliveries.buried").length).toBeGreaterThan(0);
  });
});

describe("a deleted endpoint", () => {
  test("a deleted endpoint gets no more messages, and its pending deliveries are cancelled", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", { status: 500, afterMs: SECOND }, { concurrency: 1 });
    const messages = await world.send(endpoint, 5);
    await world.pass(500);
    await world.delete(endpoint);
    await world.rest();
    expect(world.order("a.example")).toEqual([1]);
    expect(new Set(await world.states(messages))).toEqual(new Set(["cancelled"]));
  });
});

describe("a full disk", () => {
  test("while the disk is full, finished attempts keep their slots until their results can be stored, and no result is lost", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", { status: 200, afterMs: SECOND }, { concurrency: 2 });
    const messages = await world.send(endpoint, 6);
    await world.pass(1500);
    world.isDiskFull = true;
    await world.pass(MINUTE);
    expect(world.order("a.example")).toEqual([1, 2, 3]);
    expect(world.engine.attemptsUnderWay).toBe(2);
    world.isDiskFull = false;
    await world.rest();
    expect(world.order("a.example")).toEqual([1, 2, 3, 4, 5, 6]);
    expect(new Set(await world.states(messages))).toEqual(new Set(["delivered"]));
  });
});

describe("a disk that was full for a moment", () => {
  test("a failure that is stored late because of a full disk does not override a later success", async () => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [] } });
    const endpoint = await world.endpoint("a.example", (message) => (message === 2 ? 500 : 200), { concurrency: 4 });
    await world.send(endpoint);
    await world.rest();
    await world.send(endpoint);
    world.isDiskFull = true;
    await world.pass(10);
    world.isDiskFull = false;
    // The success is stored first, because the settlement of the failure is retried only after a
    // while.
    await world.send(endpoint);
    await world.rest();
    expect(world.factsOf("attempt.finished").map(({ reason }) => reason)).toEqual([null, null, "status_5xx"]);
    expect((await world.store.configuration.endpoints.get(endpoint.seq))!.failingSince).toBeNull();
  });
});

describe("a stop", () => {
  test("stopping waits for attempts under way and leaves other deliveries pending", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", { status: 200, afterMs: 3 * SECOND }, { concurrency: 1 });
    const messages = await world.send(endpoint, 3);
    await world.pass(SECOND);
    await world.do(() => world.engine.stop());
    expect(world.time).toBeGreaterThanOrEqual(3 * SECOND);
    expect(world.time).toBeLessThan(4 * SECOND);
    expect(await world.states(messages)).toEqual(["delivered", "pending", "pending"]);
    await world.pass(HOUR);
    expect(world.starts).toHaveLength(1);
  });

  test("stopping aborts attempts that take too long, without counting them, and their deliveries stay pending", async () => {
    using world = await EngineWorld.open({ policy: { shutdownTimeoutMs: 2 * SECOND } });
    const endpoint = await world.endpoint("a.example", "hang");
    const messages = await world.send(endpoint);
    await world.pass(SECOND);
    await world.do(() => world.engine.stop());
    expect(world.time).toBe(3 * SECOND);
    await world.pass(HOUR);
    expect(await world.delivery(messages[0]!)).toMatchObject({ state: "pending", attemptsTotal: 0 });
    world.behave("a.example", 200);
    await world.restart();
    await world.rest();
    expect(await world.states(messages)).toEqual(["delivered"]);
  });

  test("an engine without attempts under way stops immediately, and sends no deliveries that become due later", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", 500);
    await world.send(endpoint);
    await world.pass(SECOND);
    const stoppedAt = world.time;
    await world.do(() => world.engine.stop());
    expect(world.time).toBe(stoppedAt);
    await world.pass(HOUR);
    expect(world.starts).toHaveLength(1);
  });

  test("stopping does not wait for a disk that stays full", async () => {
    using world = await EngineWorld.open();
    const messages = await world.send(await world.endpoint("a.example", { status: 200, afterMs: SECOND }));
    await world.pass(500);
    world.isDiskFull = true;
    await world.pass(SECOND);
    await world.do(() => world.engine.stop());
    expect(world.time).toBeLessThan(10 * SECOND);
    world.isDiskFull = false;
    expect(await world.states(messages)).toEqual(["pending"]);
  });
});

describe("a resend", () => {
  test("a resend during an attempt sends the message once more, whatever the attempt's outcome", async () => {
    for (const first of [200, 500]) {
      using world = await EngineWorld.open();
      const behaviour = (_: number, attempt: number) => ({ status: attempt === 1 ? first : 200, afterMs: SECOND });
      const endpoint = await world.endpoint("a.example", behaviour);
      const [message] = await world.send(endpoint);
      await world.pass(500);
      await world.resend(message!, endpoint);
      await world.rest();
      expect(world.starts).toHaveLength(2);
      expect(await world.delivery(message!)).toMatchObject({ state: "delivered" });
      expect(world.factsOf("attempt.finished").map(({ next }) => next)).toEqual(["unchanged", "delivered"]);
    }
  });

  test("a message that is resent while it waits for its retry is sent immediately", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", (_, attempt) => (attempt === 1 ? 500 : 200));
    const [message] = await world.send(endpoint);
    await world.pass(SECOND);
    await world.resend(message!, endpoint);
    await world.pass(10);
    expect(await world.delivery(message!)).toMatchObject({ state: "delivered", attemptsTotal: 2 });
    await world.rest();
    expect(world.starts).toHaveLength(2);
  });

  test("a delivered message that is resent waits its turn if the lane is busy", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", { status: 200, afterMs: SECOND }, { concurrency: 1 });
    const [message] = await world.send(endpoint, 1);
    await world.pass(1500);
    await world.send(endpoint, 100);
    await world.resend(message!, endpoint);
    await world.rest();
    expect(world.order("a.example")).toEqual([...Array.from({ length: 101 }, (_, i) => i + 1), 1]);
  });

  test("a resend does not increase the age of the oldest due delivery", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint(
      "a.example",
      { status: 200, afterMs: MINUTE },
      { concurrency: 1, timeoutMs: HOUR },
    );
    const [message] = await world.send(endpoint, 3);
    await world.pass(SECOND);
    await world.resend(message!, endpoint);
    expect(world.engine.oldestDueAt() ?? world.now).toBeGreaterThanOrEqual(world.now - SECOND);
  });
});

describe("an expunged message", () => {
  test("an expunged message is no longer sent, even if its content is already in memory", async () => {
    for (const count of [3, 500]) {
      using world = await EngineWorld.open();
      const endpoint = await world.endpoint("a.example", { status: 200, afterMs: 100 }, { concurrency: 1 });
      const messages = await world.send(endpoint, count);
      // The second message is being sent. The next ones have been read with their contents.
      await world.pass(150);
      const last = messages.at(-1)!;
      await world.expunge(last);
      await world.rest();
      expect(world.order("a.example")).toEqual(Array.from({ length: count - 1 }, (_, i) => i + 1));
      expect(await world.states([last])).toEqual(["cancelled"]);
    }
  });
});

describe("a redrive", () => {
  test("a redrive keeps to its rate and restarts the retry schedule of each delivery", async () => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [SECOND] } });
    const endpoint = await world.endpoint("a.example", 500);
    const messages = await world.send(endpoint, 50);
    await world.rest();
    const before = world.starts.length;
    const begunAt = world.time;
    await world.redrive(10);
    await world.rest();
    const starts = world.starts.slice(before);
    expect(starts).toHaveLength(100);
    expect(world.factsOf("deliveries.redriven").reduce((sum, { count }) => sum + count, 0)).toBe(50);
    expect(starts.at(-1)!.at - begunAt).toBeGreaterThanOrEqual(4 * SECOND);
    expect(new Set(await world.states(messages))).toEqual(new Set(["dead: status_5xx"]));
  });

  test("a redrive leaves out deliveries that become dead letters after it has started", async () => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [] } });
    const failing = await world.endpoint("a.example", 500);
    await world.send(failing, 5);
    await world.rest();
    const [late] = await world.send(await world.endpoint("b.example", "hang", { timeoutMs: 2 * SECOND }));
    const task = await world.redrive(1);
    await world.rest();
    expect(await world.states([late!])).toEqual(["dead: timeout"]);
    expect(world.order("b.example")).toHaveLength(1);
    expect(await world.store.housekeeping.tasks.get(world.environmentSeq, task)).toMatchObject({
      data: { redriven: 5 },
    });
  });

  test("a redrive sends a delivery only once, even if it becomes a dead letter again", async () => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [] } });
    await world.send(await world.endpoint("a.example", 500), 10);
    await world.rest();
    const task = await world.redrive(1);
    await world.rest();
    expect(world.starts).toHaveLength(20);
    expect(await world.store.housekeeping.tasks.get(world.environmentSeq, task)).toMatchObject({
      status: "finished",
      data: { redriven: 10 },
    });
  });
});
