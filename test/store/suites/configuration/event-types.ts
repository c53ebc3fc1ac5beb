import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { EventType } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

interface Request {
  readonly limit: number;
  readonly from: string | null;
  readonly backwards: boolean;
  readonly includeArchived: boolean;
}

/** Computes the expected page from an array. */
function pageOf(rows: readonly EventType[], { limit, from, backwards, includeArchived }: Request) {
  const beyond = rows
    .filter(({ archived }) => includeArchived || !archived)
    .map(({ name }) => name)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .filter((name) => from === null || (backwards ? name < from : name > from));
  return { names: backwards ? beyond.slice(-limit) : beyond.slice(0, limit), more: beyond.length > limit };
}

export function eventTypesSuite(open: Open): void {
  describe("event types", () => {
    test("event types are stored unchanged across a restart", async () => {
      await using world = await Furnished.open(open);
      const eventType = world.newEventType({
        description: "Geld ist da",
        archived: true,
        deprecated: true,
        schemas: { "1": { type: "object", properties: { amount: { type: "number" } } } },
        featureFlags: ["beta"],
        groupName: "orders",
      });
      expect(await world.store.configuration.eventTypes.create(eventType)).toBe(true);
      await world.reopen();
      expect(await world.store.configuration.eventTypes.get(world.environment.seq, "order.paid")).toEqual(eventType);
    });

    test("event type names are unique within their environment", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      const first = world.newEventType();
      expect(await world.store.configuration.eventTypes.create(first)).toBe(true);
      expect(await world.store.configuration.eventTypes.create(world.newEventType({ description: "again" }))).toBe(
        false,
      );
      expect(await world.store.configuration.eventTypes.get(world.environment.seq, "order.paid")).toEqual(first);
      expect(await world.store.configuration.eventTypes.create(world.newEventType({ environmentSeq: other.seq }))).toBe(
        true,
      );
    });

    test("event types can be created and updated together, and updated ones keep their number and creation time", async () => {
      await using world = await Furnished.open(open);
      const { eventTypes } = world.store.configuration;
      const old = world.newEventType();
      await eventTypes.create(old);
      const changed = world.newEventType({ description: "new", validation: "reject", createdAt: world.now + 5 });
      const fresh = world.newEventType({ name: "order.sent" });
      const put = (eventType: EventType) => eventTypes.put(eventType, () => eventType);
      await world.store.together(() => [changed, fresh].map(put));
      const { seq, createdAt } = old;
      expect(await world.store.configuration.eventTypes.get(world.environment.seq, "order.paid")).toEqual({
        ...changed,
        seq,
        createdAt,
      });
      expect(await world.store.configuration.eventTypes.get(world.environment.seq, "order.sent")).toEqual(fresh);
    });

    test("updating an event type replaces it, and expunging it removes it", async () => {
      await using world = await Furnished.open(open);
      const eventType = world.newEventType();
      await world.store.configuration.eventTypes.create(eventType);
      const changed = { ...eventType, description: "new", archived: true, updatedAt: world.now + 1 };
      await world.store.configuration.eventTypes.update(world.environment.seq, "order.paid", () => changed);
      expect(await world.store.configuration.eventTypes.get(world.environment.seq, "order.paid")).toEqual(changed);
      await world.store.configuration.eventTypes.expunge(world.environment.seq, "order.paid");
      expect(await world.store.configuration.eventTypes.get(world.environment.seq, "order.paid")).toBeNull();
      expect(await world.store.configuration.eventTypes.create(world.newEventType())).toBe(true);
    });

    test("concurrent updates of an event type are all kept", async () => {
      await using world = await Furnished.open(open);
      const { eventTypes } = world.store.configuration;
      await eventTypes.create(world.newEventType({ description: "" }));
      const append = (letter: string) =>
        eventTypes.update(world.environment.seq, "order.paid", (before) => ({
          description: before.description + letter,
        }));
      const put = (letter: string) =>
        eventTypes.put(world.newEventType(), (before) => ({ description: before.description + letter }));
      await Promise.all([append("a"), put("b"), append("c")]);
      expect((await eventTypes.get(world.environment.seq, "order.paid"))?.description).toBe("abc");
    });

    test("updating a missing event type stores nothing", async () => {
      await using world = await Furnished.open(open);
      const { eventTypes } = world.store.configuration;
      expect(await eventTypes.update(world.environment.seq, "order.paid", () => ({ archived: true }))).toBe("gone");
      expect(await eventTypes.get(world.environment.seq, "order.paid")).toBeNull();
    });

    test("an update whose callback throws does not change the event type", async () => {
      await using world = await Furnished.open(open);
      const { eventTypes } = world.store.configuration;
      const eventType = world.newEventType();
      await eventTypes.create(eventType);
      const refused = eventTypes.update(world.environment.seq, "order.paid", () => {
        throw new Error("refused");
      });
      await expect(refused).rejects.toThrow("refused");
      expect(await eventTypes.get(world.environment.seq, "order.paid")).toEqual(eventType);
    });

    test("event types are unknown if they are archived or do not exist in the environment", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      await world.store.configuration.eventTypes.create(world.newEventType({ name: "known" }));
      await world.store.configuration.eventTypes.create(world.newEventType({ name: "archived", archived: true }));
      await world.store.configuration.eventTypes.create(
        world.newEventType({ name: "elsewhere", environmentSeq: other.seq }),
      );
      const names = ["elsewhere", "known", "never", "archived"];
      for (const flags of [null, [], ["a"]]) {
        expect(await world.store.configuration.eventTypes.unknown(world.environment.seq, names, flags)).toEqual([
          "elsewhere",
          "never",
          "archived",
        ]);
      }
    });

    test("event types with feature flags are unknown to callers that hold none of those flags", async () => {
      await using world = await Furnished.open(open);
      await world.store.configuration.eventTypes.create(
        world.newEventType({ name: "flagged", featureFlags: ["a", "b"] }),
      );
      const unknownTo = (flags: readonly string[] | null) =>
        world.store.configuration.eventTypes.unknown(world.environment.seq, ["flagged"], flags);
      for (const flags of [null, ["b"], ["c", "a"]]) expect(await unknownTo(flags)).toEqual([]);
      for (const flags of [[], ["c"]]) expect(await unknownTo(flags)).toEqual(["flagged"]);
    });

    test("event types are paged by name in both directions, with and without archived ones", async () => {
      await using world = await Furnished.open(open);
      const names = ["a", "a.b", "a_b", "B", "b.1", "b.10", "b.2", "c", "d-e"];
      const rows = names.map((name, i) => world.newEventType({ name, archived: i % 3 === 1 }));
      for (const row of rows) await world.store.configuration.eventTypes.create(row);
      const requests: fc.Arbitrary<Request> = fc.record({
        limit: fc.integer({ min: 1, max: 11 }),
        from: fc.option(fc.constantFrom(...names, "", "az", "zz")),
        backwards: fc.boolean(),
        includeArchived: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(requests, async (request) => {
          const page = await world.store.configuration.eventTypes.list(world.environment.seq, request);
          expect({ names: page.rows.map(({ name }) => name), more: page.more }).toEqual(pageOf(rows, request));
        }),
      );
    });
  });
}
