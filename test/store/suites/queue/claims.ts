import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";
import { NO_WISHES } from "../../wishes.ts";

export function claimsSuite(open: Open): void {
  describe("claims", () => {
    test("the only process that uses a store can claim every lane, including lanes created later", async () => {
      await using world = await Furnished.open(open);
      const claim = await world.store.queue.claim(NO_WISHES);
      const later = await world.addEndpoint();
      expect([claim.owns(world.endpoint.seq), claim.owns(later.seq)]).toEqual([true, true]);
      expect(claim.validUntil).toBeGreaterThan(Date.now());
    });

    test("renewing a claim does not shorten it, and the only process still owns every lane", async () => {
      await using world = await Furnished.open(open);
      const claim = await world.store.queue.claim(NO_WISHES);
      const renewed = await world.store.queue.renew(claim, NO_WISHES);
      expect(renewed.validUntil).toBeGreaterThanOrEqual(claim.validUntil);
      expect(renewed.owns(world.endpoint.seq)).toBe(true);
    });

    test("released lanes can be claimed again by the same process, even after a restart", async () => {
      await using world = await Furnished.open(open);
      await world.send();
      for (const restart of [() => Promise.resolve(), () => world.reopen()]) {
        await world.store.queue.release(await world.store.queue.claim(NO_WISHES));
        await restart();
        const claim = await world.store.queue.claim(NO_WISHES);
        expect(claim.owns(world.endpoint.seq)).toBe(true);
        expect(await world.store.queue.pendingLanes(claim, 0, 10)).toHaveLength(1);
      }
    });
  });
}
