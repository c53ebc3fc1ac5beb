import { beforeEach, describe, expect, test } from "bun:test";
import { Accepter } from "../../src/accept/accept.ts";
import type { Fact } from "../../src/core/fact.ts";
import { Facts } from "../../src/core/facts.ts";
import { ClockSeqSource, IdCodec, type Seq } from "../../src/core/id.ts";
import { plainApplication } from "../../src/core/resources/application.ts";
import { plainEndpoint } from "../../src/core/resources/endpoint.ts";
import { type Signal, Signals } from "../../src/core/signal.ts";
import { OperationalWebhooks } from "../../src/operational/operational-webhooks.ts";
import { OperationalPayloads } from "../../src/operational/payload.ts";
import type { Clock } from "../../src/ports.ts";
import { type Store, StoreUnavailable } from "../../src/store/index.ts";
import { openMemoryStore } from "../../src/store/sqlite/index.ts";
import { memoryDatabase } from "../support/memory-database.ts";

const SECRET = `whsec_${Buffer.alloc(24).toString("base64")}`;

let store: Store;
let facts: Facts;
let signals: Signals;
let told: Fact[];
let operational: OperationalWebhooks;
let environmentSeq: Seq;
let diskIsFull: boolean;
let timers: Array<() => void>;

const clock: Clock = {
  now: Date.now,
  steady: () => performance.now(),
  soon: (task) => void setImmediate(task),
  after: (_, task) => {
    timers.push(task);
    return () => {};
  },
};

beforeEach(async () => {
  diskIsFull = false;
  timers = [];
  told = [];
  facts = new Facts();
  facts.subscribe((fact) => told.push(fact));
  const beforeCommit = () => {
    if (diskIsFull) throw new StoreUnavailable("The disk is full.");
  };
  ({ store } = openMemoryStore(memoryDatabase(), clock, () => {}, beforeCommit));
  const seqs = new ClockSeqSource(clock.now);
  const deliverer = {
    enqueue() {},
    prepareLanes: async () => {},
    admitTask: () => true,
    startTask() {},
    cancelTask() {},
    inboxUrl: () => null,
    servesLane: () => true,
    warningsOf: async () => [],
    isTaskWaiting: () => false,
    retriesAheadMs: 0,
    holdApplication: () => () => {},
    attemptsOf: () => 0,
    isHeld: false,
  };
  signals = new Signals(() => {});
  operational = new OperationalWebhooks({
    store,
    seqs,
    clock,
    facts,
    signals,
    accepter: new Accepter(store, seqs, clock, facts, signals, deliverer),
    payloads: new OperationalPayloads(store, new IdCodec(store.idSeed)),
  });
  await operational.start();
  environmentSeq = (await store.configuration.environments.ensure({ seq: seqs.next(), name: "default", createdAt: 0 }))
    .seq;
});

/** Creates an operational endpoint that subscribes to everything. */
async function listenToAll(): Promise<void> {
  const application = await operational.ensureApplication(environmentSeq);
  const endpoint = plainEndpoint({ seq: 1, applicationSeq: application.seq, url: "http://a/", now: 0 });
  await store.configuration.endpoints.create(endpoint, SECRET);
}

/** States a fact whose webhook contains this number. */
function happen(growingSince: number): void {
  facts.state({ type: "backlog.recovered", environmentSeq, growingSince, thresholdMs: 1 });
}

/** Returns the numbers in the stored webhooks, in the order of their messages. */
async function stored(): Promise<number[]> {
  const { seq } = operational.applicationOf(environmentSeq)!;
  const page = { limit: 100_000, from: null, backwards: false, order: "ascending" } as const;
  const { rows } = await store.history.messages.list(seq, {}, page, true);
  return rows.map(({ payload }) => Date.parse(JSON.parse(Buffer.from(payload!).toString()).data.growingSince));
}

describe("operational webhooks", () => {
  test("operational webhooks are stored in the order of their facts, including facts that are stated during a commit", async () => {
    await listenToAll();
    facts.subscribe((fact) => {
      if (fact.type === "message.accepted" && told.filter(({ type }) => type === "message.accepted").length === 3) {
        happen(4);
      }
    });
    for (const number of [1, 2, 3]) happen(number);
    await operational.stop();
    expect(await stored()).toEqual([1, 2, 3, 4]);
  });

  test("operational webhooks wait while the store cannot be written, and are then stored once", async () => {
    await listenToAll();
    diskIsFull = true;
    happen(1);
    while (timers.length === 0) await Bun.sleep(1);
    diskIsFull = false;
    timers.shift()!();
    await operational.stop();
    expect(await stored()).toEqual([1]);
  });

  test("operational webhooks that wait for the store do not delay a stop", async () => {
    await listenToAll();
    diskIsFull = true;
    happen(1);
    await operational.stop();
    expect(await stored()).toEqual([]);
  });

  test("operational webhooks are dropped if more than 10,000 wait, and the drop is reported", async () => {
    await listenToAll();
    for (let i = 0; i < 10_005; i++) happen(i);
    await operational.stop();
    expect(await stored()).toHaveLength(10_000);
    expect(told).toContainEqual({ type: "operational.dropped", count: 5 });
  });

  test("operational webhooks reach the endpoints of a hidden application that another process has created", async () => {
    const announcements: ((environmentSeq: Seq) => Signal)[] = [
      (environmentSeq) => ({ type: "application.changed", applicationSeq: 7, environmentSeq }),
      () => ({ type: "store.changed" }),
    ];
    for (const [i, announcement] of announcements.entries()) {
      const seq = store.numbers.take(3);
      const environment = {
        seq,
        name: `other ${i}`,
        type: "production",
        pausedAt: null,
        createdAt: 0,
        updatedAt: 0,
      } as const;
      await store.configuration.environments.create(environment);
      const hidden = plainApplication({ seq: seq + 1, environmentSeq: seq, name: "Operational webhooks", now: 0 });
      await store.configuration.applications.ensureOperational(hidden);
      expect(operational.applicationOf(seq)).toBeNull();
      signals.send(announcement(seq));
      await new Promise((resolve) => setImmediate(resolve));
      expect(operational.applicationOf(seq)).toEqual(hidden);
      expect(operational.isHidden(hidden.seq)).toBe(true);
    }
  });

  test("operational webhooks without a subscriber are not stored", async () => {
    await operational.ensureApplication(environmentSeq);
    happen(1);
    await operational.stop();
    expect(await stored()).toEqual([]);
  });

  test("an environment without operational endpoints gets no hidden application", async () => {
    happen(1);
    await operational.stop();
    expect(operational.applicationOf(environmentSeq)).toBeNull();
    expect(await store.configuration.applications.operational()).toEqual([]);
  });
});
