import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function endpointDetailSuite(open: Open): void {
  describe("the state of one endpoint", () => {
    test("the pending deliveries of one endpoint are counted, without those of others and dead ones", async () => {
      await using world = await Furnished.open(open);
      const one = await world.addEndpoint({});
      const other = await world.addEndpoint({ paused: true });
      await world.sendDead({}, { endpointSeq: one.seq });
      await world.send({}, [one.seq, other.seq]);
      await world.send({}, [one.seq]);
      await world.reopen();
      expect(await world.store.survey.endpointDetail(world.environment.seq, one.seq)).toEqual({
        ...{ state: "failing", failureReason: "status_5xx", pending: 2 },
      });
      expect(await world.store.survey.endpointDetail(world.environment.seq, other.seq)).toEqual({
        ...{ state: "paused", failureReason: null, pending: 1 },
      });
    });

    test("a deleted endpoint has no state", async () => {
      await using world = await Furnished.open(open);
      const { seq } = await world.addEndpoint({});
      await world.store.configuration.endpoints.delete(seq, world.now);
      expect(await world.store.survey.endpointDetail(world.environment.seq, seq)).toBeNull();
    });
  });
}
