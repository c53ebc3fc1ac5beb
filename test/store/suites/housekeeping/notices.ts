import { describe, expect, test } from "bun:test";
import type { SentNotice } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function noticesSuite(open: Open): void {
  describe("what notices to people are about", () => {
    test("the endpoints that have failed for long enough are found in all environments, in any number", async () => {
      await using world = await Furnished.open(open);
      const { now } = world;
      const expected: { seq: number; since: number }[] = [];
      for (let count = 0; count < 600; count++) {
        const { seq } = await world.addEndpoint({ failingSince: now - 1000 });
        expected.push({ seq, since: now - 1000 });
      }
      const other = await world.addEnvironment("other");
      world.application = await world.addApplication({ environmentSeq: other.seq });
      const { seq } = await world.addEndpoint({ failingSince: now - 1000 });
      expected.push({ seq, since: now - 1000 });
      await world.addEndpoint({ failingSince: now - 999 });
      await world.addEndpoint({ failingSince: now - 1000, paused: true });
      await world.addEndpoint({ failingSince: now - 1000, disabled: true });
      const deleted = await world.addEndpoint({ failingSince: now - 1000 });
      await world.store.configuration.endpoints.delete(deleted.seq, now);
      expect(await world.store.housekeeping.notices.failing(now - 1000)).toEqual(expected);
    });

    test("the endpoints that have not been verified for long enough are found among any number of paused ones", async () => {
      await using world = await Furnished.open(open);
      const { now } = world;
      const challenge = { since: now - 1000, tries: 7, nextAt: null, failure: null, staysPaused: false };
      const expected: { seq: number; since: number }[] = [];
      for (let count = 0; count < 600; count++) {
        const { seq } = await world.addEndpoint({ paused: true, challenge: count % 3 === 0 ? challenge : null });
        if (count % 3 === 0) expected.push({ seq, since: now - 1000 });
      }
      await world.addEndpoint({ paused: true, challenge: { ...challenge, since: now - 999 } });
      await world.addEndpoint({ paused: true, disabled: true, challenge });
      const deleted = await world.addEndpoint({ paused: true, challenge });
      await world.store.configuration.endpoints.delete(deleted.seq, now);
      const { notices } = world.store.housekeeping;
      expect(await notices.unverified(now - 1000)).toEqual(expected);
      expect((await notices.healthOf([expected[0]!.seq])).get(expected[0]!.seq)).toBe("troubled");
    });

    test("the endpoints that the server has disabled lately are found", async () => {
      await using world = await Furnished.open(open);
      const { now } = world;
      const disabled = { disabled: true, disabledAt: now } as const;
      const failing = await world.addEndpoint({ ...disabled, disabledCause: "failing" });
      const gone = await world.addEndpoint({ ...disabled, disabledCause: "gone" });
      await world.addEndpoint({ ...disabled, disabledCause: "manual" });
      await world.addEndpoint({ ...disabled, disabledCause: "gone", disabledAt: now - 1000 });
      const deleted = await world.addEndpoint({ ...disabled, disabledCause: "gone" });
      await world.store.configuration.endpoints.delete(deleted.seq, now);
      expect(await world.store.housekeeping.notices.disabled(now - 1000)).toEqual([
        { seq: failing.seq, since: now },
        { seq: gone.seq, since: now },
      ]);
    });

    test("an endpoint is healthy only after a success, and gone when it or its application is deleted", async () => {
      await using world = await Furnished.open(open);
      const { notices } = world.store.housekeeping;
      const { seq } = world.endpoint;
      const health = async (of: number) => (await notices.healthOf([of])).get(of);
      expect(await health(seq)).toBe("unknown");
      await world.sendDead();
      expect(await health(seq)).toBe("troubled");
      const disabled = await world.addEndpoint({ disabled: true });
      expect(await health(disabled.seq)).toBe("troubled");
      await world.send();
      const [waiting] = await world.waiting();
      await world.settle(waiting!, { state: "delivered" });
      expect(await health(seq)).toBe("healthy");
      await world.store.configuration.applications.delete(world.application.seq, world.now);
      expect([await health(seq), await health(12345)]).toEqual(["gone", "gone"]);
    });

    test("endpoints are described with their application, environment and latest failure", async () => {
      await using world = await Furnished.open(open);
      await world.sendDead({}, { reason: "dns" });
      const other = await world.addEndpoint({
        url: "https://user:secret@hook.example/",
        ...({ disabled: true, disabledAt: world.now, disabledCause: "gone" } as const),
      });
      const { seq, name, uid } = world.application;
      const common = { application: { seq, name, uid }, environmentName: "default", isOperational: false };
      const { notices } = world.store.housekeeping;
      expect(await notices.describe([other.seq, 12345, world.endpoint.seq])).toEqual([
        { ...common, seq: other.seq, url: "https://user:***@hook.example/", cause: "gone", reason: null },
        { ...common, seq: world.endpoint.seq, url: world.endpoint.url, cause: null, reason: "dns" },
      ]);
    });
  });

  describe("the notices that were sent", () => {
    const notice: SentNotice = {
      ...{ channel: "mail", subjectSeq: 7, kind: "failing", since: 10, sentAt: 20, isOpen: true },
    };

    test("a notice replaces the earlier one of its channel, subject and kind, also after a restart", async () => {
      await using world = await Furnished.open(open);
      const others: SentNotice[] = [
        { ...notice, channel: "slack" },
        { ...notice, subjectSeq: 8 },
        { ...notice, kind: "disabled" },
      ];
      await world.store.housekeeping.notices.record([notice, ...others], 0);
      const later = { ...notice, since: 30, sentAt: 40, isOpen: false };
      await world.store.housekeeping.notices.record([later], 0);
      await world.reopen();
      const { notices } = world.store.housekeeping;
      const sent = await notices.sent();
      expect(sent).toHaveLength(4);
      expect(sent).toEqual(expect.arrayContaining([later, ...others]));
    });

    test("ended notices are deleted when they are old, and open ones are kept", async () => {
      await using world = await Furnished.open(open);
      const { notices } = world.store.housekeeping;
      const [ended, recent] = [
        { ...notice, subjectSeq: 8, isOpen: false },
        { ...notice, subjectSeq: 9, isOpen: false, sentAt: 21 },
      ];
      await notices.record([notice, ended, recent], 21);
      expect(await notices.sent()).toEqual([notice, recent]);
    });

    test("the notices about a subject are forgotten in all channels", async () => {
      await using world = await Furnished.open(open);
      const { notices } = world.store.housekeeping;
      const other = { ...notice, subjectSeq: 8 };
      await notices.record([notice, { ...notice, channel: "teams" }, other], 0);
      await notices.forget([7, 12345]);
      expect(await notices.sent()).toEqual([other]);
    });
  });
}
