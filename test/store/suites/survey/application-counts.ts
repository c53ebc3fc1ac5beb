import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function applicationCountsSuite(open: Open): void {
  describe("counts of applications", () => {
    test("an application without endpoints and messages has zeros and no last message", async () => {
      await using world = await Furnished.open(open);
      const { seq } = await world.addApplication();
      expect(await world.store.survey.applicationCounts(world.environment.seq, [seq])).toEqual([
        { endpoints: 0, failing: 0, dead: 0, lastMessageAt: null },
      ]);
      expect(await world.store.survey.applicationCounts(world.environment.seq, [])).toEqual([]);
    });

    test("endpoints, failing endpoints, dead letters and the last message are counted per application", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addApplication();
      await world.addEndpoint({ failingSince: 5 });
      await world.addEndpoint({ failingSince: 5, paused: true });
      await world.addEndpoint({ failingSince: 5, disabled: true });
      const deleted = await world.addEndpoint({ failingSince: 5 });
      await world.sendDead({}, { endpointSeq: deleted.seq });
      await world.store.configuration.endpoints.delete(deleted.seq, world.now);
      const lone = await world.addEndpoint({ applicationSeq: other.seq });
      await world.sendDead({ applicationSeq: other.seq }, { endpointSeq: lone.seq });
      world.now += 60_000;
      await world.sendDead({ applicationSeq: other.seq }, { endpointSeq: lone.seq });
      await world.send({ applicationSeq: other.seq }, [lone.seq]);
      await world.reopen();
      const counts = await world.store.survey.applicationCounts(world.environment.seq, [
        other.seq,
        world.application.seq,
      ]);
      expect(counts).toMatchObject([
        { endpoints: 1, failing: 1, dead: 2 },
        { endpoints: 4, failing: 1, dead: 1 },
      ]);
      expect(counts.map(({ lastMessageAt }) => lastMessageAt)).toEqual([world.now, world.now - 60_000]);
    });
  });
}
