import { describe, expect, test } from "bun:test";
import { EVERYTHING, Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function attemptCountsSuite(open: Open): void {
  describe("attempts.count", () => {
    test("attempts of one endpoint are counted by outcome within a range of numbers", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEndpoint();
      await world.send({}, [other.seq]);
      await world.kill("timeout", other.seq);
      await world.sendMany(5);
      const seqs: number[] = [];
      for (const [i, delivery] of (await world.waiting()).entries()) {
        const next = i % 2 === 0 ? ({ state: "delivered" } as const) : ({ state: "dead", reason: "timeout" } as const);
        const settlement = world.settlement(delivery, next);
        await world.store.queue.settle([settlement]);
        seqs.push(settlement.attempt.seq);
      }
      const count = (from: number, to: number) =>
        world.store.history.attempts.count(world.endpoint.seq, { from, to, limit: 100 });
      expect(await count(0, EVERYTHING)).toEqual({ delivered: 3, failed: 2, next: null });
      expect(await count(seqs[1]!, seqs[4]!)).toEqual({ delivered: 1, failed: 2, next: null });
      expect(await count(seqs[4]! + 1, EVERYTHING)).toEqual({ delivered: 0, failed: 0, next: null });
    });

    test("attempts are counted in steps of limited size, each attempt once", async () => {
      await using world = await Furnished.open(open);
      await world.sendMany(7);
      await world.kill();
      const counts: number[] = [];
      for (let from: number | null = 0; from !== null; ) {
        const { delivered, failed, next } = await world.store.history.attempts.count(world.endpoint.seq, {
          from,
          to: EVERYTHING,
          limit: 3,
        });
        counts.push(delivered + failed);
        from = next;
      }
      expect(counts).toEqual([3, 3, 1]);
    });
  });
}
