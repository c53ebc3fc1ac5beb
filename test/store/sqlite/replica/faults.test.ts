import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { statSync } from "node:fs";
import type { Fact } from "../../../../src/core/fact.ts";
import { systemClock } from "../../../../src/edge/clock.ts";
import type { Clock } from "../../../../src/ports.ts";
import type { Store } from "../../../../src/store/index.ts";
import { until } from "../../../support/delivery.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { MemoryVault } from "./memory-vault.ts";
import { openReplicated, valuesIn } from "./replicated.ts";

setDefaultTimeout(30_000);

const set = (store: Store, name: string, value: string) => store.housekeeping.meta.set(name, value);
const caughtUp = (store: Store) =>
  until(
    async () => store.replica!.state(),
    ({ lagBytes, copiedAt }) => lagBytes === 0 && copiedAt !== null,
  );
const large = "x".repeat(100_000);

/** Makes a vault fail until the returned function is called. */
function broken(vault: MemoryVault, what: "append" | "sync" | "put"): () => void {
  vault.before = (now) => {
    if (now === what) throw new Error("The bucket is on fire.");
  };
  return () => {
    vault.before = () => {};
  };
}

describe("a replica that fails", () => {
  test.each(["append", "sync"] as const)(
    "a replica that fails delays nothing and gets everything later: %s",
    async (what) => {
      using dir = temporaryDirectory();
      const vault = new MemoryVault();
      const facts: Fact[] = [];
      const limits = { reportedAfterMs: 0 };
      const store = await openReplicated(dir.file("data"), vault, { limits, onFact: (fact) => facts.push(fact) });
      await caughtUp(store);
      const repair = broken(vault, what);
      for (let i = 0; i < 20; i++) await set(store, `test-${i}`, `value ${i}`);
      const state = await until(
        async () => store.replica!.state(),
        ({ status }) => status === "failed",
      );
      expect(state).toMatchObject({ reason: "The bucket is on fire.", isRefusing: false, since: expect.any(Number) });
      expect(state.lagBytes).toBeGreaterThan(0);
      repair();
      await caughtUp(store);
      expect(store.replica!.state()).toMatchObject({ status: "ok", reason: null, since: null, lagMs: 0 });
      expect(facts.filter(({ type }) => type.startsWith("replica.")).map(({ type }) => type)).toEqual([
        "replica.copied",
        "replica.failed",
        "replica.recovered",
      ]);
      expect(await valuesIn(vault, dir.file("new"), ["test-0", "test-19"])).toEqual(["value 0", "value 19"]);
      await store.close();
    },
  );

  test("a replica that has everything is not behind, also if a record took long while nothing more was committed", async () => {
    using dir = temporaryDirectory();
    const vault = new MemoryVault();
    // Commits of other processes are looked for again and again while a record is written.
    const after: Clock["after"] = (delayMs, task) => systemClock.after(Math.min(delayMs, 5), task);
    const store = await openReplicated(dir.file("data"), vault, { clock: { ...systemClock, after } });
    await caughtUp(store);
    vault.before = async (what) => {
      if (what === "append") await Bun.sleep(100);
    };
    await set(store, "slow", "1");
    await caughtUp(store);
    expect(store.replica!.state()).toMatchObject({ lagBytes: 0, lagMs: 0 });
    await store.close();
  });

  test("a copy of the database that fails in the middle leaves none of its parts, and is made later", async () => {
    using dir = temporaryDirectory();
    const vault = new MemoryVault();
    let isFull = true;
    vault.before = (_, name) => {
      if (isFull && /\/base-.*\/000002$/.test(name)) throw new Error("The disk is full.");
    };
    const clock = { ...systemClock, after: (_: number, task: () => void) => systemClock.after(1, task) };
    const limits = { chunkBytes: 1024, retryMs: 200, reportedAfterMs: 0 };
    const store = await openReplicated(dir.file("data"), vault, { limits, clock });
    const failed = await until(
      async () => store.replica!.state(),
      ({ status }) => status === "failed",
    );
    expect(failed.reason).toBe("The disk is full.");
    await until(
      async () => vault.named("/base-"),
      (names) => names.length === 0,
    );
    isFull = false;
    await caughtUp(store);
    expect(vault.named("/base-").length).toBeGreaterThan(3);
    await store.close();
  });

  test("a store whose replica fails refuses messages before the log grows without bound, and accepts them again", async () => {
    using dir = temporaryDirectory();
    const vault = new MemoryVault();
    const store = await openReplicated(dir.file("data"), vault, { limits: { refuseBytes: 500_000 } });
    await caughtUp(store);
    const repair = broken(vault, "append");
    expect(await store.queue.accept([])).toEqual([]);
    // SQLite writes only the pages that change.
    for (let i = 0; !store.replica!.state().isRefusing; i++) await set(store, `large-${i}`, large);
    await expect(store.queue.accept([])).rejects.toThrow("The replica lacks too many changes. Nothing was stored.");
    repair();
    await caughtUp(store);
    expect(await store.queue.accept([])).toEqual([]);
    await store.close();
  });

  test("a store whose replica fails gives up the log when it is too long, and begins a new generation when the replica works again", async () => {
    using dir = temporaryDirectory();
    const vault = new MemoryVault();
    const limits = { refuseBytes: 500_000, cutBytes: 1_000_000, checkpointFrames: 50, retryMs: 20, reportedAfterMs: 0 };
    const store = await openReplicated(dir.file("data"), vault, { limits });
    await caughtUp(store);
    await set(store, "before", "1");
    vault.beforeRead = () => {
      throw new Error("The bucket is on fire.");
    };
    const repair = broken(vault, "append");
    for (let i = 0; i < 100; i++) await set(store, "large", `${i} `.repeat(30_000));
    expect(store.replica!.state()).toMatchObject({ status: "failed", isRefusing: true });
    expect(statSync(dir.file("data/boathook.db-wal")).size).toBeLessThan(3_000_000);
    repair();
    vault.beforeRead = () => {};
    await caughtUp(store);
    await set(store, "after", "2");
    await caughtUp(store);
    expect(store.replica!.state()).toMatchObject({ status: "ok", isRefusing: false });
    expect(vault.named("generation-00000002").length).toBeGreaterThan(1);
    expect(await valuesIn(vault, dir.file("new"), ["before", "large", "after"])).toEqual([
      "1",
      "99 ".repeat(30_000),
      "2",
    ]);
    await store.close();
  });

  test("a replica that fails is connected to later if it cannot be reached at the start", async () => {
    using dir = temporaryDirectory();
    const vault = new MemoryVault();
    vault.beforeRead = () => {
      throw new Error("There is no network.");
    };
    const store = await openReplicated(dir.file("data"), vault, { limits: { retryMs: 20, reportedAfterMs: 0 } });
    await set(store, "early", "1");
    expect(store.replica!.state()).toMatchObject({ status: "failed", reason: "There is no network.", copiedAt: null });
    vault.beforeRead = () => {};
    await caughtUp(store);
    expect(await valuesIn(vault, dir.file("new"), ["early"])).toEqual(["1"]);
    await store.close();
  });

  test("a replica that fails gets a copy of the data later if the first one fails, and is behind until then", async () => {
    using dir = temporaryDirectory();
    const vault = new MemoryVault();
    const first = await openReplicated(dir.file("data"), null);
    await set(first, "large", large);
    await first.close();
    const repair = broken(vault, "put");
    const store = await openReplicated(dir.file("data"), vault, { limits: { retryMs: 20, reportedAfterMs: 60_000 } });
    expect(store.replica!.state()).toMatchObject({ status: "behind", copiedAt: null });
    repair();
    await caughtUp(store);
    expect(store.replica!.state().status).toBe("ok");
    expect(await valuesIn(vault, dir.file("new"), ["large"])).toEqual([large]);
    await store.close();
  });
});

describe("replica-sync sync", () => {
  test("a change is confirmed when the replica has it, and not if that takes too long", async () => {
    using dir = temporaryDirectory();
    const vault = new MemoryVault();
    const store = await openReplicated(dir.file("data"), vault, { isSync: true, timeoutMs: 200 });
    const { promise, resolve } = Promise.withResolvers<void>();
    await caughtUp(store);
    await set(store, "a", "1");
    expect(await store.replica!.confirmed()).toBe(true);
    vault.before = () => promise;
    await set(store, "a", "2");
    expect(await store.replica!.confirmed()).toBe(false);
    resolve();
    await caughtUp(store);
    expect(store.replica!.confirmed()).toBe(true);
    await store.close();
  });

  test("many changes that wait together are confirmed with few records", async () => {
    using dir = temporaryDirectory();
    const vault = new MemoryVault();
    let records = 0;
    const store = await openReplicated(dir.file("data"), vault, { isSync: true });
    await caughtUp(store);
    vault.before = (what) => {
      if (what === "append") records++;
    };
    const confirmed = async (i: number) => {
      await set(store, `test-${i}`, "1");
      return store.replica!.confirmed();
    };
    expect(await Promise.all(Array.from({ length: 200 }, (_, i) => confirmed(i)))).toEqual(Array(200).fill(true));
    expect(records).toBeLessThan(20);
    await store.close();
  });

  test("without replica-sync sync, nothing waits for the replica", async () => {
    using dir = temporaryDirectory();
    const vault = new MemoryVault();
    const store = await openReplicated(dir.file("data"), vault);
    const { promise, resolve } = Promise.withResolvers<void>();
    vault.before = () => promise;
    await set(store, "a", "2");
    expect(store.replica!.confirmed()).toBe(true);
    resolve();
    await store.close();
  });
});
