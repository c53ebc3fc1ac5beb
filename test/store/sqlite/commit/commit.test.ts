import { describe, expect, test } from "bun:test";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { memoryWorld, sqliteError } from "../memory-world.ts";

describe("group commit", () => {
  test("all writes from one turn of the event loop share one commit", async () => {
    await using memory = await memoryWorld();
    const { world, commits } = memory;
    await Promise.all([
      ...Array.from({ length: 50 }, () => world.store.queue.accept([world.newMessage()])),
      world.store.housekeeping.meta.set("name", "value"),
      world.store.configuration.applications.create(world.newApplication()),
    ]);
    expect(commits).toMatchObject([{ type: "commit.finished", writes: 52 }]);
  });

  test("writes from different turns of the event loop have separate commits", async () => {
    await using memory = await memoryWorld();
    await memory.world.store.housekeeping.meta.set("one", "1");
    await memory.world.store.housekeeping.meta.set("two", "2");
    expect(memory.commits.map(({ writes }) => writes)).toEqual([1, 1]);
  });

  test("a write resolves only after its commit", async () => {
    await using memory = await memoryWorld();
    let answered = false;
    const write = memory.world.store.housekeeping.meta.set("name", "value").then(() => {
      answered = true;
    });
    await Promise.resolve();
    expect({ answered, commits: memory.commits.length }).toEqual({ answered: false, commits: 0 });
    await write;
    expect({ answered, commits: memory.commits.length }).toEqual({ answered: true, commits: 1 });
  });

  test("writes from one turn share one commit even if one of them fails", async () => {
    await using memory = await memoryWorld();
    const { world, commits } = memory;
    await world.addApplication({ uid: "taken" });
    commits.length = 0;
    const results = await Promise.all([
      world.store.configuration.applications.create(world.newApplication({ uid: "free" })),
      world.store.configuration.applications.create(world.newApplication({ uid: "taken" })),
      world.store.configuration.applications.create(world.newApplication({ uid: "free too" })),
    ]);
    expect(results).toEqual([true, false, true]);
    expect(commits).toMatchObject([{ type: "commit.finished", writes: 3 }]);
  });

  test.each(["SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_BUSY"])(
    "if the disk reports %s, all writes of the turn are rejected and none is stored",
    async (code) => {
      await using memory = await memoryWorld();
      const { world, commits } = memory;
      const messages = [world.newMessage({}, [world.endpoint.seq]), world.newMessage({}, [world.endpoint.seq])];
      memory.trouble = sqliteError(code);
      const results = await Promise.allSettled(messages.map((message) => world.store.queue.accept([message])));
      for (const result of results) expect(result).toMatchObject({ reason: expect.any(StoreUnavailable) });
      expect(commits).toMatchObject([{ type: "commit.failed", writes: 2, full: code === "SQLITE_FULL" }]);
      expect(await world.store.history.messages.get(messages[0]!.seq)).toBeNull();
      expect(await world.waiting()).toEqual([]);

      memory.trouble = null;
      await world.store.queue.accept(messages);
      expect(await world.waiting()).toHaveLength(2);
    },
  );

  test("a write to a full disk fails with a message that the disk is full", async () => {
    await using memory = await memoryWorld();
    memory.trouble = sqliteError("SQLITE_FULL");
    await expect(memory.world.store.housekeeping.meta.set("name", "value")).rejects.toThrow(/disk is full/i);
  });

  test("a write that violates a constraint does not fail with `StoreUnavailable`", async () => {
    await using memory = await memoryWorld();
    const { world } = memory;
    const taken = await world.send();
    const failure = await world.store.queue.accept([{ ...world.newMessage(), seq: taken.seq }]).catch((error) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(StoreUnavailable);
  });

  test("no transaction stays open when both a write and the commit fail", async () => {
    await using memory = await memoryWorld();
    const { world, db } = memory;
    const taken = await world.send();
    memory.trouble = sqliteError("SQLITE_FULL");
    await Promise.allSettled([
      world.store.queue.accept([{ ...world.newMessage(), seq: taken.seq }]),
      world.store.housekeeping.meta.set("name", "value"),
    ]);
    expect(db.inTransaction).toBe(false);
    memory.trouble = null;
    await world.store.housekeeping.meta.set("name", "value");
    expect(await world.store.housekeeping.meta.get("name")).toBe("value");
  });

  test("queued writes are neither stored nor resolved if the process dies before their commit", async () => {
    await using memory = await memoryWorld();
    let answered = false;
    void memory.world.store.housekeeping.meta.set("name", "value").finally(() => {
      answered = true;
    });
    memory.crash();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    expect(await memory.world.store.housekeeping.meta.get("name")).toBeNull();
  });
});
