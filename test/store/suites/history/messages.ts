import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { MessageFilter, NewMessage } from "../../../../src/store/index.ts";
import { bytes, Furnished } from "../../furnished.ts";
import { ALL, expectPages, optional } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";

const EVENT_TYPES = ["order.paid", "order.sent", "user.created"];
const CHANNELS = ["eu", "us", "e"];
const TAGS = ["vip", "test"];

export function passesMessageFilter(message: NewMessage, filter: MessageFilter): boolean {
  return (
    (filter.eventTypes ?? [message.eventType]).includes(message.eventType) &&
    (filter.channel === undefined || (message.channels ?? []).includes(filter.channel)) &&
    (filter.tag === undefined || (message.tags ?? []).includes(filter.tag))
  );
}

export function anyMessageFilter(instants: readonly number[]): fc.Arbitrary<MessageFilter> {
  return optional<Required<MessageFilter>>({
    eventTypes: fc.subarray(EVENT_TYPES, { minLength: 1 }),
    channel: fc.constantFrom(...CHANNELS),
    tag: fc.constantFrom(...TAGS),
    before: fc.constantFrom(...instants),
    after: fc.constantFrom(...instants),
  });
}

/** Sends messages with all kinds of properties, some in the same millisecond. */
export async function sendAllKinds(world: Furnished, count: number): Promise<NewMessage[]> {
  const messages: NewMessage[] = [];
  for (let i = 0; i < count; i++) {
    if (i % 3 === 0) world.now += 1 + (i % 2);
    messages.push(
      await world.send({
        eventType: EVENT_TYPES[i % 3]!,
        channels: [null, ["eu"], ["eu", "us"], []][i % 4]!,
        tags: [null, ["vip"], ["vip", "test"]][i % 5] ?? null,
      }),
    );
  }
  return messages;
}

export function messagesSuite(open: Open): void {
  describe("messages", () => {
    test("messages are found by number and by event id, but only in their own application", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addApplication();
      const message = await world.send({ eventId: "event-1" });
      const { messages } = world.store.history;
      for (const key of [{ seq: message.seq }, { uid: "event-1" }]) {
        expect(await messages.find(world.application.seq, key)).toMatchObject({ seq: message.seq });
        expect(await messages.find(other.seq, key)).toBeNull();
      }
      expect(await messages.find(world.application.seq, { uid: "event-2" })).toBeNull();
      expect(await messages.get(message.seq)).toMatchObject({ seq: message.seq, payload: message.payload });
      expect(await messages.get(world.seqs.next())).toBeNull();
    });

    test("`known` finds the same messages as `find`, without content, and reports whether the payload is stored", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addApplication();
      const message = await world.send({ eventId: "event-1" });
      const { messages } = world.store.history;
      const keys = [{ seq: message.seq }, { uid: "event-1" }];
      for (const key of keys) {
        expect(await messages.known(world.application.seq, key)).toEqual({ seq: message.seq, hasPayload: true });
        expect(await messages.known(other.seq, key)).toBeNull();
      }
      expect(await messages.known(world.application.seq, { uid: "event-2" })).toBeNull();
      await world.store.queue.expunge.messages(world.application.seq, [{ seq: message.seq }]);
      for (const key of keys)
        expect(await messages.known(world.application.seq, key)).toEqual({ seq: message.seq, hasPayload: false });
    });

    test("messages are paged in both directions and both orders, with any filter", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addApplication();
      await world.send({ applicationSeq: other.seq }, []);
      const rows = await sendAllKinds(world, 20);
      const instants = rows.flatMap(({ acceptedAt }) => [acceptedAt - 1, acceptedAt, acceptedAt + 1]);
      await expectPages(
        rows,
        anyMessageFilter(instants),
        (message, filter) =>
          passesMessageFilter(message, filter) &&
          message.acceptedAt < (filter.before ?? Number.POSITIVE_INFINITY) &&
          message.acceptedAt > (filter.after ?? 0),
        (filter, page) => world.store.history.messages.list(world.application.seq, filter, page, false),
      );
    });

    test("messages are listed with their payload only on request", async () => {
      await using world = await Furnished.open(open);
      await world.send({ payload: bytes("content") });
      const payload = async (withContent: boolean) =>
        (await world.store.history.messages.list(world.application.seq, {}, ALL, withContent)).rows[0]!.payload;
      expect(await payload(true)).toEqual(bytes("content"));
      expect(await payload(false)).toBeNull();
    });

    test("the latest messages of an environment are returned newest first, with the counts of their deliveries", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      const elsewhere = await world.addApplication({ environmentSeq: other.seq });
      const [, second, third] = await world.sendMany(3);
      await world.send({ applicationSeq: elsewhere.seq }, []);
      const latest = await world.store.history.messages.latest(world.environment.seq, 2);
      expect(latest).toMatchObject([
        { seq: third!.seq, payload: null, deliveries: { pending: 1, delivered: 0, dead: 0, cancelled: 0 } },
        { seq: second!.seq },
      ]);
      expect(latest).toHaveLength(2);
    });

    test("the deliveries of a message include their state and reason", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEndpoint();
      const message = await world.send({}, [world.endpoint.seq, other.seq]);
      await world.kill("timeout");
      expect(await world.store.history.messages.deliveries(message.seq)).toMatchObject([
        { endpointSeq: world.endpoint.seq, state: "dead", reason: "timeout", attemptsTotal: 1 },
        { endpointSeq: other.seq, state: "pending", reason: null, attemptsTotal: 0 },
      ]);
    });
  });
}
