import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function applicationDetailSuite(open: Open): void {
  describe("the numbers of one application", () => {
    test("an application without endpoints and messages has zeros and no last message", async () => {
      await using world = await Furnished.open(open);
      const { seq } = await world.addApplication();
      expect(await world.store.survey.applicationDetail(world.environment.seq, seq)).toEqual({
        endpoints: { healthy: 0, failing: 0, disabled: 0, paused: 0 },
        ...{ pending: 0, dead: 0, deadReasons: [], messages: 0, lastMessageAt: null },
      });
    });

    test("endpoints are counted by state, and deleted endpoints count only with their dead letters", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addApplication();
      const { seq: applicationSeq } = other;
      await world.addEndpoint({ applicationSeq });
      const hit = await world.addEndpoint({ applicationSeq });
      await world.addEndpoint({ applicationSeq, failingSince: 5 });
      await world.addEndpoint({ applicationSeq, failingSince: 5, paused: true });
      await world.addEndpoint({ applicationSeq, disabled: true, paused: true });
      const deleted = await world.addEndpoint({ applicationSeq });
      await world.sendDead({ applicationSeq }, { endpointSeq: deleted.seq });
      await world.store.configuration.endpoints.delete(deleted.seq, world.now);
      await world.sendDead({ applicationSeq }, { endpointSeq: hit.seq });
      world.now += 60_000;
      await world.send({ applicationSeq }, [hit.seq]);
      await world.send({ applicationSeq }, []);
      await world.sendDead({}, {});
      await world.reopen();
      expect(await world.store.survey.applicationDetail(world.environment.seq, applicationSeq)).toEqual({
        endpoints: { healthy: 1, failing: 2, disabled: 1, paused: 1 },
        ...{ pending: 1, dead: 2, deadReasons: [{ reason: "status_5xx", count: 2 }], messages: 4 },
        lastMessageAt: world.now,
      });
    });

    test("dead letters are counted by reason over all endpoints, the most frequent first", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEndpoint();
      await world.sendDead({}, { reason: "dns" });
      await world.sendDead({}, { reason: "timeout" });
      await world.sendDead({}, { endpointSeq: other.seq, reason: "timeout" });
      await world.sendDead({}, { endpointSeq: other.seq, reason: "blocked" });
      expect(await world.store.survey.applicationDetail(world.environment.seq, world.application.seq)).toMatchObject({
        dead: 4,
        deadReasons: [
          { reason: "timeout", count: 2 },
          { reason: "blocked", count: 1 },
          { reason: "dns", count: 1 },
        ],
      });
    });

    test("counts of more rows than one step reads are exact", async () => {
      await using world = await Furnished.open(open);
      await world.sendMany(4_050);
      expect(await world.store.survey.applicationDetail(world.environment.seq, world.application.seq)).toMatchObject({
        pending: 4_050,
        messages: 4_050,
      });
    });
  });
}
