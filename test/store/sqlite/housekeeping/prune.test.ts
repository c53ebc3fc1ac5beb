import { describe, expect, test } from "bun:test";
import { DAY_MS, Furnished } from "../../furnished.ts";
import { openDataDir } from "../open.ts";

describe("pruning of many messages", () => {
  for (const { kind, options, isLeft } of [
    { kind: "old messages", options: {}, isLeft: (message: object | null) => message !== null },
    {
      kind: "expired payloads",
      options: { payloadExpiresAt: 1 },
      isLeft: (message: { payload?: unknown } | null) => message!.payload !== null,
    },
  ]) {
    test(`a write that begins during the pruning of ${kind} does not wait for its end`, async () => {
      await using world = await Furnished.open(openDataDir);
      const messages = await Promise.all(Array.from({ length: 250 }, () => world.send(options, [])));
      world.now += DAY_MS;
      const { housekeeping, history } = world.store;
      const left = async () =>
        (await Promise.all(messages.map(({ seq }) => history.messages.get(seq)))).filter(isLeft).length;

      const before = kind === "old messages" ? world.now : 0;
      const pruned = housekeeping.prune(before, world.now, 500);
      await housekeeping.meta.set("name", "value");
      expect(await left()).toBeGreaterThan(0);
      expect((await pruned).more).toBe(false);
      expect(await left()).toBe(0);
    });
  }
});
