import { describe, expect, test } from "bun:test";
import { Accepter } from "../../src/accept/accept.ts";
import { plainIncoming } from "../../src/accept/incoming.ts";
import { Quotas } from "../../src/accept/quotas.ts";
import type { Fact } from "../../src/core/fact.ts";
import { Facts } from "../../src/core/facts.ts";
import type { Seq } from "../../src/core/id.ts";
import { NO_QUOTA, type Quota } from "../../src/core/quota.ts";
import { plainApplication } from "../../src/core/resources/application.ts";
import { Signals } from "../../src/core/signal.ts";
import type { Deliverer } from "../../src/deliver/deliverer.ts";
import { systemClock } from "../../src/edge/clock.ts";
import { applicationEntry } from "../../src/store/directory.ts";
import type { Application, NewMessage, Store } from "../../src/store/index.ts";
import { openMemoryStore } from "../../src/store/sqlite/index.ts";
import { memoryDatabase } from "../support/memory-database.ts";

/** Tests how messages are accepted whose application has a quota. */

const ENDPOINT = 7;
const LARGE: Quota = { endpoints: null, messagesPerDay: 1_000_000, storedBytes: 2 ** 40 };
const now = Date.UTC(2026, 0, 1, 12);

const deliverer = { prepareLanes: async () => {}, enqueue: () => {} } as unknown as Deliverer;

function accepterOn(store: Store, quotas: Quotas): Accepter {
  const clock = { ...systemClock, now: () => now };
  return new Accepter(store, store.numbers, clock, new Facts(), new Signals(() => {}), deliverer, null, quotas);
}

async function opened(quota: Quota | null, defaults: Quota = NO_QUOTA) {
  const clock = { ...systemClock, now: () => now };
  const facts = new Facts();
  const stated: Fact[] = [];
  facts.subscribe((fact) => void stated.push(fact));
  const { store } = openMemoryStore(memoryDatabase(), clock, () => {});
  const enqueued: Seq[] = [];
  const deliverer = {
    prepareLanes: async () => {},
    enqueue: ({ seq }: NewMessage) => void enqueued.push(seq),
  } as unknown as Deliverer;
  const quotas = new Quotas(store, clock, defaults);
  const signals = new Signals(() => {});
  const accepter = new Accepter(store, store.numbers, clock, facts, signals, deliverer, null, quotas);
  const plain = plainApplication({ seq: store.numbers.next(), environmentSeq: 1, name: "a", now });
  const application: Application = { ...plain, quota };
  await store.configuration.applications.create(application);
  const entry = applicationEntry(application, [{ seq: ENDPOINT, eventTypes: null, channels: null, filter: null }]);
  const withoutQuota = applicationEntry({ ...application, quota: null }, [
    { seq: ENDPOINT, eventTypes: null, channels: null, filter: null },
  ]);
  return { store, accepter, application, entry, withoutQuota, enqueued, stated };
}

const incoming = plainIncoming("a", new Uint8Array(10));
const many = (count: number) => Array.from({ length: count }, () => incoming);

describe("messages of an application with a quota", () => {
  test("they are committed in the order of their numbers, although earlier messages must be counted first", async () => {
    const { store, accepter, application, entry, withoutQuota, enqueued } = await opened(LARGE);
    await accepter.acceptInPortions(withoutQuota, many(4500));
    enqueued.length = 0;
    const results = await Promise.all([
      ...many(20).map((one) => accepter.accept(entry, one)),
      accepter.acceptInPortions(entry, many(10)),
      ...many(5).map((one) => accepter.accept(withoutQuota, one)),
    ]);
    expect(results.flat().filter(({ accepted }) => !accepted)).toEqual([]);
    expect(enqueued).toHaveLength(35);
    expect(enqueued).toEqual(enqueued.toSorted((a, b) => a - b));
    await store.queue.usage.count(application.seq, now);
    const { messages } = await store.queue.usage.read(application.seq, now);
    expect(messages).toMatchObject({ messages: 4535, storedBytes: 45_350 });
  });

  test("messages for a deleted application are not counted", async () => {
    const { store, accepter, application, entry } = await opened(LARGE);
    await store.configuration.applications.delete(application.seq, now);
    expect(await accepter.accept(entry, incoming)).toMatchObject({ accepted: true });
    expect(await accepter.acceptInPortions(entry, many(2))).toMatchObject([{ accepted: true }, { accepted: true }]);
    expect((await store.queue.usage.read(application.seq, now)).messages).toBeNull();
  });

  test("a message waits two seconds at most for what was stored before to be counted, and later ones do not wait", async () => {
    const { store, application, entry } = await opened({ ...LARGE, messagesPerDay: 0 });
    const waits: Array<{ readonly ms: number; readonly end: () => void }> = [];
    const after = (ms: number, end: () => void) => {
      waits.push({ ms, end });
      return () => void waits.pop();
    };
    const counting = Promise.withResolvers<void>();
    const { usage } = store.queue;
    const count = async (...args: Parameters<typeof usage.count>) => {
      await counting.promise;
      return usage.count(...args);
    };
    const slow = { ...store, queue: { ...store.queue, usage: { ...usage, count } } };
    const accepter = accepterOn(slow, new Quotas(slow, { now: () => now, after }, NO_QUOTA));
    const first = accepter.accept(entry, incoming);
    for (let turn = 0; turn < 100 && waits.length === 0; turn++) await new Promise(setImmediate);
    expect(waits.map(({ ms }) => ms)).toEqual([2000]);
    waits[0]!.end();
    expect(await first).toMatchObject({ accepted: true });
    expect(await accepter.accept(entry, incoming)).toMatchObject({ accepted: true });
    expect(waits).toHaveLength(1);
    counting.resolve();
    for (let turn = 0; turn < 1000 && waits.length > 0; turn++) await new Promise(setImmediate);
    expect(await accepter.accept(entry, incoming)).toMatchObject({ because: "quota", exceeded: { used: 2, limit: 0 } });
    expect((await usage.read(application.seq, now)).messages).toMatchObject({ messages: 2, storedBytes: 20 });
  });

  test("operational messages have no quota", async () => {
    const { accepter, entry } = await opened(null, { ...NO_QUOTA, messagesPerDay: 1 });
    expect(await accepter.acceptAll(entry, many(3))).toMatchObject(many(3).map(() => ({ accepted: true })));
  });

  test("each refusal is stated, and says what is used and when the count ends", async () => {
    const { accepter, application, entry, stated } = await opened(null, { ...NO_QUOTA, messagesPerDay: 2 });
    const results = await accepter.acceptInPortions(entry, many(4));
    const exceeded = { quota: "messagesPerDay", limit: 2, used: 2, endsAt: Date.UTC(2026, 0, 2) } as const;
    expect(results.slice(2)).toEqual([
      { accepted: false, because: "quota", exceeded },
      { accepted: false, because: "quota", exceeded },
    ]);
    const fact = { type: "quota.exceeded", applicationSeq: application.seq, environmentSeq: 1 } as const;
    const refusal = { ...fact, quota: "messagesPerDay", limit: 2, at: now } as const;
    expect(stated.filter(({ type }) => type === "quota.exceeded")).toEqual([refusal, refusal]);
  });
});
