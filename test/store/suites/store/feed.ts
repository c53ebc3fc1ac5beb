import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import type { Signal } from "../../../../src/core/signal.ts";
import type { Store } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";
import { newToken } from "../configuration/tokens.ts";

function listen({ feed }: Store): Signal[] {
  const signals: Signal[] = [];
  feed.subscribe((signal) => signals.push(signal));
  return signals;
}

/**
 * Polls until a signal of this type arrives. Throws an error with all received signals after 5 s.
 */
async function until(store: Store, signals: readonly Signal[], type: Signal["type"]): Promise<Signal> {
  for (const deadline = performance.now() + 5000; performance.now() < deadline; await Bun.sleep(10)) {
    store.feed.poll();
    const found = signals.find((signal) => signal.type === type || signal.type === "store.changed");
    if (found !== undefined) return found;
  }
  throw new Error(`No signal ${type} came, only ${JSON.stringify(signals)}.`);
}

/** Makes a change as a command does: it publishes the signal after the commit. */
async function change({ feed }: Store, make: () => Promise<unknown>, signal: Signal): Promise<void> {
  await make();
  feed.publish(signal);
}

export function feedSuite(open: Open): void {
  describe("the feed", () => {
    test("the feed of a store does not report the store's own changes", async () => {
      await using world = await Furnished.open(open);
      const signals = listen(world.store);
      const { configuration, housekeeping } = world.store;
      await world.send();
      await world.addEndpoint();
      await configuration.environments.rename(world.environment.seq, "renamed", world.now);
      world.store.feed.publish({ type: "environment.changed", environmentSeq: world.environment.seq });
      await housekeeping.meta.set("name", "value");
      world.store.feed.poll();
      expect(signals).toEqual([]);
      expect(world.store.feed.isShared()).toBe(false);
    });

    test("the feed reports when another process creates or revokes a token, and the token can then be read", async () => {
      await using world = await Furnished.open(open);
      const beside = await world.openBeside();
      const signals = listen(world.store);
      const token = newToken(world);
      const hash = new Uint8Array(32);
      const steps = [
        () => beside.configuration.tokens.create(token, hash),
        () => beside.configuration.tokens.revoke(token.seq, world.now),
      ];
      for (const step of steps) {
        signals.length = 0;
        await change(beside, step, { type: "tokens.changed", environmentSeq: world.environment.seq });
        const signal = await until(world.store, signals, "tokens.changed");
        expect([null, world.environment.seq, undefined]).toContain(
          "environmentSeq" in signal ? signal.environmentSeq : undefined,
        );
      }
      expect(await world.store.configuration.tokens.withHash(hash)).toMatchObject({ revokedAt: world.now });
      await beside.close();
    });

    test("the feed reports that another process has renamed an environment", async () => {
      await using world = await Furnished.open(open);
      const beside = await world.openBeside();
      const signals = listen(world.store);
      await change(
        beside,
        () => beside.configuration.environments.rename(world.environment.seq, "renamed", world.now),
        {
          type: "environment.changed",
          environmentSeq: world.environment.seq,
        },
      );
      await until(world.store, signals, "environment.changed");
      await beside.close();
    });

    test("a process that catches up knows every change that another one has announced", async () => {
      await using world = await Furnished.open(open);
      const beside = await world.openBeside();
      const signals = listen(world.store);
      const signal: Signal = { type: "tokens.changed", environmentSeq: world.environment.seq };
      for (let i = 0; i < 5; i++) {
        signals.length = 0;
        await change(beside, () => beside.configuration.tokens.create(newToken(world), randomBytes(32)), signal);
        await beside.feed.announced();
        world.store.feed.poll();
        await world.store.feed.catchUp();
        expect(signals).toContainEqual(expect.objectContaining({ type: "tokens.changed" }));
        expect(world.store.feed.catchUp()).toBeNull();
      }
      expect(world.store.feed.announced()).toBeNull();
      await beside.close();
    });

    test("the feed reports each change only once", async () => {
      await using world = await Furnished.open(open);
      const beside = await world.openBeside();
      const signals = listen(world.store);
      await change(
        beside,
        () => beside.configuration.environments.rename(world.environment.seq, "renamed", world.now),
        {
          type: "environment.changed",
          environmentSeq: world.environment.seq,
        },
      );
      await until(world.store, signals, "environment.changed");
      signals.length = 0;
      world.store.feed.poll();
      expect(signals).toEqual([]);
      await beside.close();
    });
  });
}
