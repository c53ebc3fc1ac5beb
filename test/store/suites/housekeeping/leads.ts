import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function leadsSuite(open: Open): void {
  describe("the leader", () => {
    test("the only process that uses a store leads, also after a restart", async () => {
      await using world = await Furnished.open(open);
      expect(await world.store.housekeeping.leads()).toBe(true);
      expect(await world.store.housekeeping.leads()).toBe(true);
      await world.reopen();
      expect(await world.store.housekeeping.leads()).toBe(true);
    });
  });
}
