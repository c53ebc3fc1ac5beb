import { describe, expect, test } from "bun:test";
import { cancelMessage } from "../../src/commands/cancel.ts";
import type { BatchLimits } from "../../src/core/batch.ts";
import type { Clock } from "../../src/ports.ts";
import { type Sandbox, SandboxBusy } from "../../src/sandbox/sandbox.ts";
import type { Endpoint, Queue, Settlement, Store } from "../../src/store/index.ts";
import {
  type Behaviour,
  EngineWorld,
  HOUR,
  MINUTE,
  type Reaction,
  SECOND,
  type WorldOptions,
} from "../support/engine-world.ts";
import { storeWith } from "../support/store-with.ts";

const HOST = "a.example";
const LIMITS: BatchLimits = { maxMessages: 3, maxWaitMs: 10 * SECOND };

/** A world with one endpoint that gets batches. */
async function batched(
  behaviour: Reaction | Behaviour = 200,
  change: Partial<Endpoint> = {},
  options: WorldOptions = {},
) {
  const world = await EngineWorld.open(options);
  const endpoint = await world.endpoint(HOST, behaviour, { batch: LIMITS, ...change });
  return {
    world,
    endpoint,
    send: (count: number) => world.send(endpoint, count),
    batches: () => world.batches(HOST),
    ids: () => world.starts.map(({ webhookId }) => webhookId),
    /** Fails the next request and makes later ones succeed. */
    [Symbol.dispose]: () => world[Symbol.dispose](),
  };
}

describe("closing a batch", () => {
  test("a batch is sent at once when it is full, as one request with an id of its own", async () => {
    using a = await batched();
    const messages = await a.send(7);
    await a.world.pass(SECOND);
    expect(a.batches()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(new Set(a.ids()).size).toBe(2);
    for (const id of a.ids()) expect(id).toMatch(/^batch_[0-9A-Za-z]{27}$/);
    expect(await a.world.states(messages)).toEqual([...Array(6).fill("delivered"), "pending"]);
  });

  test("a batch that is not full is sent when its oldest message has waited long enough", async () => {
    using a = await batched();
    await a.send(1);
    await a.world.pass(6 * SECOND);
    await a.send(1);
    await a.world.rest();
    await a.send(1);
    await a.world.rest();
    expect(a.batches()).toEqual([[1, 2], [3]]);
    expect(a.world.times(HOST)[0]).toBe(10 * SECOND);
  });

  test("the time that the oldest message has waited counts over a restart", async () => {
    using a = await batched();
    await a.send(1);
    await a.world.pass(6 * SECOND);
    await a.world.restart();
    await a.send(1);
    await a.world.rest();
    expect(a.batches()).toEqual([[1, 2]]);
    expect(a.world.times(HOST)[0]! - 10 * SECOND).toBeLessThan(10);
  });

  test("messages that arrive one by one fill a batch", async () => {
    using a = await batched();
    for (let i = 0; i < 3; i++) await a.send(1);
    await a.world.pass(SECOND);
    expect(a.batches()).toEqual([[1, 2, 3]]);
  });

  test("a batch is closed before its body would be larger than allowed", async () => {
    using a = await batched(200, { batch: { maxMessages: 100, maxWaitMs: HOUR } }, { policy: { maxBodyBytes: 450 } });
    await a.send(10);
    await a.world.pass(SECOND);
    const sizes = a.batches().map(({ length }) => length);
    expect(sizes[0]).toBe(3);
    expect(a.batches().flat()).toEqual(Array.from({ length: a.batches().flat().length }, (_, i) => i + 1));
  });

  test("messages that are waiting for their batch do not count as a backlog", async () => {
    using a = await batched(200, { batch: { maxMessages: 10, maxWaitMs: HOUR } });
    await a.send(2);
    await a.world.pass(30 * MINUTE);
    expect(a.world.engine.oldestDueAt()).toBeNull();
    expect(a.world.engine.deliveriesInMemory).toBe(0);
    expect(a.batches()).toEqual([]);
  });

  test("a full batch that has to wait for its lane is due since it became full", async () => {
    using a = await batched(
      { status: 200, afterMs: 12 * SECOND },
      { ordering: "fifo", batch: { maxMessages: 2, maxWaitMs: HOUR } },
    );
    await a.send(2);
    await a.world.pass(SECOND);
    await a.send(1);
    await a.world.pass(SECOND);
    await a.send(1);
    await a.world.pass(5 * SECOND);
    const dueAt = a.world.engine.oldestDueAt();
    expect(dueAt).not.toBeNull();
    expect(a.world.now - dueAt!).toBeLessThan(MINUTE);
    await a.world.rest();
    expect(a.batches()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test("a scheduled message joins a batch when it is due", async () => {
    using a = await batched();
    await a.world.send(a.endpoint, 1, { deliverAt: a.world.now + MINUTE });
    await a.send(1);
    await a.world.rest();
    expect(a.batches()).toEqual([[2], [1]]);
    expect(a.world.times(HOST)[1]).toBeGreaterThanOrEqual(MINUTE + 10 * SECOND);
  });

  test("a batch is sent when its deliveries become visible, which wait for earlier ones of another process", async () => {
    let horizon = 0;
    using a = await batched(
      200,
      { ordering: "fifo" },
      {
        wrapStore: (store) => {
          const { batch } = store.queue;
          const due: Queue["batch"]["due"] = (endpointSeq, after, upTo, limit) =>
            batch.due(endpointSeq, after, Math.min(upTo, horizon), limit);
          return storeWith(store, { queue: { batch: { ...batch, due } } });
        },
      },
    );
    await a.send(3);
    await a.world.pass(SECOND);
    expect(a.batches()).toEqual([]);
    horizon = Number.MAX_SAFE_INTEGER;
    await a.world.pass(SECOND);
    expect(a.batches()).toEqual([[1, 2, 3]]);
  });

  test("a batch is sent soon although the clock was set back by a day", async () => {
    using a = await batched();
    await a.send(1);
    await a.world.pass(SECOND);
    a.world.stepClock(-24 * HOUR);
    await a.world.restart();
    await a.world.pass(MINUTE);
    expect(a.batches()).toEqual([[1]]);
  });
});

describe("retrying a batch", () => {
  test.each(["parallel", "fifo"] as const)(
    "a batch keeps its members and its id until it is delivered (%s)",
    async (ordering) => {
      using a = await batched((_, attempt) => (attempt < 3 ? 500 : 200), { ordering });
      const messages = await a.send(3);
      await a.world.pass(SECOND);
      const [first] = a.ids();
      await a.world.restart();
      await a.world.pass(MINUTE);
      await a.world.rest();
      expect(a.world.starts.filter(({ webhookId }) => webhookId === first).map(({ batch }) => batch)).toEqual(
        Array(3).fill([1, 2, 3]),
      );
      expect(await a.world.states(messages)).toEqual(Array(3).fill("delivered"));
    },
  );

  test("a batch that is under way when the process is killed is sent again with its members and its id", async () => {
    using a = await batched((n, attempt) => (n === 1 && attempt === 1 ? "hang" : 200));
    await a.send(3);
    await a.world.pass(SECOND);
    await a.world.restart();
    await a.send(1);
    await a.world.rest();
    expect(a.batches()).toEqual([[1, 2, 3], [1, 2, 3], [4]]);
    expect(a.ids()[1]).toBe(a.ids()[0]!);
  });

  test("a parallel endpoint gets other batches while one waits for its retry", async () => {
    using a = await batched((n, attempt) => (n === 1 && attempt === 1 ? 500 : 200));
    await a.send(6);
    await a.world.rest();
    expect(a.batches()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [1, 2, 3],
    ]);
  });

  test("a fifo endpoint gets the retry of a batch before the next batch", async () => {
    using a = await batched((n, attempt) => (n === 1 && attempt === 1 ? 500 : 200), { ordering: "fifo" });
    await a.send(6);
    await a.send(1);
    await a.world.rest();
    expect(a.batches()).toEqual([[1, 2, 3], [1, 2, 3], [4, 5, 6], [7]]);
  });

  test("the members of a dead batch are dead letters, and join a new batch when they are redriven", async () => {
    using a = await batched(500, {}, { policy: { retryScheduleMs: [SECOND] } });
    const messages = await a.send(3);
    await a.world.rest();
    expect(await a.world.states(messages)).toEqual(Array(3).fill("dead: status_5xx"));
    a.world.behave(HOST, 200);
    await a.world.redrive();
    await a.world.rest();
    expect(a.batches()).toEqual(Array(3).fill([1, 2, 3]));
    const [first, second, third] = a.ids();
    expect(second).toBe(first!);
    expect(third).not.toBe(first!);
    expect(await a.world.states(messages)).toEqual(Array(3).fill("delivered"));
  });

  test("a member of a tried batch that is resent leaves it and joins a new one", async () => {
    using a = await batched((_, attempt) => (attempt === 1 ? 500 : 200), {}, { policy: { retryScheduleMs: [HOUR] } });
    const [first] = await a.send(3);
    await a.world.pass(SECOND);
    a.world.behave(HOST, 200);
    await a.world.resend(first!, a.endpoint);
    await a.world.rest();
    expect(a.batches()).toEqual([[1, 2, 3], [1], [2, 3]]);
    expect(a.ids()[2]).toBe(a.ids()[0]!);
    expect(a.ids()[1]).not.toBe(a.ids()[0]!);
  });

  test("each member has its attempt, which names the batch", async () => {
    using a = await batched((_, attempt) => (attempt === 1 ? 503 : 200));
    const [, second] = await a.send(3);
    await a.world.rest();
    const page = { limit: 10, from: null, backwards: false, order: "ascending" } as const;
    const { rows } = await a.world.store.history.attempts.ofMessage(second!, {}, page, false);
    expect(rows).toMatchObject([{ responseStatus: 503 }, { responseStatus: 200 }]);
    expect(rows.map(({ batchSeq }) => a.world.kernel.ids.encode("batch_", batchSeq!))).toEqual(a.ids());
  });

  test("a batch whose endpoint is gone disables it, and every member is a dead letter", async () => {
    using a = await batched(410);
    const messages = await a.send(4);
    await a.world.rest();
    expect(await a.world.states(messages)).toEqual([...Array(3).fill("dead: gone"), "dead: disabled"]);
    expect(a.world.factsOf("endpoint.disabled")).toHaveLength(1);
  });

  test("a shortage postpones a batch, which keeps its members and its id", async () => {
    using a = await batched((_, attempt) => (attempt === 1 ? { shortage: "open-files" } : 200));
    const messages = await a.send(3);
    await a.world.rest();
    expect(a.batches()).toEqual(Array(2).fill([1, 2, 3]));
    expect(a.ids()[1]).toBe(a.ids()[0]!);
    expect(await a.world.delivery(messages[0]!)).toMatchObject({ state: "delivered", attemptsTotal: 1 });
  });
});

describe("limits of an endpoint with batches", () => {
  test("a rate counts requests, not messages", async () => {
    using a = await batched(200, { throttleRate: 1, batch: { maxMessages: 10, maxWaitMs: 0 } });
    await a.send(40);
    await a.world.rest();
    expect(a.batches().map(({ length }) => length)).toEqual([10, 10, 10, 10]);
    const times = a.world.times(HOST);
    expect(times[3]! - times[0]!).toBeGreaterThanOrEqual(3 * SECOND - 1);
  });

  test("concurrency counts requests, not messages", async () => {
    using a = await batched({ status: 200, afterMs: SECOND }, { concurrency: 2 });
    await a.send(3);
    await a.world.rest();
    await a.send(12);
    await a.world.rest();
    const times = a.world.times(HOST).slice(1);
    expect(times).toHaveLength(4);
    expect([times[1]! - times[0]!, times[3]! - times[2]!]).toEqual([0, 0]);
    expect(times[2]! - times[0]!).toBe(SECOND);
  });
});

describe("changes while a batch waits", () => {
  test("messages that wait for their batch become dead letters when the endpoint is disabled", async () => {
    using a = await batched();
    const messages = await a.send(2);
    await a.world.update(a.endpoint, { disabled: true });
    await a.world.rest();
    expect(await a.world.states(messages)).toEqual(Array(2).fill("dead: disabled"));
    expect(a.batches()).toEqual([]);
  });

  test("messages that wait for their batch are cancelled when the endpoint is deleted", async () => {
    using a = await batched();
    const messages = await a.send(2);
    await a.world.delete(a.endpoint);
    await a.world.rest();
    expect(await a.world.states(messages)).toEqual(Array(2).fill("cancelled"));
  });

  test("a paused endpoint gets what has arrived in batches as soon as it is resumed", async () => {
    using a = await batched(200, { paused: true });
    await a.send(5);
    await a.world.pass(MINUTE);
    expect(a.batches()).toEqual([]);
    await a.world.update(a.endpoint, { paused: false });
    await a.world.pass(SECOND);
    expect(a.batches()).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  test("without batches, waiting messages are sent one by one, and a tried batch stays", async () => {
    for (const ordering of ["parallel", "fifo"] as const) {
      using a = await batched((_, attempt) => (attempt === 1 ? 500 : 200), { ordering });
      await a.send(5);
      await a.world.pass(SECOND);
      a.world.behave(HOST, 200);
      await a.world.update(a.endpoint, { batch: null });
      await a.world.rest();
      const [first, ...others] = a.batches();
      expect(first).toEqual([1, 2, 3]);
      expect(others.toSorted((one, other) => one[0]! - other[0]!)).toEqual([[1, 2, 3], [4], [5]]);
      if (ordering === "fifo") expect(others).toEqual([[1, 2, 3], [4], [5]]);
      expect(a.ids().filter((id) => id === a.ids()[0])).toHaveLength(2);
    }
  });

  test("without batches, a fifo endpoint gets the retries of a tried batch before later messages", async () => {
    using a = await batched((n, attempt) => (n === 1 && attempt <= 2 ? 500 : 200), { ordering: "fifo" });
    await a.send(5);
    await a.world.pass(SECOND);
    await a.world.update(a.endpoint, { batch: null });
    await a.world.rest();
    expect(a.batches()).toEqual([[1, 2, 3], [1, 2, 3], [1, 2, 3], [4], [5]]);
  });

  test("new limits apply to messages that wait, and not to a tried batch", async () => {
    using a = await batched((_, attempt) => (attempt === 1 ? 500 : 200));
    await a.send(5);
    await a.world.pass(SECOND);
    a.world.behave(HOST, 200);
    await a.world.update(a.endpoint, { batch: { maxMessages: 1, maxWaitMs: 0 } });
    await a.world.rest();
    expect(a.batches()).toEqual([[1, 2, 3], [4], [5], [1, 2, 3]]);
  });

  test("an endpoint that had no batches gets the messages that wait for a retry in batches", async () => {
    using a = await batched(500, { batch: null });
    await a.send(3);
    await a.world.pass(SECOND);
    a.world.behave(HOST, 200);
    await a.world.update(a.endpoint, { batch: LIMITS });
    await a.world.rest();
    expect(a.batches()).toEqual([[1], [2], [3], [1, 2, 3]]);
  });

  test.each(["cancelled", "expunged"] as const)("a message that is %s leaves its batch, tried or not", async (how) => {
    const end = (world: EngineWorld, seq: number) =>
      how === "expunged" ? world.expunge(seq) : world.do(() => cancelMessage(world.kernel, world, { seq }));
    using a = await batched((_, attempt) => (attempt === 1 ? 500 : 200));
    const messages = await a.send(5);
    await a.world.pass(SECOND);
    await end(a.world, messages[1]!);
    await end(a.world, messages[3]!);
    a.world.behave(HOST, 200);
    await a.world.rest();
    expect(a.batches().toSorted((one, other) => one[0]! - other[0]!)).toEqual([[1, 2, 3], [1, 3], [5]]);
    expect(await a.world.states(messages)).toEqual(["delivered", "cancelled", "delivered", "cancelled", "delivered"]);
  });

  test("a message that is cancelled during the attempt of its batch stays cancelled, and the others are delivered", async () => {
    using a = await batched({ status: 200, afterMs: SECOND });
    const messages = await a.send(3);
    await a.world.pass(500);
    await a.world.do(() => cancelMessage(a.world.kernel, a.world, { seq: messages[0]! }));
    await a.world.rest();
    expect(await a.world.states(messages)).toEqual(["cancelled", "delivered", "delivered"]);
  });
});

/** A sandbox whose code is the name of what it does to the message with the number in `variables`. */
const sandbox: Sandbox = {
  run: async (_, prepare) => {
    const { code, variables, argument, payload } = prepare();
    // Only checks whether the code can be run.
    if (argument === null) return { kind: "returned", json: null, logs: [] };
    const { message } = JSON.parse(Buffer.from(payload!.bytes).toString()) as { message: number };
    const bytes = (extra: string) => new Uint8Array(Buffer.from(`{"message":${message},"x":"${extra}"}`));
    if (code === "grows") return { kind: "returned", json: "{}", payload: bytes("x".repeat(200)), logs: [] };
    if (`${message}` !== variables.at) return { kind: "returned", json: "{}", payload: bytes(""), logs: ["done"] };
    if (code === "cancels")
      return { kind: "returned", json: '{"cancel":"not wanted"}', payload: "unchanged", logs: [] };
    return { kind: "failed", cause: "exception", message: "boom", line: 3, column: null, logs: [] };
  },
  runHosted: () => Promise.reject(new Error("There are no functions.")),
};

const transforming = (code: string, at = "2") => ({ transformation: { code, enabled: true, variables: { at } } });

describe("the attempts of a batch", () => {
  test("the response of a batch is stored once, and each message shows it", async () => {
    using a = await batched(500, {}, { policy: { retryScheduleMs: [] } });
    const settled: Settlement[] = [];
    const queue = a.world.store.queue as { settle: Queue["settle"] };
    const { settle } = queue;
    queue.settle = (settlements) => {
      settled.push(...settlements);
      return settle(settlements);
    };
    const messages = await a.send(3);
    await a.world.rest();
    const last = settled[2]!.attempt.seq;
    expect(settled.map(({ attempt }) => attempt.responseIn)).toEqual([last, last, undefined]);
    const page = { limit: 10, from: null, backwards: false, order: "ascending" } as const;
    for (const message of messages) {
      const { rows } = await a.world.store.history.attempts.ofMessage(message, {}, page, true);
      expect(rows.map(({ response }) => response)).toEqual([settled[2]!.attempt.response]);
    }
  });
});

describe("transformed batches", () => {
  test.each(["parallel", "fifo"] as const)(
    "a message whose transformation fails has a failed attempt alone, and the others go without it (%s)",
    async (ordering) => {
      using a = await batched(200, { ordering, ...transforming("fails") }, { sandbox });
      const messages = await a.send(3);
      await a.world.pass(SECOND);
      expect(a.batches()).toEqual([[1, 3]]);
      expect(await a.world.states(messages)).toEqual(["delivered", "pending", "delivered"]);
      await a.world.update(a.endpoint, { transformation: null });
      await a.world.rest();
      expect(a.batches()).toEqual([[1, 3], [2]]);
      const page = { limit: 10, from: null, backwards: false, order: "ascending" } as const;
      const { rows } = await a.world.store.history.attempts.ofMessage(messages[1]!, {}, page, true);
      expect(rows).toMatchObject([{ reason: "transformation", batchSeq: null }, { reason: null }]);
      expect(Buffer.from(rows[0]!.response!).toString()).toBe("line 3: boom");
    },
  );

  test("a transformation that failed stays an attempt when the endpoint changes while the batch is closed", async () => {
    const wrapStore = (store: Store, clock: Clock) => {
      const close: Queue["batch"]["close"] = async (...batch) => {
        const joined = await store.queue.batch.close(...batch);
        await new Promise<void>((resolve) => clock.after(SECOND, resolve));
        return joined;
      };
      return storeWith(store, { queue: { batch: { ...store.queue.batch, close } } });
    };
    using a = await batched(200, transforming("fails"), { sandbox, wrapStore });
    const messages = await a.send(3);
    await a.world.pass(500);
    await a.world.update(a.endpoint, { transformation: null });
    await a.world.rest();
    expect(a.batches()).toEqual([[1, 3], [2]]);
    const page = { limit: 10, from: null, backwards: false, order: "ascending" } as const;
    const { rows } = await a.world.store.history.attempts.ofMessage(messages[1]!, {}, page, false);
    expect(rows).toMatchObject([{ reason: "transformation" }, { reason: null }]);
  });

  test("a message that its transformation cancels leaves its batch", async () => {
    using a = await batched(200, transforming("cancels"), { sandbox });
    const messages = await a.send(3);
    await a.world.rest();
    expect(a.batches()).toEqual([[1, 3]]);
    expect(await a.world.states(messages)).toEqual(["delivered", "cancelled", "delivered"]);
  });

  test("a batch in which every transformation fails is not sent", async () => {
    using a = await batched(
      200,
      { batch: { maxMessages: 1, maxWaitMs: 0 }, ...transforming("fails", "1") },
      {
        sandbox,
        policy: { retryScheduleMs: [] },
      },
    );
    const messages = await a.send(1);
    await a.world.rest();
    expect(a.batches()).toEqual([]);
    expect(await a.world.states(messages)).toEqual(["dead: transformation"]);
  });

  test("the attempts of a batch show what the transformation made of each message", async () => {
    using a = await batched(200, transforming("changes", "0"), { sandbox });
    const messages = await a.send(3);
    await a.world.rest();
    const { attempts } = a.world.store.history;
    const page = { limit: 10, from: null, backwards: false, order: "ascending" } as const;
    const { rows } = await attempts.ofMessage(messages[1]!, {}, page, false);
    const attempt = await attempts.get(messages[1]!, rows[0]!.seq);
    expect(attempt?.transformation).toEqual({ method: "POST", payload: '{"message":2,"x":""}', logs: ["done"] });
  });

  test("messages that no longer fit after their transformation join the next batch", async () => {
    using a = await batched(200, transforming("grows"), { sandbox, policy: { maxBodyBytes: 800 } });
    const messages = await a.send(3);
    await a.world.rest();
    expect(a.batches()).toEqual([[1, 2], [3]]);
    expect(await a.world.states(messages)).toEqual(Array(3).fill("delivered"));
  });

  test("a message that has grown too large for its tried batch fails alone", async () => {
    using a = await batched(
      (_, attempt) => (attempt === 1 ? 500 : 200),
      {},
      { sandbox, policy: { maxBodyBytes: 800 } },
    );
    const messages = await a.send(3);
    await a.world.pass(SECOND);
    a.world.behave(HOST, 200);
    await a.world.update(a.endpoint, transforming("grows"));
    await a.world.rest();
    expect(a.batches()).toEqual([[1, 2, 3], [1, 2], [3]]);
    expect(await a.world.states(messages)).toEqual(Array(3).fill("delivered"));
  });

  test("a batch is postponed while the sandbox is busy", async () => {
    const busy: Sandbox = {
      ...sandbox,
      run: (owner, prepare) =>
        prepare().argument === null ? sandbox.run(owner, prepare) : Promise.reject(new SandboxBusy("Busy.")),
    };
    using a = await batched(200, transforming("changes"), { sandbox: busy });
    const messages = await a.send(3);
    await a.world.pass(MINUTE);
    expect(a.batches()).toEqual([]);
    expect(await a.world.states(messages)).toEqual(Array(3).fill("pending"));
  });
});
