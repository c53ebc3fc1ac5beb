import { describe, expect, test } from "bun:test";
import { Accepter } from "../../src/accept/accept.ts";
import { plainIncoming } from "../../src/accept/incoming.ts";
import { Facts } from "../../src/core/facts.ts";
import { ClockSeqSource } from "../../src/core/id.ts";
import { plainApplication } from "../../src/core/resources/application.ts";
import { type Signal, Signals } from "../../src/core/signal.ts";
import type { Deliverer } from "../../src/deliver/deliverer.ts";
import { FanOut } from "../../src/deliver/fan-out.ts";
import { Lane } from "../../src/deliver/lane.ts";
import type { LaneOwnership } from "../../src/deliver/lane-ownership.ts";
import { NOTHING } from "../../src/deliver/lane-position.ts";
import type { Scheduler } from "../../src/deliver/scheduler.ts";
import { type ApplicationEntry, applicationEntry } from "../../src/store/directory.ts";
import type { Store } from "../../src/store/index.ts";
import { Turns } from "../../src/store/turns.ts";

/** A message to very many endpoints must not block the event loop. These tests count the turns. */

const ENDPOINTS = 10_000;
/** Minimum number of turns in which as many lanes are created or woken. */
const TURNS_MIN = 10;

class TurnCounter {
  turns = 0;
  readonly now = Date.now;
  readonly steady = () => 0;
  readonly after = () => () => {};
  readonly soon = (task: () => void) => {
    this.turns++;
    setImmediate(task);
  };
}

function wideApplication(): ApplicationEntry {
  const application = plainApplication({ seq: 1, environmentSeq: 1, name: "wide", now: 0 });
  const endpoints = Array.from({ length: ENDPOINTS }, (_, i) => ({
    seq: 10 + i,
    eventTypes: null,
    channels: null,
    filter: null,
  }));
  return applicationEntry(application, endpoints);
}

/** Opens an accepter whose store and deliverer only write into `log` what they are asked to do. */
function accepterWithLog() {
  const clock = new TurnCounter();
  const log: string[] = [];
  const woken: Signal[] = [];
  const store = {
    queue: {
      accept: async (messages: readonly { deliveries: readonly unknown[] }[]) => {
        log.push(`commit ${messages.map(({ deliveries }) => deliveries.length).join()}`);
        return messages.map(() => ({ accepted: true }));
      },
    },
  } as unknown as Store;
  const deliverer = {
    prepareLanes: async (endpointSeqs: readonly unknown[]) => void log.push(`prepare ${endpointSeqs.length}`),
    enqueue: (_: unknown, deliveries: readonly unknown[]) => void log.push(`enqueue ${deliveries.length}`),
  } as unknown as Deliverer;
  const signals = new Signals(() => {});
  signals.react(["lane.filled"], (signal) => void woken.push(signal));
  const accepter = new Accepter(store, new ClockSeqSource(clock.now), clock, new Facts(), signals, deliverer);
  return { accepter, clock, log, woken };
}

describe("a message to very many endpoints", () => {
  const incoming = plainIncoming("a", new Uint8Array(2));

  test("the lanes of a message with thousands of deliveries exist before its only commit", async () => {
    const { accepter, log } = accepterWithLog();
    await accepter.accept(wideApplication(), incoming);
    expect(log).toEqual([`prepare ${ENDPOINTS}`, `commit ${ENDPOINTS}`, `enqueue ${ENDPOINTS}`]);
  });

  test("the lanes of each message of a batch exist before its commit if it has thousands of deliveries", async () => {
    const { accepter, log } = accepterWithLog();
    await accepter.acceptInPortions(wideApplication(), [incoming, incoming]);
    const once = [`prepare ${ENDPOINTS}`, `commit ${ENDPOINTS}`, `enqueue ${ENDPOINTS}`];
    expect(log).toEqual([...once, ...once]);
  });

  test("a message with few deliveries is committed without preparing lanes", async () => {
    const { accepter, log } = accepterWithLog();
    await accepter.acceptOnlyFor(10, wideApplication(), incoming);
    expect(log).toEqual(["commit 1", "enqueue 1"]);
  });

  test("a scheduled message wakes thousands of lanes in several turns of the event loop", async () => {
    const { accepter, clock, woken } = accepterWithLog();
    await accepter.accept(wideApplication(), { ...incoming, deliverAt: Date.now() + 60_000 });
    expect(woken.length).toBeLessThanOrEqual(ENDPOINTS / TURNS_MIN);
    for (let i = 0; i < ENDPOINTS && woken.length < ENDPOINTS; i++) await new Promise(setImmediate);
    expect(woken).toHaveLength(ENDPOINTS);
    expect(clock.turns).toBeGreaterThanOrEqual(TURNS_MIN - 1);
  });

  test("thousands of lanes are created in several turns of the event loop", async () => {
    const clock = new TurnCounter();
    const createdInTurn = new Map<number, number>();
    const ownership = {
      laneOf: (endpointSeq: number) => {
        createdInTurn.set(clock.turns, (createdInTurn.get(clock.turns) ?? 0) + 1);
        return new Lane(endpointSeq, NOTHING);
      },
    } as unknown as LaneOwnership;
    const fanOut = new FanOut({ turns: new Turns(clock), ownership, scheduler: {} as Scheduler });
    await fanOut.prepareLanes(Array.from({ length: ENDPOINTS }, (_, i) => i));
    expect(createdInTurn.size).toBeGreaterThanOrEqual(TURNS_MIN);
    expect([...createdInTurn.values()].reduce((sum, count) => sum + count, 0)).toBe(ENDPOINTS);
  });
});
