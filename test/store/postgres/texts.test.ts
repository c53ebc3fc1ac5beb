import { afterAll, describe, expect, test } from "bun:test";
import { hasPostgres } from "../../support/postgres.ts";
import { Furnished } from "../furnished.ts";
import { ALL } from "../pages.ts";
import { closeSharedServer, openDatabase } from "./open.ts";

afterAll(closeSharedServer);

describe.skipIf(!hasPostgres)("texts that PostgreSQL cannot store", () => {
  test("looking up a name with the character NUL finds nothing", async () => {
    await using world = await Furnished.open(openDatabase);
    const { configuration, history, queue } = world.store;
    const key = { uid: "a\0b" };
    expect(await configuration.applications.find(world.environment.seq, key)).toBeNull();
    expect(await configuration.endpoints.find(world.application.seq, key)).toBeNull();
    expect(await history.messages.known(world.application.seq, key)).toBeNull();
    expect((await queue.expunge.messages(world.application.seq, [key])).found).toEqual([false]);
  });

  test("a feature flag with the character NUL, which a JWT may contain, fits no event type", async () => {
    await using world = await Furnished.open(openDatabase);
    const { eventTypes } = world.store.configuration;
    await eventTypes.create(world.newEventType({ featureFlags: ["flag"] }));
    const { rows } = await eventTypes.list(world.environment.seq, {
      ...{ limit: 10, from: null, backwards: false, includeArchived: true },
      featureFlags: ["fl\0ag"],
    });
    expect(rows).toEqual([]);
    const of = (flags: readonly string[]) => eventTypes.unknown(world.environment.seq, ["order.paid"], flags);
    expect(await of(["\0"])).toEqual(["order.paid"]);
    expect(await of(["\0", "flag"])).toEqual([]);
  });

  test("a text of others with the character NUL is stored with U+FFFD in its place", async () => {
    await using world = await Furnished.open(openDatabase);
    await world.send({ contentType: "text/plain; a=\0" });
    const [delivery] = await world.waiting();
    const settlement = world.settlement(delivery!, { state: "delivered" }, { attempt: { note: "a\0b" } });
    await world.store.queue.settle([settlement]);
    const attempt = await world.store.history.attempts.get(null, settlement.attempt.seq);
    expect(attempt?.note).toBe("a\ufffdb");
    const message = await world.store.history.messages.get(delivery!.messageSeq);
    expect(message?.contentType).toBe("text/plain; a=\ufffd");
  });

  test.each(["a\0b", 'a","b', "a,b", "a]", "[", '"', "\\", ',"', "ü€😀"])(
    "messages are found by the tag %j, which stays as it is",
    async (tag) => {
      await using world = await Furnished.open(openDatabase);
      await world.send({ tags: ["a", "b", `${tag}${tag}`] });
      const message = await world.send({ tags: ["x", tag, "y"] });
      const { rows } = await world.store.history.messages.list(world.application.seq, { tag }, ALL, false);
      expect(rows.map(({ seq, tags }) => ({ seq, tags }))).toEqual([{ seq: message.seq, tags: ["x", tag, "y"] }]);
    },
  );
});
