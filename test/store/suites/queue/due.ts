import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { LaneCursor, PendingDelivery } from "../../../../src/store/index.ts";
import { EVERYTHING, Furnished, LANE_START } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

/**
 * Puts deliveries at the given positions, some of which may be equal. Returns the deliveries in
 * lane order.
 */
async function placed(world: Furnished, positions: readonly number[]): Promise<readonly PendingDelivery[]> {
  await world.store.queue.bury(world.endpoint.seq, "cancelled", world.now, 1000);
  await world.sendMany(positions.length);
  const waiting = await world.waiting();
  await world.store.queue.settle(
    waiting.map((delivery, i) =>
      world.settlement(delivery, { state: "pending", attempts: 1, dueAt: world.now, position: positions[i]! }),
    ),
  );
  return waiting
    .map((delivery, i) => ({ ...delivery, attempts: 1, position: positions[i]! }))
    .toSorted((a, b) => a.position - b.position || a.seq - b.seq);
}

const isBeyond = (after: LaneCursor) => (delivery: PendingDelivery) =>
  delivery.position > after.position || (delivery.position === after.position && delivery.seq > after.seq);

const positions = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 14 });

export function dueSuite(open: Open): void {
  describe("due", () => {
    test("`due` returns pending deliveries in lane order, and those at equal positions in order of acceptance", async () => {
      await using world = await Furnished.open(open);
      const lane = await placed(world, [5, 3, 5, 1, 3]);
      expect(await world.waiting()).toEqual(lane);
    });

    test("`due` returns every delivery once when it is read page by page", async () => {
      await using world = await Furnished.open(open);
      const run = async (places: number[], limit: number): Promise<void> => {
        const lane = await placed(world, places);
        const read: PendingDelivery[] = [];
        for (let after: LaneCursor = LANE_START; ; ) {
          const page = await world.store.queue.due(world.endpoint.seq, after, EVERYTHING, limit);
          read.push(...page);
          if (page.length < limit) break;
          after = page.at(-1)!;
        }
        expect(read).toEqual([...lane]);
      };
      await fc.assert(fc.asyncProperty(positions, fc.integer({ min: 1, max: 5 }), run), { numRuns: 30 });
    });

    test("reads of several lanes at the same time have their own cursors, last positions, limits and results", async () => {
      await using world = await Furnished.open(open);
      const first = await placed(world, [1, 2, 2, 3, 4]);
      const other = await world.addEndpoint();
      await world.send({}, [other.seq]);
      const [second] = await world.waiting(other.seq);
      const { due, nextPosition } = world.store.queue;
      const read = await Promise.all([
        due(world.endpoint.seq, LANE_START, EVERYTHING, 2),
        due(other.seq, LANE_START, EVERYTHING, 2),
        due(world.endpoint.seq, first[1]!, 3, 100),
        due(world.endpoint.seq, first[4]!, EVERYTHING, 100),
      ]);
      expect(read).toEqual([first.slice(0, 2), [second!], first.slice(2, 4), []]);
      const next = [
        nextPosition(other.seq, LANE_START),
        nextPosition(world.endpoint.seq, first[4]!),
        nextPosition(world.endpoint.seq, first[2]!),
      ];
      expect(await Promise.all(next)).toEqual([second!.position, null, 3]);
    });

    test("`due` returns deliveries after the cursor, up to the given last position", async () => {
      await using world = await Furnished.open(open);
      const lane = await placed(world, [1, 2, 2, 2, 3, 4, 4]);
      const cursors = [LANE_START, ...lane, { position: 2, seq: 0 }, { position: 9, seq: 0 }];
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...cursors), fc.integer({ min: 0, max: 5 }), async (after, upTo) => {
          expect(await world.store.queue.due(world.endpoint.seq, after, upTo, 100)).toEqual(
            lane.filter(isBeyond(after)).filter(({ position }) => position <= upTo),
          );
        }),
      );
    });

    test("`due` returns neither deliveries of other lanes nor those that have ended", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEndpoint();
      await world.send({}, [other.seq]);
      const [, , third] = await world.sendMany(3);
      const [one, two] = await world.waiting();
      await world.settle(one!, { state: "delivered" });
      await world.settle(two!, { state: "dead", reason: "timeout" });
      expect((await world.waiting()).map(({ messageSeq }) => messageSeq)).toEqual([third!.seq]);
    });
  });

  describe("nextPosition", () => {
    test("`nextPosition` is the position of the first pending delivery after the cursor", async () => {
      await using world = await Furnished.open(open);
      const lane = await placed(world, [2, 4, 4, 7]);
      const cursors = [LANE_START, ...lane, { position: 4, seq: EVERYTHING }, { position: 7, seq: EVERYTHING }];
      for (const after of cursors) {
        const wanted = lane.find(isBeyond(after))?.position ?? null;
        expect(await world.store.queue.nextPosition(world.endpoint.seq, after)).toBe(wanted);
      }
    });

    test("`nextPosition` is null in a lane without pending deliveries", async () => {
      await using world = await Furnished.open(open);
      expect(await world.store.queue.nextPosition(world.endpoint.seq, LANE_START)).toBeNull();
    });
  });
}
