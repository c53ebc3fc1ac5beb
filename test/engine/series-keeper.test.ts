import { describe, expect, test } from "bun:test";
import type { Fact } from "../../src/core/fact.ts";
import { Facts } from "../../src/core/facts.ts";
import { HOUR_MS, MINUTE_MS, type SeriesRow } from "../../src/core/series.ts";
import { SeriesKeeper } from "../../src/deliver/tasks/series-keeper.ts";
import { StoreUnavailable } from "../../src/store/index.ts";
import { VirtualClock } from "../sim/clock.ts";

const START_AT = Date.UTC(2026, 0, 1);
const [ENVIRONMENT, APPLICATION, ENDPOINT] = [1, 2, 3];

const accepted: Fact = {
  ...{ type: "message.accepted", messageSeq: 9, eventType: "a", deliveries: 1 },
  ...{ environmentSeq: ENVIRONMENT, applicationSeq: APPLICATION },
};

function attempt(more: object = {}): Fact {
  return {
    ...{ type: "attempt.finished", deliverySeq: 8, messageSeq: 9, attemptSeq: 10, failedBefore: 0 },
    ...{ environmentSeq: ENVIRONMENT, applicationSeq: APPLICATION, endpointSeq: ENDPOINT },
    ...{ reason: null, responseStatus: 200, durationMs: 7, next: "delivered", was: "pending" },
    ...{ deadReason: null, sinceAcceptedMs: 8 },
    ...more,
  } as Fact;
}

/** A keeper on a store in memory that can be unavailable. */
class World {
  readonly clock = new VirtualClock(START_AT);
  readonly facts = new Facts();
  readonly stored: SeriesRow[][] = [];
  isUnavailable = false;
  /** Runs at the beginning of each read of the store. */
  onRead: () => Promise<void> = async () => {};
  readonly hidden = new Set<number>();
  readonly keeper = new SeriesKeeper(
    this.clock.ofProcess(1),
    {
      history: {
        series: {
          add: async (rows) => {
            if (this.isUnavailable) throw new StoreUnavailable("The disk is full.");
            this.stored.push(rows.map((row) => ({ ...row, durations: [...row.durations] })));
          },
          read: async (scopeSeq, stepMs, from, to) => {
            await this.onRead();
            return this.stored
              .flat()
              .filter((row) => row.scopeSeq === scopeSeq && row.stepMs === stepMs)
              .filter(({ startAt }) => startAt >= from && startAt < to);
          },
        },
      },
    },
    this.facts,
    (applicationSeq) => this.hidden.has(applicationSeq),
  );

  /** Lets time pass, with all events that are due in it. */
  async pass(ms: number): Promise<void> {
    const until = this.clock.now + ms;
    while (this.clock.peek() <= until) {
      this.clock.next()!.task();
      for (let i = 0; i < 20; i++) await Promise.resolve();
    }
    this.clock.skip(until - this.clock.now);
  }

  read(scopeSeq: number, stepMs = HOUR_MS) {
    return this.keeper.read(scopeSeq, stepMs, START_AT, START_AT + 24 * HOUR_MS);
  }
}

const brief = ({ scopeSeq, startAt, accepted, attempts, failed, delivered, dead }: SeriesRow) => ({
  ...{ scopeSeq, hour: (startAt - START_AT) / HOUR_MS, accepted, attempts, failed, delivered, dead },
});

describe("the keeper of counts over time", () => {
  test("a message and its attempts are counted for the environment, the application and the endpoint", async () => {
    const { keeper, facts, stored } = new World();
    facts.state(accepted);
    facts.state(attempt({ reason: "timeout", next: "pending", durationMs: 15_000 }));
    facts.state(attempt({ reason: "timeout", next: "dead", durationMs: 15_000 }));
    facts.state(attempt());
    await keeper.flush();
    const counts = { hour: 0, attempts: 3, failed: 2, delivered: 1, dead: 1 };
    expect(
      stored
        .flat()
        .filter(({ stepMs }) => stepMs === HOUR_MS)
        .map(brief),
    ).toEqual([
      { scopeSeq: ENVIRONMENT, accepted: 1, ...counts },
      { scopeSeq: APPLICATION, accepted: 1, ...counts },
      { scopeSeq: ENDPOINT, accepted: 0, ...counts },
    ]);
    expect(
      stored
        .flat()
        .filter(({ stepMs }) => stepMs === MINUTE_MS)
        .map(brief),
    ).toEqual([{ scopeSeq: ENVIRONMENT, accepted: 1, ...counts }]);
  });

  test("messages of a hidden application are counted for it and its endpoints, and not for the environment", async () => {
    const world = new World();
    world.hidden.add(APPLICATION);
    world.facts.state(accepted);
    world.facts.state(attempt());
    expect(await world.read(ENVIRONMENT)).toEqual([]);
    expect((await world.read(APPLICATION)).map(brief)).toMatchObject([{ accepted: 1, delivered: 1 }]);
    expect((await world.read(ENDPOINT)).map(brief)).toMatchObject([{ delivered: 1 }]);
  });

  test("deliveries that are buried as dead are counted for the environment, and cancelled ones are not", async () => {
    const world = new World();
    world.facts.state({ type: "deliveries.buried", environmentSeq: ENVIRONMENT, state: "dead", count: 5 });
    world.facts.state({ type: "deliveries.buried", environmentSeq: ENVIRONMENT, state: "cancelled", count: 7 });
    expect((await world.read(ENVIRONMENT)).map(({ dead }) => dead)).toEqual([5]);
  });

  test("counts are stored ten seconds after the first one, and nothing is stored without traffic", async () => {
    const world = new World();
    await world.keeper.start();
    world.facts.state(accepted);
    await world.pass(9_999);
    expect(world.stored).toEqual([]);
    await world.pass(1);
    expect(world.stored).toHaveLength(1);
    await world.pass(HOUR_MS);
    expect(world.stored).toHaveLength(1);
  });

  test("stopping the keeper stores what has been counted", async () => {
    const world = new World();
    await world.keeper.start();
    world.facts.state(accepted);
    await world.keeper.stop();
    expect(
      world.stored
        .flat()
        .filter(({ scopeSeq }) => scopeSeq === APPLICATION)
        .map(brief),
    ).toMatchObject([{ accepted: 1 }]);
  });

  test("counts of two hours are in two buckets although they are stored together", async () => {
    const world = new World();
    world.facts.state(accepted);
    await world.pass(HOUR_MS);
    world.facts.state(accepted);
    expect((await world.read(APPLICATION)).map(brief)).toMatchObject([
      { hour: 0, accepted: 1 },
      { hour: 1, accepted: 1 },
    ]);
  });

  test("a read includes counts that have not been stored yet", async () => {
    const world = new World();
    world.facts.state(accepted);
    await world.keeper.flush();
    world.facts.state(accepted);
    expect((await world.read(APPLICATION)).map(brief)).toMatchObject([{ accepted: 2 }]);
  });

  test("counts that are stored during a read are read once", async () => {
    const world = new World();
    world.facts.state(accepted);
    world.onRead = async () => {
      world.onRead = async () => {};
      await world.keeper.flush();
    };
    expect((await world.read(APPLICATION)).map(brief)).toMatchObject([{ accepted: 1 }]);
  });

  test("counts are kept while the store is unavailable and stored afterwards", async () => {
    const world = new World();
    await world.keeper.start();
    world.isUnavailable = true;
    world.facts.state(accepted);
    await world.pass(30_000);
    world.facts.state(accepted);
    expect(world.stored).toEqual([]);
    world.isUnavailable = false;
    await world.pass(10_000);
    const rows = world.stored.flat().filter(({ scopeSeq }) => scopeSeq === APPLICATION);
    expect(rows.map(({ accepted }) => accepted)).toEqual([1, 1]);
  });
});
