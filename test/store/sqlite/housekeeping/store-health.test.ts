import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import type { Fact, FactOf } from "../../../../src/core/fact.ts";
import type { Clock } from "../../../../src/ports.ts";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { openMemoryStore, openStore } from "../../../../src/store/sqlite/index.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { Furnished } from "../../furnished.ts";
import { openedOnce } from "../../store-under-test.ts";
import { sqliteError } from "../memory-world.ts";
import { optionsFor } from "../open.ts";

const PAYLOAD_BYTES = 3000;
const FILLER = 0x77;
const PAGE_BYTES = 4096;

/** A store in memory, with a clock whose timers run when a test requests it. */
function sickStore() {
  const timers = new Map<() => void, number>();
  const self = { now: 1_000_000, trouble: null as Error | null };
  const clock: Clock = {
    now: () => self.now,
    steady: () => self.now,
    soon: (task) => void setImmediate(task),
    after: (delayMs, task) => {
      timers.set(task, self.now + delayMs);
      return () => void timers.delete(task);
    },
  };
  const facts: Fact[] = [];
  const db = new Database(":memory:", { strict: true });
  const { store } = openMemoryStore(
    db,
    clock,
    (fact) => facts.push(fact),
    () => {
      if (self.trouble !== null) throw self.trouble;
    },
  );
  return Object.assign(self, {
    store,
    timers,
    stated: () => facts.map(({ type }) => type).filter((type) => type.startsWith("store.")),
    write: () => store.housekeeping.meta.set("name", "value"),
    /** Lets time pass and waits for the writes that the timers begin. */
    async pass(ms: number) {
      self.now += ms;
      const due = [...timers].filter(([, at]) => at <= self.now).map(([task]) => task);
      for (const task of due) {
        timers.delete(task);
        task();
      }
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      db.close();
    },
  });
}

describe("health of the store", () => {
  test("the store counts as failing from its first failed commit until a probe can be committed", async () => {
    await using sick = sickStore();
    const { store, pass } = sick;
    expect(await store.housekeeping.health()).toEqual({ failing: false, damaged: false });
    expect(sick.timers.size).toBe(0);

    sick.trouble = sqliteError("SQLITE_FULL");
    await expect(sick.write()).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await store.housekeeping.health()).toEqual({ failing: true, damaged: false });
    await pass(2000);
    expect(await store.housekeeping.health()).toEqual({ failing: true, damaged: false });

    sick.trouble = null;
    await pass(1999);
    expect(await store.housekeeping.health()).toEqual({ failing: true, damaged: false });
    await pass(1);
    expect(await store.housekeeping.health()).toEqual({ failing: false, damaged: false });
    expect(sick.timers.size).toBe(0);
    expect(sick.stated()).toEqual(["store.failing", "store.recovered"]);
  });

  test("a successful commit ends a failure immediately", async () => {
    await using sick = sickStore();
    sick.trouble = sqliteError("SQLITE_IOERR_FSYNC");
    await expect(sick.write()).rejects.toBeInstanceOf(StoreUnavailable);
    sick.trouble = null;
    await sick.write();
    expect(await sick.store.housekeeping.health()).toEqual({ failing: false, damaged: false });
    expect(sick.timers.size).toBe(0);
  });

  test("a write that is refused because of its content does not count as a failure of the store", async () => {
    await using sick = sickStore();
    sick.trouble = new Error("planted");
    await sick.write().catch(() => {});
    sick.trouble = null;
    await sick.write();
    await using world = await Furnished.open(async () => openedOnce(sick.store));
    expect(await world.store.configuration.endpoints.create(world.endpoint, "whsec_x").catch(() => false)).toBe(false);
    expect(await sick.store.housekeeping.health()).toEqual({ failing: false, damaged: false });
  });

  test("a store that keeps failing with the same error reports it at most once a minute", async () => {
    await using sick = sickStore();
    const failOnce = async () => {
      sick.trouble = sqliteError("SQLITE_FULL");
      await sick.write().catch(() => {});
      sick.trouble = null;
      await sick.write();
    };
    for (let i = 0; i < 5; i++) await failOnce();
    expect(sick.stated()).toEqual(["store.failing", "store.recovered"]);
    sick.now += 60_000;
    await failOnce();
    expect(sick.stated()).toEqual(["store.failing", "store.recovered", "store.failing", "store.recovered"]);
  });

  test("a closed store starts no more probes", async () => {
    const sick = sickStore();
    sick.trouble = sqliteError("SQLITE_FULL");
    await sick.write().catch(() => {});
    sick.trouble = null;
    await sick.store.close();
    expect(sick.timers.size).toBe(0);
  });
});

describe("a damaged database", () => {
  test("reading a damaged page fails with `StoreUnavailable`, and the health report and a fact show the failure", async () => {
    using home = temporaryDirectory();
    const written = await openStore(optionsFor(home.path));
    const messages = await fill(written);
    overwrite(home.file("boathook.db"));

    const facts: Fact[] = [];
    const store = await openStore(optionsFor(home.path, { onFact: (fact) => facts.push(fact) }));
    try {
      await expect(store.queue.contents(messages)).rejects.toBeInstanceOf(StoreUnavailable);
      expect(await store.housekeeping.health()).toEqual({ failing: true, damaged: true });
      const stated = facts.filter((fact): fact is FactOf<"store.failing"> => fact.type === "store.failing");
      expect(stated).toMatchObject([{ what: "read", damaged: true, message: expect.stringContaining("malformed") }]);

      await store.housekeeping.meta.set("name", "value");
      expect(await store.housekeeping.health()).toEqual({ failing: false, damaged: true });
    } finally {
      await store.close();
    }
  });
});

/** Stores messages that fill many pages, closes the store and returns their numbers. */
async function fill(store: Awaited<ReturnType<typeof openStore>>): Promise<number[]> {
  await using world = await Furnished.open(async () => openedOnce(store));
  const messages = await world.sendMany(100, { payload: new Uint8Array(PAYLOAD_BYTES).fill(FILLER) });
  return messages.map(({ seq }) => seq);
}

/** Overwrites the first page of the database that contains a payload. */
function overwrite(path: string): void {
  using db = new Database(path);
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  const file = readFileSync(path);
  const payload = file.indexOf(Buffer.alloc(PAYLOAD_BYTES, FILLER));
  const page = payload - (payload % PAGE_BYTES);
  file.fill(0xab, page, page + PAGE_BYTES);
  writeFileSync(path, file);
}
