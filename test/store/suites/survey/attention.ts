import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function attentionSuite(open: Open): void {
  describe("what needs attention", () => {
    test("an environment without problems needs no attention", async () => {
      await using world = await Furnished.open(open);
      await world.addEndpoint({ failingSince: world.now, paused: true });
      await world.send();
      const none = { counts: { healthy: 1, failing: 0, disabled: 0, paused: 1 }, endpoints: [], dead: [] };
      expect(await world.store.survey.attention(world.environment.seq, 10)).toEqual(none);
    });

    test("endpoints that the server disabled come first, then failing ones, then those disabled by a request", async () => {
      await using world = await Furnished.open(open);
      const { now } = world;
      const disabled = { disabled: true, disabledAt: now };
      const manual = await world.addEndpoint({ ...disabled, disabledCause: "manual" });
      const older = await world.addEndpoint({ failingSince: now - 1000 });
      const newer = await world.addEndpoint({ failingSince: now });
      const gone = await world.addEndpoint({ ...disabled, disabledCause: "gone" });
      const unknown = await world.addEndpoint({ disabled: true });
      const { endpoints, ...rest } = await world.store.survey.attention(world.environment.seq, 4);
      expect(rest).toEqual({ counts: { healthy: 1, failing: 2, disabled: 3, paused: 0 }, dead: [] });
      expect(endpoints.map(({ seq }) => seq)).toEqual([gone.seq, newer.seq, older.seq, manual.seq]);
      const { seq, name, uid } = world.application;
      expect(endpoints[0]).toEqual({
        ...{ seq: gone.seq, url: gone.url, application: { seq, name, uid, sourceSeq: null } },
        ...{ isDisabled: true, since: now, cause: "gone", reason: null },
      });
      const all = (await world.store.survey.attention(world.environment.seq, 10)).endpoints;
      expect(all.at(-1)).toMatchObject({ seq: unknown.seq, since: null, cause: null });
    });

    test("a failing endpoint has the reason of its latest failed attempt", async () => {
      await using world = await Furnished.open(open);
      await world.sendDead({}, { reason: "timeout" });
      await world.sendDead({}, { reason: "dns" });
      const { endpoints } = await world.store.survey.attention(world.environment.seq, 10);
      expect(endpoints).toMatchObject([{ seq: world.endpoint.seq, isDisabled: false, reason: "dns" }]);
    });

    test("dead letters are counted by reason, those of deleted endpoints excluded", async () => {
      await using world = await Furnished.open(open);
      const [second, deleted] = [await world.addEndpoint(), await world.addEndpoint()];
      const start = world.now;
      await world.sendDead({}, { reason: "dns" });
      world.now += 1000;
      await world.sendDead({}, { reason: "timeout" });
      await world.sendDead({}, { reason: "timeout", endpointSeq: second.seq });
      await world.sendDead({}, { reason: "tls", endpointSeq: deleted.seq });
      await world.store.configuration.endpoints.delete(deleted.seq, world.now);
      const { dead } = await world.store.survey.attention(world.environment.seq, 10);
      expect(dead).toEqual([
        { reason: "timeout", count: 2, firstDeadAt: start + 1000 },
        { reason: "dns", count: 1, firstDeadAt: start },
      ]);
    });

    test("hidden and deleted applications and other environments are not included", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      const { applications } = world.store.configuration;
      const places = [
        await world.addApplication({ environmentSeq: other.seq }),
        await applications.ensureOperational(world.newApplication()),
        await world.addApplication(),
      ];
      for (const { seq: applicationSeq } of places) {
        const { seq } = await world.addEndpoint({ applicationSeq });
        await world.sendDead({ applicationSeq }, { endpointSeq: seq });
      }
      await applications.delete(places[2]!.seq, world.now);
      const of = async (seq: number) => {
        const { counts, dead } = await world.store.survey.attention(seq, 10);
        return [counts.failing, dead.length];
      };
      expect(await of(world.environment.seq)).toEqual([0, 0]);
      expect(await of(other.seq)).toEqual([1, 1]);
    });
  });
}
