import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import type { Fact } from "../../../../src/core/fact.ts";
import { CheckpointThread, type CheckpointWorker } from "../../../../src/store/sqlite/commit/checkpoint-thread.ts";
import { databaseFileOf } from "../../../../src/store/sqlite/data-dir/data-dir.ts";
import { CHECKPOINT_PAGES } from "../../../../src/store/sqlite/data-dir/database.ts";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { soon } from "../../../support/soon.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { optionsFor } from "../open.ts";

const PAGE_BYTES = 4096;
const REAL = new URL("../../../../src/checkpoint-worker.ts", import.meta.url).href;

/** A worker that copies the log only when the test calls `copy`. */
class FakeWorker implements CheckpointWorker {
  onmessage: CheckpointWorker["onmessage"] = null;
  onerror: CheckpointWorker["onerror"] = null;
  asked = 0;
  isTerminated = false;

  constructor(private readonly db: Database) {}

  postMessage(): void {
    this.asked++;
  }

  terminate(): void {
    this.isTerminated = true;
  }

  /** Copies what was committed before `meanwhile`, which commits more. */
  async copy(meanwhile: () => void = () => {}): Promise<void> {
    const reader = openReader(this.db.filename);
    meanwhile();
    this.db.query("PRAGMA wal_checkpoint(PASSIVE)").get();
    reader.close();
    await this.end(true);
  }

  async end(isCopied: boolean): Promise<void> {
    this.onmessage?.({ data: { isCopied } } as MessageEvent);
    await Bun.sleep(0);
  }

  async crash(): Promise<void> {
    this.onerror?.({ message: "out of memory" } as ErrorEvent);
    await Bun.sleep(0);
  }
}

/** Opens a connection that needs the log as it is now until it is closed. */
function openReader(path: string): Database {
  const reader = new Database(path);
  reader.run("BEGIN");
  reader.query("SELECT COUNT(*) FROM filling").get();
  return reader;
}

function openWorld(start?: () => CheckpointWorker) {
  const home = temporaryDirectory();
  const db = new Database(databaseFileOf(home.path), { create: true });
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = OFF");
  db.run("CREATE TABLE filling (value BLOB)");
  const workers: FakeWorker[] = [];
  const facts: Fact[] = [];
  const open = start ?? (() => workers[workers.push(new FakeWorker(db)) - 1]!);
  const thread = new CheckpointThread(db, home.path, (fact) => facts.push(fact), open);
  return {
    db,
    thread,
    workers,
    facts,
    /** Commits about this many pages. */
    commit(pages: number) {
      db.run("INSERT INTO filling VALUES (zeroblob(?))", [pages * PAGE_BYTES]);
      thread.afterCommit();
    },
    pagesInLog: () => (db.query("PRAGMA wal_checkpoint(NOOP)").get() as { log: number }).log,
    async [Symbol.asyncDispose]() {
      await thread.close();
      db.close();
      home[Symbol.dispose]();
    },
  };
}

describe("checkpoints on a thread", () => {
  test("no thread starts until the log is long enough, and then it copies the log once", async () => {
    await using world = openWorld();
    world.commit(CHECKPOINT_PAGES / 2);
    expect(world.workers).toHaveLength(0);
    world.commit(CHECKPOINT_PAGES / 2);
    world.commit(1);
    expect(world.workers.map(({ asked }) => asked)).toEqual([1]);
    await world.workers[0]!.copy();
    world.commit(1);
    expect(world.pagesInLog()).toBeLessThan(100);
    expect(world.workers.map(({ asked }) => asked)).toEqual([1]);
  });

  test("the thread copies again what was committed meanwhile, and the rest is copied before the next commit", async () => {
    await using world = openWorld();
    world.commit(CHECKPOINT_PAGES);
    const [worker] = world.workers;
    await worker!.copy(() => world.commit(2000));
    expect(worker!.asked).toBe(2);
    await worker!.copy(() => world.commit(300));
    expect(worker!.asked).toBe(2);
    expect(world.pagesInLog()).toBeGreaterThan(CHECKPOINT_PAGES);
    world.commit(1);
    expect(world.pagesInLog()).toBeLessThan(100);
  });

  test("a thread that cannot catch up with the commits ends after a few tries", async () => {
    await using world = openWorld();
    world.commit(CHECKPOINT_PAGES);
    const [worker] = world.workers;
    for (let i = 0; i < 4; i++) await worker!.copy(() => world.commit(2000));
    expect(worker!.asked).toBe(4);
    world.commit(1);
    expect(worker!.asked).toBe(4);
  });

  test("while a reader needs the log, the next checkpoint begins after the log has grown as much again", async () => {
    await using world = openWorld();
    const reader = openReader(world.db.filename);
    world.commit(CHECKPOINT_PAGES);
    const [worker] = world.workers;
    for (let i = 0; i < 4; i++) await worker!.copy();
    expect(worker!.asked).toBe(4);
    world.commit(CHECKPOINT_PAGES / 2);
    expect(worker!.asked).toBe(4);
    world.commit(CHECKPOINT_PAGES / 2);
    expect(worker!.asked).toBe(5);
    reader.close();
    await worker!.copy();
    world.commit(1);
    expect(world.pagesInLog()).toBeLessThan(100);
  });

  test("if the thread cannot copy the log, it is asked again after the log has grown as much again", async () => {
    await using world = openWorld();
    world.commit(CHECKPOINT_PAGES);
    const [worker] = world.workers;
    await worker!.end(false);
    world.commit(1);
    expect(worker!.asked).toBe(1);
    world.commit(CHECKPOINT_PAGES);
    expect(worker!.asked).toBe(2);
    await worker!.copy();
  });

  test("a thread that breaks is reported, and the next checkpoint gets a new one", async () => {
    await using world = openWorld();
    world.commit(CHECKPOINT_PAGES);
    await world.workers[0]!.crash();
    expect(world.facts).toMatchObject([
      { type: "defect.found", where: "checkpoint thread", error: { message: "out of memory" } },
    ]);
    expect(world.workers[0]!.isTerminated).toBe(true);
    world.commit(CHECKPOINT_PAGES);
    expect(world.workers).toHaveLength(2);
    await world.workers[1]!.copy();
  });

  test("if the thread never ends a checkpoint, commits copy the log when it is four times as long", async () => {
    await using world = openWorld();
    for (let i = 0; i < 5; i++) world.commit(CHECKPOINT_PAGES);
    expect(world.workers.map(({ asked }) => asked)).toEqual([1]);
    expect(world.pagesInLog()).toBeLessThan(2 * CHECKPOINT_PAGES);
    await world.workers[0]!.end(false);
  });

  test("closing waits until the thread has ended its checkpoint", async () => {
    await using world = openWorld();
    world.commit(CHECKPOINT_PAGES);
    const [worker] = world.workers;
    let isClosed = false;
    const closing = world.thread.close().then(() => {
      isClosed = true;
    });
    await Bun.sleep(0);
    expect(isClosed).toBe(false);
    expect(worker!.isTerminated).toBe(false);
    await worker!.copy();
    await closing;
    expect(worker!.isTerminated).toBe(true);
  });

  test("a real thread copies the log while this connection commits", async () => {
    await using world = openWorld(() => new Worker(REAL));
    world.commit(CHECKPOINT_PAGES);
    const shortened = () => {
      world.commit(1);
      return world.pagesInLog();
    };
    await soon(shortened, (pages) => pages < 100);
    expect(world.db.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    expect(world.facts).toEqual([]);
  });
});

test("a store with a thread for checkpoints keeps what was written while the log was copied", async () => {
  using home = temporaryDirectory();
  const options = optionsFor(home.path, { openCheckpointWorker: () => new Worker(REAL) });
  const value = "a".repeat(1024 * 1024);
  const store = await openStore(options);
  for (let i = 0; i < 80; i++) await store.housekeeping.meta.set(`value-${i % 4}`, `${i}${value}`);
  await store.close();
  const again = await openStore(options);
  for (let i = 76; i < 80; i++) expect(await again.housekeeping.meta.get(`value-${i % 4}`)).toBe(`${i}${value}`);
  const { walBytes } = await again.housekeeping.size();
  expect(walBytes).toBeLessThan(70 * 1024 * 1024);
  await again.close();
});
