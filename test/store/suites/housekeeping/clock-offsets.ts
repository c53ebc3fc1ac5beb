import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function clockOffsetsSuite(open: Open): void {
  describe("the offsets of the clock", () => {
    test("the offsets of the clock are zero at first and are kept across a restart", async () => {
      await using world = await Furnished.open(open);
      expect(await world.store.housekeeping.clockOffsets.get()).toEqual({ aheadMs: 0, positionsAheadMs: 0 });
      const offsets = { aheadMs: -5000, positionsAheadMs: 70 };
      await world.store.housekeeping.clockOffsets.set(offsets);
      await world.reopen();
      expect(await world.store.housekeeping.clockOffsets.get()).toEqual(offsets);
    });

    test("setting the clock does not change how long an endpoint has been failing", async () => {
      await using world = await Furnished.open(open);
      const { endpoints } = world.store.configuration;
      const failing = await world.addEndpoint({ failingSince: world.now });
      const healthy = await world.addEndpoint();
      const since = async () => [
        (await endpoints.get(failing.seq))!.failingSince,
        (await endpoints.get(healthy.seq))!.failingSince,
      ];
      for (const aheadMs of [-5000, 3000, 3000]) {
        await world.store.housekeeping.clockOffsets.set({ aheadMs, positionsAheadMs: 3000 });
        expect(await since()).toEqual([world.now + aheadMs, null]);
      }
    });
  });
}
