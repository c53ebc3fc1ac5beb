import { describe, expect, test } from "bun:test";
import { createEventType } from "../../src/commands/event-types.ts";
import { ingestUrlOf, rotateSourceToken } from "../../src/commands/source-tokens.ts";
import { changeSource, createSource, deleteSource, type NewSource } from "../../src/commands/sources.ts";
import type { BrokerMessage } from "../../src/consume/broker.ts";
import type { Problem } from "../../src/core/problem.ts";
import { plainEventType } from "../../src/core/resources/event-type.ts";
import type { Message, Source, SourceLogEntry } from "../../src/store/index.ts";
import { EngineWorld, MINUTE, SECOND, type WorldOptions } from "../support/engine-world.ts";
import { FakeBroker } from "../support/fake-broker.ts";

const QUEUE_URL = "sqs://KEY:secret@eu-central-1/123456789012/orders";
const PAGE = { limit: 1000, from: null, backwards: false, order: "ascending" } as const;

/** A world with a fake broker and one source that takes from it. */
async function worldWith(wanted: Partial<NewSource> = {}, options: Omit<WorldOptions, "brokers"> = {}) {
  const broker = new FakeBroker();
  const world = await EngineWorld.open({ ...options, brokers: async () => broker });
  await world.do(() => world.kernel.consumers.start());
  const create = (more: Partial<NewSource> = {}) =>
    world.do(() =>
      createSource(world.kernel, world.environmentSeq, {
        ...{ name: "Orders", type: "sqs", config: { url: QUEUE_URL } },
        ...wanted,
        ...more,
      }),
    );
  const source = await create();
  const change = (patch: Parameters<typeof changeSource>[2]) =>
    world.do(() => changeSource(world.kernel, source.seq, patch));
  return {
    ...{ world, broker, source, create, change },
    messages: async ({ applicationSeq }: Source = source): Promise<readonly Message[]> =>
      (await world.store.history.messages.list(applicationSeq, {}, PAGE, true)).rows,
    log: async (): Promise<readonly SourceLogEntry[]> =>
      (await world.store.history.sourceLog.list(source.seq, PAGE)).rows,
    state: () => world.kernel.consumers.stateOf(source.seq),
    /** Puts messages into the queue and lets them be taken. */
    take: async (...messages: Partial<BrokerMessage>[]) => {
      for (const message of messages) broker.put(message);
      await world.pass(SECOND);
    },
    counts: () => world.do(() => world.kernel.sourceCounter.of(source.seq)),
  };
}

const numbers = (messages: readonly Message[]) =>
  messages.map(({ payload }) => JSON.parse(Buffer.from(payload!).toString()).message);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

describe("a source that takes from a queue", () => {
  test("a source stores messages of a queue in order with event type, headers and place, and then settles them", async () => {
    const { messages, broker, take, source, counts } = await worldWith({ uid: "orders" });
    await take(
      { headers: { "event-type": "order.created", "content-type": "application/json", "x-tenant": "acme" } },
      { eventType: "order.paid", headers: { "event-type": "ignored" } },
      {},
    );
    const stored = await messages();
    expect(stored.map(({ eventType }) => eventType)).toEqual(["order.created", "order.paid", "sqs.received"]);
    expect(numbers(stored)).toEqual([1, 2, 3]);
    expect(stored[0]).toMatchObject({
      contentType: "application/json",
      headers: { "event-type": "order.created", "x-tenant": "acme" },
      received: {
        ...{ source: "orders", sourceSeq: source.seq, method: "sqs", path: "orders" },
        ...{ state: "unattempted", cause: null, redacted: [], reply: null },
      },
    });
    expect(broker.stored).toEqual([1, 2, 3]);
    expect(await counts()).toMatchObject({ stored: 3, duplicate: 0, refused: 0 });
  });

  test("a source passes on headers that fit in a request, and none of those that are ours or of a connection", async () => {
    const { messages, take } = await worldWith();
    const left = {
      "webhook-id": "a",
      "boathook-source": "b",
      connection: "close",
      "a b": "c",
      umlaut: "ä",
      line: "a\nb",
    };
    await take({ headers: { ...left, "x-ok": "yes" } });
    expect((await messages())[0]!.headers).toEqual({ "x-ok": "yes" });
  });

  test("a source that takes from a queue has no URL, and its URL cannot be replaced", async () => {
    const { world, source } = await worldWith();
    expect(await world.do(() => ingestUrlOf(world.kernel, source))).toBeNull();
    const rotation = world.do(() => rotateSourceToken(world.kernel, source, 0));
    expect(await rotation.catch((error: Problem) => error.code)).toBe("no_token");
  });

  test("a source that takes from a queue sends its messages to its endpoints", async () => {
    const { world, source, take } = await worldWith();
    await world.endpoint("orders.example", 200, { applicationSeq: source.applicationSeq, eventTypes: null });
    await take({}, {});
    expect(world.order("orders.example")).toHaveLength(2);
    expect(world.headers).toContainEqual(["boathook-method", "sqs"]);
    expect(world.headers).toContainEqual(["boathook-path", "orders"]);
  });

  test("a source connects to its broker with the stored settings, and its state is connected", async () => {
    const { world, broker, source, state } = await worldWith({ config: { url: QUEUE_URL, prefetch: 7 } });
    const name = `boathook-${world.kernel.ids.encode("src_", source.seq)}`;
    expect(broker.attempts.map(({ url, onRemoved: _, ...rest }) => ({ url: url.href, ...rest }))).toEqual([
      { url: QUEUE_URL, prefetch: 7, tls: null, consumer: name },
    ]);
    expect(state()).toMatchObject({ state: "connected", error: null });
  });

  test("a source never takes more messages than its prefetch before it has settled them", async () => {
    const { world, broker, messages } = await worldWith({ config: { url: QUEUE_URL, prefetch: 5 } });
    broker.isSettlingSlow = true;
    for (let i = 0; i < 20; i++) broker.put();
    await world.pass(MINUTE);
    expect(broker.unsettledMost).toBe(5);
    expect(numbers(await messages())).toEqual([1, 2, 3, 4, 5]);
  });
});

test("a source takes fewer messages ahead if they are large, so that they do not fill the memory", async () => {
  const { world, broker } = await worldWith({}, { policy: { maxBodyBytes: 2 ** 20 } });
  broker.isSettlingSlow = true;
  broker.receivedMax = 1;
  for (let i = 0; i < 50; i++) broker.put({ body: Buffer.alloc(2 ** 20, " ") });
  await world.pass(MINUTE);
  expect(broker.unsettledMost).toBe(32);
});

describe("duplicates in a queue", () => {
  test("a message that the broker delivers again is stored once and settled each time", async () => {
    const { messages, broker, take, counts } = await worldWith();
    await take({ id: "a" }, { id: "a" }, { id: "b" });
    expect(await messages()).toHaveLength(2);
    expect(broker.stored).toEqual([1, 2, 3]);
    expect(await counts()).toMatchObject({ stored: 2, duplicate: 1 });
  });

  test("messages without an id are never duplicates, although their bodies are equal", async () => {
    const { messages, take } = await worldWith();
    const body = Buffer.from('{"message":0}');
    await take({ id: null, body }, { id: null, body });
    expect(await messages()).toHaveLength(2);
  });

  test("a source can recognise duplicates by a header, and keeps messages without it", async () => {
    const { messages, take } = await worldWith({ deduplicate: { by: "header:X-Key" } });
    await take({ headers: { "x-key": "1" } }, { headers: { "x-key": "1" } }, {}, {});
    expect(numbers(await messages())).toEqual([1, 3, 4]);
  });
});

describe("messages that can never be stored", () => {
  test("a message in a queue above max-body is refused and logged with its cause, and those after it are stored", async () => {
    const { messages, broker, log, take, counts } = await worldWith({}, { policy: { maxBodyBytes: 20 } });
    await take({}, { body: Buffer.alloc(21, "x"), headers: { a: "b" } }, {});
    expect(numbers(await messages())).toEqual([1, 3]);
    expect(broker.settled.map(({ how }) => how)).toEqual(["stored", "refused", "stored"]);
    expect(await log()).toMatchObject([
      { cause: "payload_too_large", status: 413, method: "sqs", path: "orders", headers: { a: "b" } },
    ]);
    expect(await counts()).toMatchObject({ stored: 2, refused: 1 });
  });

  test("a message in a queue that the schema of its event type rejects is refused and logged", async () => {
    const { world, messages, broker, log, take } = await worldWith({ eventType: "header:kind" });
    const schema = { type: "object", required: ["id"] };
    await world.do(() =>
      createEventType(
        world.kernel,
        { environmentSeq: world.environmentSeq, name: "strict" },
        { ...plainEventType, description: "Strict", schemas: { "1": schema }, validation: "reject" },
      ),
    );
    await take({ headers: { kind: "strict" } }, { headers: { kind: "strict" }, body: Buffer.from('{"id":1}') });
    expect(await messages()).toHaveLength(1);
    expect(broker.settled.map(({ how }) => how)).toEqual(["refused", "stored"]);
    expect(await log()).toMatchObject([{ cause: "schema", status: 422 }]);
  });
});

describe("a connection to a broker", () => {
  test("a source connects again after its connection was lost, and no message is lost or stored twice", async () => {
    const { world, broker, messages, state } = await worldWith({ config: { url: QUEUE_URL, prefetch: 10 } });
    for (let i = 0; i < 200; i++) {
      broker.put();
      if (i % 20 === 0) {
        await world.pass(1);
        broker.kill();
        await world.pass(2 * SECOND);
      }
    }
    await world.pass(MINUTE);
    expect(numbers(await messages()).sort((a, b) => a - b)).toEqual(upTo(200));
    expect(broker.queue).toEqual([]);
    expect(state()).toMatchObject({ state: "connected" });
  });

  test("a source whose connection is refused connects again after 1, 2, 4 … and at most 30 seconds, and its state has the reason", async () => {
    const { world, broker, change, state } = await worldWith();
    broker.refusal = "AccessDenied: no.";
    broker.attempts.length = 0;
    await change({ config: { prefetch: 3 } });
    const times: number[] = [];
    for (let second = 0; second < 120; second++) {
      const before = broker.attempts.length;
      await world.pass(SECOND);
      if (broker.attempts.length > before) times.push(second);
    }
    expect(times.map((at, i) => at - (times[i - 1] ?? -1))).toEqual([1, 2, 4, 8, 16, 30, 30]);
    expect(state()).toMatchObject({ state: "failed", error: "AccessDenied: no." });
    expect(world.kernel.consumers.counts()).toEqual({ connected: 0, connecting: 0, failed: 1 });
    broker.refusal = null;
    await world.pass(30 * SECOND);
    expect(state()).toMatchObject({ state: "connected", error: null });
    expect(world.factsOf("source.connection").map((fact) => fact.state)).toEqual(["connected", "failed", "connected"]);
  });

  test("while the disk is full, a source keeps its connection and its messages, and its state says why they wait", async () => {
    const { world, broker, state, take, messages } = await worldWith();
    world.isDiskFull = true;
    await take({}, {});
    const error = "The server cannot store messages, so they wait in the queue. Its health says why.";
    expect(state()).toMatchObject({ state: "connected", error });
    await world.pass(MINUTE);
    expect(broker.settled).toEqual([]);
    world.isDiskFull = false;
    await world.pass(2 * SECOND);
    expect(numbers(await messages())).toEqual([1, 2]);
    expect(state()).toMatchObject({ state: "connected", error: null });
    expect(broker.connections).toHaveLength(1);
    expect(world.factsOf("source.connection").map((fact) => fact.error)).toEqual([null, error, null]);
  });

  test("the connection of a deleted source ends at once, and its messages stay in the queue", async () => {
    const { world, broker, source } = await worldWith();
    await world.do(() => deleteSource(world.kernel, source));
    await world.pass(10);
    expect(broker.open).toEqual([]);
    broker.put();
    await world.pass(MINUTE);
    expect(broker.queue).toHaveLength(1);
  });

  test("the connection of a disabled source ends at once, and is opened again when the source is enabled", async () => {
    const { world, broker, change, messages, state } = await worldWith();
    await change({ disabled: true });
    await world.pass(10);
    expect(broker.open).toEqual([]);
    expect(state()).toBeNull();
    broker.put();
    await world.pass(MINUTE);
    expect(await messages()).toEqual([]);
    await change({ disabled: false });
    await world.pass(SECOND);
    expect(await messages()).toHaveLength(1);
  });

  test("a source keeps its connection when only its rules for messages change, and replaces it when the queue changes", async () => {
    const { world, broker, change, messages, take } = await worldWith();
    await change({ eventType: "renamed" });
    await take({});
    expect(await messages()).toMatchObject([{ eventType: "renamed" }]);
    expect(broker.connections).toHaveLength(1);
    await change({ config: { url: QUEUE_URL.replace("orders", "invoices") } });
    await world.pass(SECOND);
    expect(broker.connections.map(({ isOpen }) => isOpen)).toEqual([false, true]);
    expect(broker.attempts.at(-1)!.url.pathname).toBe("/123456789012/invoices");
  });

  test("each source has one connection to its broker, also after a restart", async () => {
    const { world, broker, create } = await worldWith();
    await create({ name: "Second" });
    await world.pass(SECOND);
    expect(broker.open).toHaveLength(2);
    await world.do(() => world.kernel.consumers.stop());
    expect(broker.open).toHaveLength(0);
    await world.restart();
    await world.do(() => world.kernel.consumers.start());
    await world.pass(SECOND);
    expect(broker.open).toHaveLength(2);
  });

  test("a source whose queue changes several times in a row has one connection", async () => {
    const { world, broker, change } = await worldWith();
    for (let prefetch = 1; prefetch <= 5; prefetch++) await change({ config: { prefetch } });
    await world.pass(SECOND);
    expect(broker.open).toHaveLength(1);
  });
});

test("a source that is disabled while its connection ends because of another change stays disabled", async () => {
  const { world, broker, change, take, state } = await worldWith();
  broker.isSettlingSlow = true;
  await take({});
  // The connection ends after 2 seconds, because a message is not settled.
  await change({ config: { prefetch: 5 } });
  await change({ disabled: true });
  await world.pass(MINUTE);
  expect(broker.open).toEqual([]);
  expect(state()).toBeNull();
});

describe("the pace of a queue", () => {
  test("no message of a queue is settled while the store cannot be written, and all are stored after that, in order", async () => {
    const { world, broker, messages } = await worldWith({ config: { url: QUEUE_URL, prefetch: 10 } });
    world.isDiskFull = true;
    for (let i = 0; i < 30; i++) broker.put();
    await world.pass(MINUTE);
    expect(broker.settled).toEqual([]);
    expect(broker.unsettledMost).toBe(10);
    world.isDiskFull = false;
    await world.pass(5 * SECOND);
    expect(numbers(await messages())).toEqual(upTo(30));
    expect(broker.stored).toEqual(upTo(30));
  });

  test("a source with `ingestRate` takes that many messages per second and refuses none", async () => {
    const { world, broker, messages, counts } = await worldWith({ ingestRate: 10 });
    for (let i = 0; i < 100; i++) broker.put();
    await world.pass(5 * SECOND);
    const early = (await messages()).length;
    expect(early).toBeGreaterThanOrEqual(50);
    expect(early).toBeLessThanOrEqual(61);
    await world.pass(10 * SECOND);
    expect(numbers(await messages())).toEqual(upTo(100));
    expect(await counts()).toMatchObject({ stored: 100, limited: 0, refused: 0 });
  });
});
