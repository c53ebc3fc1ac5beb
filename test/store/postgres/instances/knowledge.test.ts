import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../../src/edge/clock.ts";
import type { Instance } from "../../../../src/store/postgres/instances/instance.ts";
import { Knowledge, msUntilKnown } from "../../../../src/store/postgres/instances/knowledge.ts";

/** What a process knows, at a time that the test sets. Its looks are those that the test makes. */
class Process {
  now = 0;
  looksBegun = 0;
  readonly knowledge = new Knowledge({ ...systemClock, steady: () => this.now }, () => this.looksBegun++);

  /** Makes a look that began at a time. Resolves when those who wait for it have acted. */
  async look(beganAt: number, isAlone = false): Promise<void> {
    this.knowledge.looked(beganAt, isAlone);
    await Bun.sleep(0);
  }

  /** Waits for the knowledge that is needed now. */
  catchUp(): { isDone: boolean; readonly whenDone: Promise<void> | null } {
    const whenDone = this.knowledge.catchUp();
    const waiting = { isDone: whenDone === null, whenDone };
    void whenDone?.then(
      () => {
        waiting.isDone = true;
      },
      () => {},
    );
    return waiting;
  }
}

describe("what a process knows of the changes of others", () => {
  test("a process that has looked at the others within 50 ms uses what it has cached", async () => {
    const process = new Process();
    process.now = 50;
    expect(process.knowledge.catchUp()).toBeNull();
    expect(process.looksBegun).toBe(0);
  });

  test("a process that has not looked at the others for longer looks before it uses what it has cached", async () => {
    const process = new Process();
    process.now = 51;
    const waiting = process.catchUp();
    expect(process.looksBegun).toBe(1);
    expect(waiting.isDone).toBe(false);
    await process.look(51);
    expect(waiting.isDone).toBe(true);
  });

  test("a look that has begun too early is not enough", async () => {
    const process = new Process();
    process.now = 200;
    const waiting = process.catchUp();
    process.now = 230;
    await process.look(149);
    expect(waiting.isDone).toBe(false);
    await process.look(150);
    expect(waiting.isDone).toBe(true);
  });

  test("a look may take longer than what a process knows may be old", async () => {
    const process = new Process();
    process.now = 200;
    const waiting = process.catchUp();
    process.now = 900;
    await process.look(201);
    expect(waiting.isDone).toBe(true);
  });

  test("a process that was alone looks less often, until a look finds another process", async () => {
    const process = new Process();
    await process.look(0, true);
    process.now = 250;
    expect(process.knowledge.catchUp()).toBeNull();
    process.now = 251;
    const waiting = process.catchUp();
    expect(waiting.isDone).toBe(false);
    // It began before the latest changes of the process that it found may have been stored.
    await process.look(200);
    expect(waiting.isDone).toBe(false);
    await process.look(252);
    expect(waiting.isDone).toBe(true);
  });

  test("all who wait for a look fail if it fails, and the next one looks again", async () => {
    const process = new Process();
    process.now = 100;
    const waiting = [process.catchUp(), process.catchUp()];
    process.knowledge.couldNotLook(new Error("no connection"));
    for (const { whenDone } of waiting) await expect(whenDone!).rejects.toThrow("no connection");
    const next = process.catchUp();
    await process.look(100);
    expect(next.isDone).toBe(true);
  });

  test("a change of a process that has just come counts as known when a process that was alone has looked", () => {
    const instance = { heldSince: 1000 } as Instance;
    expect(msUntilKnown(instance, 1000)).toBe(252);
    expect(msUntilKnown(instance, 1100)).toBe(152);
    expect(msUntilKnown(instance, 5000)).toBe(52);
  });
});
