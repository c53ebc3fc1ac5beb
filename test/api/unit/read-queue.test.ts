import { describe, expect, test } from "bun:test";
import type { Caller } from "../../../src/api/http/byte-budget.ts";
import { ReadQueue } from "../../../src/api/http/read-queue.ts";

const application = (key: string): Caller => ({ kind: "application", key });
const overloaded = expect.objectContaining({ status: 503, code: "overloaded", retry: 1 });

/** A queue in which every read is expensive. The test ends each read and each turn. */
class World {
  readonly started: string[] = [];
  readonly #ends: (() => void)[] = [];
  readonly #turns: (() => void)[] = [];
  #nowMs = 0;
  readonly queue = new ReadQueue({
    soon: (task) => {
      this.#turns.push(task);
    },
    steady: () => {
      this.#nowMs += 10;
      return this.#nowMs;
    },
  });

  read(caller: string, mustRun = false): Promise<void> {
    const read = () => {
      this.started.push(caller);
      return new Promise<void>((resolve) => {
        this.#ends.push(resolve);
      });
    };
    return this.queue.run(application(caller), read, mustRun);
  }

  async endOne(): Promise<void> {
    this.#ends.shift()!();
    await Bun.sleep(0);
  }

  async endTurn(): Promise<void> {
    for (const task of this.#turns.splice(0)) task();
    await Bun.sleep(0);
  }
}

describe("the queue of expensive reads", () => {
  test("two reads run at a time, and the next one starts in a later turn of the event loop", async () => {
    const world = new World();
    for (const caller of ["a", "b", "c"]) void world.read(caller);
    await Bun.sleep(0);
    expect(world.started).toEqual(["a", "b"]);
    await world.endOne();
    expect(world.started).toEqual(["a", "b"]);
    await world.endTurn();
    expect(world.started).toEqual(["a", "b", "c"]);
  });

  test("the callers take turns, whatever the number of their reads", async () => {
    const world = new World();
    for (const caller of ["a", "a", "a", "a", "a", "b"]) void world.read(caller);
    for (let i = 0; i < 4; i++) {
      await world.endOne();
      await world.endTurn();
    }
    expect(world.started).toEqual(["a", "a", "a", "b", "a", "a"]);
  });

  test("a caller with 20 waiting reads gets 503 with Retry-After, and other callers may still wait", async () => {
    const world = new World();
    for (let i = 0; i < 22; i++) void world.read("a");
    await expect(world.read("a")).rejects.toThrow(overloaded);
    expect(world.started).toEqual(["a", "a"]);
    void world.read("b");
    void world.read("a", true);
    for (let i = 0; i < 22; i++) {
      await world.endOne();
      await world.endTurn();
    }
    expect(world.started).toHaveLength(24);
  });

  test("a read that fails frees its place", async () => {
    const world = new World();
    for (let i = 0; i < 3; i++) {
      const failing = world.queue.run(application("a"), () => Promise.reject(new Error("failed")));
      await expect(failing).rejects.toThrow("failed");
      await world.endTurn();
    }
    void world.read("b");
    await Bun.sleep(0);
    expect(world.started).toEqual(["b"]);
  });
});
