import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { EnvironmentMessage, EnvironmentMessageFilter, MessageState } from "../../../../src/store/index.ts";
import { bytes, Furnished } from "../../furnished.ts";
import { expectPages, NEWEST_FIRST, optional } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";

export function environmentMessagesSuite(open: Open): void {
  describe("messages of an environment", () => {
    test("messages are listed with their application and the states of their deliveries, without payloads", async () => {
      await using world = await Furnished.open(open);
      const customer = await world.addApplication({ uid: "acme", name: "Acme" });
      const source = await world.addSource({ name: "Shop" });
      const dead = await world.sendDead();
      const { seq } = await world.send({ applicationSeq: customer.seq, channels: ["eu"], tags: ["vip"] }, []);
      const received = await world.send({ applicationSeq: source.applicationSeq }, []);
      const none = { pending: 0, delivered: 0, dead: 0, cancelled: 0 };
      const { rows } = await world.store.survey.messages(world.environment.seq, {}, NEWEST_FIRST);
      expect(rows).toMatchObject([
        { seq: received.seq, application: { name: "Shop", uid: null, sourceSeq: source.seq }, deliveries: none },
        {
          ...{ seq, channels: ["eu"], tags: ["vip"], payload: null, deliveries: none },
          application: { seq: customer.seq, name: "Acme", uid: "acme", sourceSeq: null },
        },
        { seq: dead.seq, deliveries: { ...none, dead: 1 } },
      ]);
    });

    test("messages of other environments and of deleted and hidden applications are not listed", async () => {
      await using world = await Furnished.open(open);
      const { applications } = world.store.configuration;
      const other = await world.addEnvironment("other");
      const foreign = await world.addApplication({ environmentSeq: other.seq });
      const deleted = await world.addApplication();
      const hidden = await applications.ensureOperational(world.newApplication());
      for (const { seq } of [foreign, deleted, hidden]) {
        await world.sendDead({ applicationSeq: seq, eventId: "same", payload: bytes("{1}") });
      }
      await applications.delete(deleted.seq, world.now);
      const own = await world.sendDead({ eventId: "same", payload: bytes("{1}") });
      const filters: EnvironmentMessageFilter[] = [{}, { eventId: "same" }, { state: "dead" }, { text: bytes("1") }];
      for (const filter of filters) {
        const { rows } = await world.store.survey.messages(world.environment.seq, filter, NEWEST_FIRST);
        expect(rows.map(({ seq }) => seq)).toEqual([own.seq]);
        const { rows: none } = await world.store.survey.messages(
          world.environment.seq,
          { ...filter, applicationSeq: foreign.seq },
          NEWEST_FIRST,
        );
        expect(none).toEqual([]);
      }
    });

    test("a text is compared with the bytes of the payload", async () => {
      await using world = await Furnished.open(open);
      const { seq } = await world.send({ payload: bytes('{"a":"Grüße 100%_x"}') });
      await world.send({ payload: bytes('{"a":"other"}') });
      const find = async (text: string) => {
        const page = await world.store.survey.messages(world.environment.seq, { text: bytes(text) }, NEWEST_FIRST);
        return page.rows.map((row) => row.seq);
      };
      expect(await find("üße 1")).toEqual([seq]);
      expect(await find("0%_")).toEqual([seq]);
      expect(await find("GRÜSSE")).toEqual([]);
      expect(await find("1_0")).toEqual([]);
    });

    test("every page agrees with the filters, whatever they select", async () => {
      await using world = await Furnished.open(open);
      const second = await world.addApplication();
      const other = await world.addEndpoint();
      for (let i = 0; i < 12; i++) {
        world.now += 1000;
        const change = {
          ...{ applicationSeq: i % 2 === 0 ? world.application.seq : second.seq, eventType: `type.${i % 3}` },
          ...{ channels: i % 4 === 0 ? ["eu"] : null, tags: i % 5 === 0 ? ["vip"] : null },
          ...{ eventId: `event-${i >> 1}`, payload: bytes(`{"n":${i % 3}}`) },
        };
        const endpoints = [[], [world.endpoint.seq], [world.endpoint.seq, other.seq]][i % 3]!;
        await world.send(change, endpoints);
        if (i % 2 === 0 && i < 5) await world.kill();
        const waiting = i % 4 === 1 ? await world.waiting(other.seq) : [];
        for (const delivery of waiting) await world.settle(delivery, { state: "delivered" });
      }
      const environmentSeq = world.environment.seq;
      const all = await world.store.survey.messages(environmentSeq, {}, NEWEST_FIRST);
      expect(all.rows.length).toBe(12);
      const payloads = new Map(all.rows.map(({ seq }, i) => [seq, `{"n":${(11 - i) % 3}}`]));
      const filters = optional<EnvironmentMessageFilter>({
        applicationSeq: fc.constantFrom(world.application.seq, second.seq),
        eventTypes: fc.constantFrom(["type.1"], ["type.0", "type.2"]),
        channel: fc.constant("eu"),
        tag: fc.constant("vip"),
        state: fc.constantFrom<MessageState>("pending", "delivered", "dead"),
        eventId: fc.constantFrom("event-0", "event-3", "nothing"),
        text: fc.constantFrom(bytes("1"), bytes('"n"')),
        before: fc.constant(world.now - 2000),
        after: fc.constant(world.now - 9000),
      });
      const passes = (row: EnvironmentMessage, filter: EnvironmentMessageFilter) =>
        (filter.applicationSeq === undefined || row.applicationSeq === filter.applicationSeq) &&
        (filter.eventTypes === undefined || filter.eventTypes.includes(row.eventType)) &&
        (filter.channel === undefined || row.channels?.includes(filter.channel) === true) &&
        (filter.tag === undefined || row.tags?.includes(filter.tag) === true) &&
        (filter.eventId === undefined || row.eventId === filter.eventId) &&
        (filter.text === undefined || payloads.get(row.seq)!.includes(Buffer.from(filter.text).toString())) &&
        (filter.before === undefined || row.acceptedAt < filter.before) &&
        (filter.after === undefined || row.acceptedAt > filter.after) &&
        (filter.state === undefined || hasState(row, filter.state));
      await expectPages(all.rows, filters, passes, (filter, page) =>
        world.store.survey.messages(environmentSeq, filter, page),
      );
    });
  });
}

function hasState({ deliveries: { pending, delivered, dead } }: EnvironmentMessage, state: MessageState): boolean {
  if (state === "pending") return pending > 0;
  return state === "dead" ? dead > 0 : delivered > 0 && pending + dead === 0;
}
