import { describe, expect, test } from "bun:test";
import type { SourceLogEntry } from "../../../../src/store/index.ts";
import { bytes, Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function attentionSuite(open: Open): void {
  describe("what needs attention", () => {
    test("an environment without problems needs no attention, even if an endpoint is paused for which nothing waits", async () => {
      await using world = await Furnished.open(open);
      await world.addEndpoint({ failingSince: world.now, paused: true });
      await world.addSource();
      await world.send();
      const counts = { healthy: 1, failing: 0, disabled: 0, paused: 1 };
      const none = { counts, pausedWaiting: 0, endpoints: [], sources: [], dead: [] };
      expect(await world.store.survey.attention(world.environment.seq, 10)).toEqual(none);
    });

    test("endpoints that the server disabled come first, then failing and paused ones, then those disabled by a request", async () => {
      await using world = await Furnished.open(open);
      const { now } = world;
      const disabled = { disabled: true, disabledAt: now };
      const manual = await world.addEndpoint({ ...disabled, disabledCause: "manual" });
      const older = await world.addEndpoint({ failingSince: now - 1000 });
      const newer = await world.addEndpoint({ failingSince: now });
      const gone = await world.addEndpoint({ ...disabled, disabledCause: "gone" });
      const unknown = await world.addEndpoint({ disabled: true });
      const paused = await world.addEndpoint({ paused: true, failingSince: now });
      for (let i = 0; i < 3; i++) await world.send({}, [paused.seq]);
      const { endpoints, ...rest } = await world.store.survey.attention(world.environment.seq, 5);
      const counts = { healthy: 1, failing: 2, disabled: 3, paused: 1 };
      expect(rest).toEqual({ counts, pausedWaiting: 1, sources: [], dead: [] });
      expect(endpoints.map(({ seq }) => seq)).toEqual([gone.seq, newer.seq, older.seq, paused.seq, manual.seq]);
      expect(endpoints[3]).toMatchObject({ state: "paused", since: null, reason: null, pending: 3 });
      const { seq, name, uid } = world.application;
      expect(endpoints[0]).toEqual({
        ...{ seq: gone.seq, url: gone.url, application: { seq, name, uid, sourceSeq: null } },
        ...{ state: "disabled", since: now, cause: "gone", reason: null, pending: null },
      });
      const all = (await world.store.survey.attention(world.environment.seq, 10)).endpoints;
      expect(all.at(-1)).toMatchObject({ seq: unknown.seq, since: null, cause: null });
    });

    test("an endpoint that has not been verified for some time is listed, even if nothing waits for it", async () => {
      await using world = await Furnished.open(open);
      const since = world.now - 1000;
      const challenge = { since, tries: 1, nextAt: null, failure: null, staysPaused: false };
      const unverified = await world.addEndpoint({ paused: true, challenge });
      await world.addEndpoint({ paused: true, challenge, disabled: true });
      await world.send({}, [unverified.seq]);
      const listed = async (before: number) => {
        const { endpoints, pausedWaiting } = await world.store.survey.attention(world.environment.seq, 10, before);
        return [endpoints.filter(({ state }) => state === "paused"), pausedWaiting];
      };
      expect(await listed(since)).toEqual([[], 0]);
      expect(await listed(since + 1)).toMatchObject([[{ seq: unverified.seq, unverifiedSince: since }], 1]);
    });

    test("a failing endpoint has the reason of its latest failed attempt", async () => {
      await using world = await Furnished.open(open);
      await world.sendDead({}, { reason: "timeout" });
      await world.sendDead({}, { reason: "dns" });
      const { endpoints } = await world.store.survey.attention(world.environment.seq, 10);
      expect(endpoints).toMatchObject([{ seq: world.endpoint.seq, state: "failing", reason: "dns" }]);
    });

    test("a source is listed from the first refused request until the next stored one, whatever else its log has", async () => {
      await using world = await Furnished.open(open);
      const source = await world.addSource({ name: "Shop" });
      const log = (change: Partial<SourceLogEntry> = {}) =>
        world.store.history.sourceLog.add({
          ...{ seq: world.seqs.next(), sourceSeq: source.seq, status: 401, cause: "signature_mismatch" },
          ...{ errorText: "", method: "POST", path: "/", address: "192.0.2.1", headers: {} },
          ...{ payload: bytes("{}"), createdAt: world.now, ...change },
        });
      const sources = async () => (await world.store.survey.attention(world.environment.seq, 10)).sources;
      const receive = () => world.send({ applicationSeq: source.applicationSeq }, []);
      await log({ status: 405, cause: "method_not_allowed" });
      await log({ status: 200 });
      expect(await sources()).toEqual([]);
      const since = world.now;
      await log();
      world.now += 1000;
      await log({ cause: "timestamp_too_old" });
      await log({ status: 429, cause: "rate_limited" });
      expect(await sources()).toEqual([
        { seq: source.seq, name: "Shop", cause: "timestamp_too_old", since, latestAt: since + 1000 },
      ]);
      await receive();
      expect(await sources()).toEqual([]);
      world.now += 1000;
      await log();
      expect(await sources()).toMatchObject([{ since: since + 2000 }]);
      const other = await world.addEnvironment("other");
      expect((await world.store.survey.attention(other.seq, 10)).sources).toEqual([]);
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
