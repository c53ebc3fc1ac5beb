import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";
import { NO_WISHES } from "../../wishes.ts";

export function pendingLanesSuite(open: Open): void {
  describe("pendingLanes", () => {
    test("`pendingLanes` returns each lane with pending deliveries once, with its first position", async () => {
      await using world = await Furnished.open(open);
      const [second, empty, fourth] = [await world.addEndpoint(), await world.addEndpoint(), await world.addEndpoint()];
      const first = await world.send({}, [world.endpoint.seq, second.seq]);
      await world.send({}, [world.endpoint.seq]);
      const last = await world.send({}, [fourth.seq]);
      await world.reopen();
      const lanes = await world.store.queue.pendingLanes(await world.store.queue.claim(NO_WISHES), 0, 100);
      expect(lanes).toEqual([
        { endpointSeq: world.endpoint.seq, position: first.deliveries[0]!.seq },
        { endpointSeq: second.seq, position: first.deliveries[1]!.seq },
        { endpointSeq: fourth.seq, position: last.deliveries[0]!.seq },
      ]);
      expect(lanes.map(({ endpointSeq }) => endpointSeq)).not.toContain(empty.seq);
    });

    test("`pendingLanes` continues after the given endpoint and returns at most the given number of lanes", async () => {
      await using world = await Furnished.open(open);
      const endpoints = [world.endpoint, await world.addEndpoint(), await world.addEndpoint()];
      await world.send(
        {},
        endpoints.map(({ seq }) => seq),
      );
      const claim = await world.store.queue.claim(NO_WISHES);
      const seqs = async (after: number, limit: number) =>
        (await world.store.queue.pendingLanes(claim, after, limit)).map(({ endpointSeq }) => endpointSeq);
      expect(await seqs(0, 2)).toEqual([endpoints[0]!.seq, endpoints[1]!.seq]);
      expect(await seqs(endpoints[1]!.seq, 2)).toEqual([endpoints[2]!.seq]);
      expect(await seqs(endpoints[2]!.seq, 2)).toEqual([]);
    });
  });
}
