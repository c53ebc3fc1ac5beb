import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function metaSuite(open: Open): void {
  describe("named values", () => {
    test("the store keeps small named values across a restart and can overwrite them", async () => {
      await using world = await Furnished.open(open);
      const { meta } = world.store.housekeeping;
      expect(await meta.get("name")).toBeNull();
      await meta.set("name", "one");
      await meta.set("name", "two");
      await world.reopen();
      expect(await world.store.housekeeping.meta.get("name")).toBe("two");
    });

    test("the store deletes a named value that is set to null", async () => {
      await using world = await Furnished.open(open);
      const { meta } = world.store.housekeeping;
      await meta.set("name", "one");
      await meta.set("name", null);
      await meta.set("never set", null);
      await world.reopen();
      expect(await world.store.housekeeping.meta.get("name")).toBeNull();
    });
  });
}
