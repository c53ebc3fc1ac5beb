import { describe, expect, test } from "bun:test";
import type { Fact } from "../../src/core/fact.ts";
import { Facts } from "../../src/core/facts.ts";
import { ClockTrustWatch } from "../../src/deliver/watches/clock-trust-watch.ts";
import { openMemoryStore } from "../../src/store/sqlite/index.ts";
import { DAY, EngineWorld, HOUR, MINUTE } from "../support/engine-world.ts";
import { memoryDatabase } from "../support/memory-database.ts";

const YEAR = 365 * DAY;

/** An installation whose clock can be set, even while its process is running. */
class Installation implements Disposable {
  now = Date.UTC(2026, 0, 1);
  readonly facts: Fact["type"][] = [];
  isDiskFull = false;
  readonly #db = memoryDatabase();
  readonly #timers = new Set<() => void>();

  [Symbol.dispose](): void {
    this.#db.close();
  }

  #open() {
    const clock = {
      now: () => this.now,
      steady: () => 0,
      soon: (task: () => void) => void setImmediate(task),
      after: (_: number, task: () => void) => {
        this.#timers.add(task);
        return () => void this.#timers.delete(task);
      },
    };
    const { store } = openMemoryStore(
      this.#db,
      clock,
      () => {},
      () => {
        if (this.isDiskFull) throw Object.assign(new Error("planted"), { code: "SQLITE_FULL" });
      },
    );
    return { store, clock };
  }

  /** Stores a row whose number contains the current time. */
  async write(): Promise<void> {
    const { store } = this.#open();
    await store.configuration.environments.ensure({ seq: store.numbers.next(), name: "default", createdAt: this.now });
    await store.close();
  }

  /** Runs a process that checks the clock, and returns whether it doubts the clock. */
  async run({ isAccepted = false, minutes = 0 } = {}): Promise<boolean> {
    const { store, clock } = this.#open();
    const facts = new Facts();
    facts.subscribe(({ type }) => this.facts.push(type));
    const watch = new ClockTrustWatch(clock, facts, store, isAccepted);
    await watch.start();
    for (let i = 0; i < minutes; i++) {
      this.now += MINUTE;
      await watch.check();
    }
    const { isDoubted } = watch;
    await watch.stop();
    await store.close();
    return isDoubted;
  }
}

describe("the clock trust watch", () => {
  test("a new data directory trusts the clock", async () => {
    using installation = new Installation();
    expect(await installation.run()).toBe(false);
    expect(installation.facts).toEqual([]);
  });

  test("if no trusted time is stored, a clock more than a day ahead of the newest row is doubted", async () => {
    using installation = new Installation();
    await installation.write();
    installation.now += DAY;
    expect(await installation.run()).toBe(false);

    using older = new Installation();
    await older.write();
    older.now += DAY + MINUTE;
    expect(await older.run()).toBe(true);
    expect(older.facts).toEqual(["clock.doubted"]);
  });

  test("a doubted clock stays doubted across restarts, and is trusted again after a day", async () => {
    using installation = new Installation();
    await installation.run({ minutes: 5 });
    installation.now += 10 * YEAR;
    expect(await installation.run({ minutes: 60 })).toBe(true);
    expect(await installation.run({ minutes: 60 })).toBe(true);
    installation.now += 22 * HOUR;
    expect(await installation.run({ minutes: 1 })).toBe(false);
    expect(await installation.run()).toBe(false);
    expect(installation.facts).toEqual(["clock.doubted", "clock.doubted", "clock.trusted"]);
  });

  test("a doubted clock is trusted as soon as it has been corrected", async () => {
    using installation = new Installation();
    await installation.run();
    installation.now += 10 * YEAR;
    expect(await installation.run({ minutes: 60 })).toBe(true);
    installation.now -= 10 * YEAR;
    expect(await installation.run()).toBe(false);
  });

  test("a doubted clock that the operator accepts is trusted, even after later restarts", async () => {
    using installation = new Installation();
    await installation.run();
    installation.now += 10 * YEAR;
    expect(await installation.run()).toBe(true);
    expect(await installation.run({ isAccepted: true })).toBe(false);
    expect(await installation.run({ minutes: 60 })).toBe(false);
  });

  test("a clock that jumps while the process runs is doubted immediately, not only at the next check", async () => {
    using world = await EngineWorld.open();
    await world.do(() => world.kernel.clockTrust.start());
    expect(world.kernel.clockTrust.isDoubted).toBe(false);
    world.stepClock(10 * YEAR);
    expect(world.kernel.clockTrust.isDoubted).toBe(true);
  });

  test("the clock trust watch works while the disk is full", async () => {
    using installation = new Installation();
    await installation.run();
    installation.now += 10 * YEAR;
    installation.isDiskFull = true;
    expect(await installation.run({ minutes: 5 })).toBe(true);
  });
});

describe("an endpoint that fails while the clock jumps ahead", () => {
  test("a failing endpoint is not disabled while the clock is doubted", async () => {
    const policy = { retryScheduleMs: Array(100).fill(6 * HOUR) as number[], endpointDisableAfterMs: 5 * DAY };
    using world = await EngineWorld.open({ policy });
    await world.do(() => world.kernel.clockTrust.start());
    const endpoint = await world.endpoint("a.example", 500);
    await world.send(endpoint);
    await world.pass(MINUTE);
    world.stepClock(10 * YEAR);
    await world.send(endpoint);
    await world.pass(12 * HOUR);
    expect(world.times("a.example").length).toBeGreaterThan(2);
    expect(world.factsOf("endpoint.disabled")).toEqual([]);

    await world.pass(DAY);
    expect(world.factsOf("clock.trusted")).toHaveLength(1);
    // The endpoint has failed for less than two days.
    expect(world.factsOf("endpoint.disabled")).toEqual([]);
    await world.pass(4 * DAY);
    expect(world.factsOf("endpoint.disabled")).toMatchObject([{ cause: "failing" }]);
  });
});
