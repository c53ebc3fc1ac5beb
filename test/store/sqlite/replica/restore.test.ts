import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, renameSync, rmSync } from "node:fs";
import { systemClock } from "../../../../src/edge/clock.ts";
import type { Clock } from "../../../../src/ports.ts";
import type { Store } from "../../../../src/store/index.ts";
import { databaseFileOf } from "../../../../src/store/sqlite/data-dir/data-dir.ts";
import { until } from "../../../support/delivery.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { MemoryVault } from "./memory-vault.ts";
import { openReplicated, restored, valuesIn } from "./replicated.ts";

setDefaultTimeout(30_000);

const limits = { checkpointFrames: 20, baseBytesMin: Number.MAX_SAFE_INTEGER };
/** Name of one part of a base. */
const BASE_PART = /\/base-.*\/\d+$/;
const set = (store: Store, name: string, value: string) => store.housekeeping.meta.set(name, value);

async function caughtUp(store: Store): Promise<void> {
  await until(
    async () => store.replica!.state(),
    ({ lagBytes, copiedAt }) => lagBytes === 0 && copiedAt !== null,
  );
}

/** Fills a replica with rows `test-0` to `test-59`, each with a record of its own. */
async function filled(dataDir: string, vault = new MemoryVault()): Promise<MemoryVault> {
  const store = await openReplicated(dataDir, vault, { limits });
  for (let i = 0; i < 60; i++) {
    await set(store, `test-${i}`, `value ${i}`);
    await caughtUp(store);
  }
  await store.close();
  return vault;
}

/** Returns how many rows of a filled replica are restored, which must be the first ones. */
async function rowsIn(vault: MemoryVault, dataDir: string, options: { until?: number; untilDamage?: boolean }) {
  const result = await restored(vault, dataDir, options);
  const store = await openReplicated(dataDir, null);
  const values = await Promise.all(Array.from({ length: 60 }, (_, i) => store.housekeeping.meta.get(`test-${i}`)));
  await store.close();
  rmSync(dataDir, { recursive: true });
  const count = values.filter((value) => value !== null).length;
  expect(values.slice(0, count)).toEqual(Array.from({ length: count }, (_, i) => `value ${i}`));
  return { count, damage: result.damage, at: result.at };
}

const SENTENCE =
  /^The replica s3:\/\/memory is damaged after \d{4}-\S+Z: .+\. Restore what was committed until then with --until-damage, or use a backup\.$/;

describe("a damaged replica", () => {
  test.each([
    ["is missing", (vault: MemoryVault, name: string) => vault.objects.delete(name)],
    ["is damaged", (vault: MemoryVault, name: string) => vault.damage(name)],
    ["is cut off", (vault: MemoryVault, name: string) => vault.cut(name, 100)],
    ["is empty", (vault: MemoryVault, name: string) => vault.cut(name, 0)],
  ])("is restored up to a segment that %s only if that is wanted", async (_, harm) => {
    using dir = temporaryDirectory();
    const vault = await filled(dir.file("data"));
    const segments = vault.named("/segment-");
    expect(segments.length).toBeGreaterThan(40);
    harm(vault, segments[Math.floor(segments.length / 2)]!);
    await expect(restored(vault, dir.file("new"))).rejects.toThrow(SENTENCE);
    expect(existsSync(dir.file("new"))).toBe(false);
    const { count, damage } = await rowsIn(vault, dir.file("new"), { untilDamage: true });
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(60);
    expect(damage).toMatch(/^The replica s3:\/\/memory is damaged after/);
  });

  test("a damaged replica is whole if only its last record is incomplete, because the server was killed", async () => {
    using dir = temporaryDirectory();
    const vault = await filled(dir.file("data"));
    vault.cut(vault.named("/segment-").at(-1)!, 500);
    expect(await rowsIn(vault, dir.file("new"), {})).toMatchObject({ damage: null });
  });

  test("a damaged replica is not whole if its last segment is listed and cannot be read", async () => {
    using dir = temporaryDirectory();
    const vault = await filled(dir.file("data"));
    const last = vault.named("/segment-").at(-1)!;
    const { get } = vault;
    vault.get = async (name) => (name === last ? null : get.call(vault, name));
    await expect(restored(vault, dir.file("new"))).rejects.toThrow(/segment-\S+ is missing/);
    const { damage } = await rowsIn(vault, dir.file("new"), { untilDamage: true });
    expect(damage).toContain("is missing");
  });

  test("a damaged replica cannot be restored if its only copy of the data is damaged", async () => {
    using dir = temporaryDirectory();
    const first = await openReplicated(dir.file("data"), null);
    await set(first, "large", "x".repeat(50_000));
    await first.close();
    const vault = await filled(dir.file("data"));
    vault.damage(vault.named("/base-").find((name) => !name.endsWith(".json"))!);
    await expect(restored(vault, dir.file("new"))).rejects.toThrow(/is damaged: \S+ is damaged\. Use a backup\.$/);
    vault.damage(vault.named("/base-").find((name) => name.endsWith(".json"))!);
    await expect(restored(vault, dir.file("new"))).rejects.toThrow(
      /has no complete copy of the data\. Use a backup\.$/,
    );
  });
});

describe("restore --at", () => {
  test("restore --at restores the data as it was at that time", async () => {
    using dir = temporaryDirectory();
    const vault = new MemoryVault();
    const store = await openReplicated(dir.file("data"), vault, { limits });
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      await set(store, "test", String(i));
      await caughtUp(store);
      times.push(Date.now());
      // The time of a record is in ms.
      await until(
        async () => Date.now(),
        (now) => now > times[i]! + 1,
      );
    }
    for (const [i, at] of times.entries()) {
      const { at: last } = await restored(vault, dir.file("new"), { until: at });
      expect(last).toBeLessThanOrEqual(at);
      const copy = await openReplicated(dir.file("new"), null);
      expect(await copy.housekeeping.meta.get("test")).toBe(String(i));
      await copy.close();
      rmSync(dir.file("new"), { recursive: true });
    }
    await expect(restored(vault, dir.file("new"), { until: 1 })).rejects.toThrow(
      /has no complete copy of the data of 1970-01-01T00:00:00.001Z or earlier/,
    );
    await store.close();
  });
});

describe("data that does not continue a replica", () => {
  const names = ["first", "second", "third"];

  test("data that does not continue a replica begins a new generation if an older copy of the data was put back, and the old one can be restored", async () => {
    using dir = temporaryDirectory();
    const [data, old, vault] = [dir.file("data"), dir.file("old"), new MemoryVault()];
    for (const [i, name] of names.entries()) {
      if (i === 1) cpSync(data, old, { recursive: true, preserveTimestamps: true });
      if (i === 2) {
        rmSync(data, { recursive: true });
        renameSync(old, data);
      }
      const store = await openReplicated(data, vault);
      await set(store, name, "1");
      await caughtUp(store);
      await store.close();
    }
    expect(await valuesIn(vault, dir.file("new"), names)).toEqual(["1", null, "1"]);
    const newer = vault.named("generation-00000002");
    expect(newer.length).toBeGreaterThan(0);
    for (const name of newer) vault.objects.delete(name);
    expect(await valuesIn(vault, dir.file("new"), names)).toEqual(["1", "1", null]);
  });

  test("changes of a server without its replica are in the replica later", async () => {
    using dir = temporaryDirectory();
    const [data, vault] = [dir.file("data"), new MemoryVault()];
    for (const [i, name] of names.entries()) {
      const store = await openReplicated(data, i === 1 ? null : vault);
      await set(store, name, "1");
      await store.close();
    }
    expect(await valuesIn(vault, dir.file("new"), names)).toEqual(["1", "1", "1"]);
  });

  test("data that does not continue a replica begins a new generation if another program has emptied the log", async () => {
    using dir = temporaryDirectory();
    const [data, vault] = [dir.file("data"), new MemoryVault()];
    const first = await openReplicated(data, vault);
    await set(first, "first", "1");
    await first.close();
    const db = new Database(databaseFileOf(data));
    db.run("INSERT INTO meta (name, value) VALUES ('second', '1')");
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    db.close();
    const third = await openReplicated(data, vault);
    await set(third, "third", "1");
    await third.close();
    expect(await valuesIn(vault, dir.file("new"), names)).toEqual(["1", "1", "1"]);
    expect(vault.named("generation-00000002").length).toBeGreaterThan(0);
  });

  test("data that does not continue a replica is refused if it is other data, or if a replica that was used before is empty", async () => {
    using dir = temporaryDirectory();
    const vault = await filled(dir.file("data"));
    const before = new Map(vault.objects);
    await expect(openReplicated(dir.file("other"), vault)).rejects.toThrow(/belongs to other data/);
    expect(vault.objects).toEqual(before);
    vault.objects.clear();
    await expect(openReplicated(dir.file("data"), vault)).rejects.toThrow(
      /is empty, although this server has used it before\. Mount its disk, or delete \S+replica\.json to begin a new replica\.$/,
    );
    rmSync(dir.file("data/replica.json"));
    await (await openReplicated(dir.file("data"), vault)).close();
    expect(vault.named("/base-")).not.toEqual([]);
  });
});

test("a replica keeps the last two copies of the data and the records after them", async () => {
  using dir = temporaryDirectory();
  const vault = new MemoryVault();
  const store = await openReplicated(dir.file("data"), vault, {
    limits: { checkpointFrames: 20, baseBytesMin: 100_000, recordsPerDatabase: 0 },
  });
  const epochs = () => new Set(vault.named("/segment-").map((name) => name.split("-")[3])).size;
  let epochsMax = 0;
  const bases = new Set<string>();
  for (let i = 0; i < 300; i++) {
    await set(store, `test-${i % 10}`, `${i} `.repeat(2000));
    await caughtUp(store);
    for (const name of vault.named(".json")) bases.add(name);
    epochsMax = Math.max(epochsMax, epochs());
  }
  expect(bases.size).toBeGreaterThan(5);
  expect(vault.named(".json").length).toBeLessThanOrEqual(3);
  expect(epochsMax).toBeLessThan(60);
  expect(await valuesIn(vault, dir.file("new"), ["test-9"])).toEqual(["299 ".repeat(2000)]);
  await store.close();
});

test("a later copy of the database pauses nine times as long as each part has taken, the first one not at all", async () => {
  using dir = temporaryDirectory();
  const vault = new MemoryVault();
  const takesMs = 10;
  let steadyMs = 0;
  let parts = 0;
  let pauses = 0;
  /** What was counted when a copy was complete. */
  const complete: { parts: number; pauses: number }[] = [];
  vault.before = async (_, name) => {
    if (/\/base-.*\.json$/.test(name)) complete.push({ parts, pauses });
    if (!BASE_PART.test(name)) return;
    parts++;
    steadyMs += takesMs;
  };
  const clock: Clock = {
    ...systemClock,
    steady: () => steadyMs,
    after(delayMs, task) {
      if (delayMs === 9 * takesMs) pauses++;
      return systemClock.after(delayMs, task);
    },
  };
  const limits = { baseBytesMin: 100_000, recordsPerDatabase: 0, chunkBytes: 1024 };
  const store = await openReplicated(dir.file("data"), vault, { clock, limits });
  await caughtUp(store);
  for (let i = 0; i < 20; i++) await set(store, `test-${i}`, "x".repeat(10_000));
  await until(
    async () => complete.length,
    (count) => count >= 2,
  );
  const [first, later] = complete as [(typeof complete)[0], (typeof complete)[0]];
  expect(first.parts).toBeGreaterThan(3);
  expect(first.pauses).toBe(0);
  expect(later.parts - first.parts).toBeGreaterThan(3);
  expect(later.pauses).toBe(later.parts - first.parts);
  await store.close();
});
