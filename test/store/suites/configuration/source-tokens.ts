import { describe, expect, test } from "bun:test";
import { rotationWindowMs } from "../../../../src/core/resources/source.ts";
import { doorToken, Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

const GRACE_MS = 1000;

export function sourceTokensSuite(open: Open): void {
  describe("tokens of the door", () => {
    const rotate = (
      { store, now }: Furnished,
      seq: number,
      text: string,
      { graceMs = GRACE_MS, rotationsMax = 3 }: { graceMs?: number; rotationsMax?: number | null } = {},
    ) =>
      store.configuration.sources.rotateToken(seq, doorToken(text), {
        now,
        oldExpiresAt: now + graceMs,
        limit: rotationsMax === null ? null : { rotationsMax, since: now - rotationWindowMs },
      });

    test("a source is found by its token after a restart, and the token can be shown", async () => {
      await using world = await Furnished.open(open);
      const token = doorToken("the token");
      const source = await world.addSource({}, token);
      await world.reopen();
      const { sources } = world.store.configuration;
      expect(await sources.withToken(token.sha256, world.now)).toEqual({ source, expiresAt: null });
      expect(await sources.tokens(source.seq, world.now)).toEqual([{ text: "the token", expiresAt: null }]);
      expect(await sources.withToken(doorToken("another").sha256, world.now)).toBeNull();
    });

    test("after a rotation both tokens are valid, the older one until it expires", async () => {
      await using world = await Furnished.open(open);
      const source = await world.addSource({}, doorToken("old"));
      expect(await rotate(world, source.seq, "new")).toBe("rotated");
      await world.reopen();
      const { sources } = world.store.configuration;
      const expiresAt = world.now + GRACE_MS;
      const old = { text: "old", expiresAt };
      const current = { text: "new", expiresAt: null };
      expect(await sources.tokens(source.seq, expiresAt - 1)).toEqual([current, old]);
      expect(await sources.withToken(doorToken("old").sha256, expiresAt - 1)).toEqual({ source, expiresAt });
      expect(await sources.tokens(source.seq, expiresAt)).toEqual([current]);
      expect(await sources.withToken(doorToken("old").sha256, expiresAt)).toBeNull();
      expect(await sources.withToken(doorToken("new").sha256, expiresAt)).toEqual({ source, expiresAt: null });
    });

    test("a rotation never extends the validity of an older token, and may shorten it", async () => {
      await using world = await Furnished.open(open);
      const source = await world.addSource({}, doorToken("first"));
      const begin = world.now;
      await rotate(world, source.seq, "second");
      world.now += 10;
      await rotate(world, source.seq, "third", { graceMs: 5000 });
      const { sources } = world.store.configuration;
      expect(await sources.tokens(source.seq, world.now)).toEqual([
        { text: "third", expiresAt: null },
        { text: "second", expiresAt: begin + 10 + 5000 },
        { text: "first", expiresAt: begin + GRACE_MS },
      ]);
      await rotate(world, source.seq, "fourth", { graceMs: 0 });
      expect(await sources.tokens(source.seq, world.now)).toEqual([{ text: "fourth", expiresAt: null }]);
    });

    test("rotations beyond the limit change nothing until the period is over, also after a restart", async () => {
      await using world = await Furnished.open(open);
      const source = await world.addSource({}, doorToken("0"));
      const begin = world.now;
      const results = await Promise.all(["1", "2", "3", "4"].map((text) => rotate(world, source.seq, text)));
      expect(results).toEqual(["rotated", "rotated", "rotated", "limited"]);
      world.now = begin + rotationWindowMs - 1;
      // The ended tokens still count.
      await world.store.housekeeping.prune(0, world.now, 100);
      await world.reopen();
      expect(await rotate(world, source.seq, "5")).toBe("limited");
      expect(await world.store.configuration.sources.tokens(source.seq, world.now)).toEqual([
        { text: "3", expiresAt: null },
      ]);
      expect(await rotate(world, source.seq, "6", { rotationsMax: null })).toBe("rotated");
      world.now = begin + rotationWindowMs;
      expect(await rotate(world, source.seq, "7")).toBe("rotated");
    });

    test("the limit applies to each source alone", async () => {
      await using world = await Furnished.open(open);
      const [one, two] = [await world.addSource(), await world.addSource()];
      expect(await rotate(world, one.seq, "1", { rotationsMax: 1 })).toBe("rotated");
      expect(await rotate(world, one.seq, "2", { rotationsMax: 1 })).toBe("limited");
      expect(await rotate(world, two.seq, "3", { rotationsMax: 1 })).toBe("rotated");
    });

    test("the token of a source that does not exist cannot be rotated", async () => {
      await using world = await Furnished.open(open);
      const source = await world.addSource();
      await world.store.configuration.sources.delete(source.seq, world.now);
      expect(await rotate(world, source.seq, "1")).toBe("gone");
      expect(await rotate(world, 17, "1")).toBe("gone");
      expect(await world.store.configuration.sources.withToken(doorToken("1").sha256, world.now)).toBeNull();
    });
  });
}
