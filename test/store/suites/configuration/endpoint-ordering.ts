import { describe, expect, test } from "bun:test";
import { timeOfSeq } from "../../../../src/core/id.ts";
import { DAY_MS, Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function endpointOrderingSuite(open: Open): void {
  describe("change of ordering", () => {
    test("switching an endpoint to FIFO puts its pending deliveries in order of acceptance", async () => {
      await using world = await Furnished.open(open);
      const messages = await world.sendMany(3);
      const [first] = await world.waiting();
      const later = { state: "pending", attempts: 1, dueAt: world.now + DAY_MS, position: world.seqs.next() } as const;
      await world.settle(first!, later);
      expect((await world.waiting()).at(-1)!.seq).toBe(first!.seq);
      await world.store.configuration.endpoints.update(world.endpoint.seq, () => ({ ordering: "fifo" }));
      expect((await world.waiting()).map(({ messageSeq }) => messageSeq)).toEqual(messages.map(({ seq }) => seq));
      expect((await world.waiting())[0]!.dueAt).toBe(world.now + DAY_MS);
    });

    test("switching an endpoint to parallel moves its retries to the positions of their due times", async () => {
      await using world = await Furnished.open(open);
      const endpoint = await world.addEndpoint({ ordering: "fifo" });
      for (let i = 0; i < 2; i++) await world.send({}, [endpoint.seq]);
      const [head, next] = await world.waiting(endpoint.seq);
      await world.settle(head!, { state: "pending", attempts: 1, dueAt: world.now + 5000, position: head!.position });
      await world.store.configuration.endpoints.update(endpoint.seq, () => ({ ordering: "parallel" }));
      const [first, second] = await world.waiting(endpoint.seq);
      expect([first!.seq, second!.seq]).toEqual([next!.seq, head!.seq]);
      expect(first!.position).toBe(next!.position);
      expect(timeOfSeq(second!.position)).toBe(world.now + 5000);
    });
  });
}
