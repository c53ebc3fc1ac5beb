import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function namedSuite(open: Open): void {
  describe("search by name", () => {
    test("sources, event types and tokens are found by a part of the name in any case", async () => {
      await using world = await Furnished.open(open);
      const { environment, store } = world;
      const source = await world.addSource({ name: "Läden", uid: "shop" });
      await store.configuration.eventTypes.create(world.newEventType({ name: "laden.opened" }));
      const find = (text: string, environmentSeq = environment.seq) =>
        store.survey.named(environmentSeq, { text, limit: 20, validAt: world.now });
      const ofSource = { seq: source.seq, name: "Läden", uid: "shop" };
      expect(await find("LÄD")).toEqual({ eventTypes: [], sources: [ofSource], tokens: [] });
      expect((await find("HOP")).sources).toEqual([ofSource]);
      expect((await find("DEN.o")).eventTypes).toEqual([{ name: "laden.opened" }]);
      const other = await world.addEnvironment("other");
      expect(await find("l", other.seq)).toEqual({ eventTypes: [], sources: [], tokens: [] });
    });

    test("a search goes on after the first step, and stops at its limit", async () => {
      await using world = await Furnished.open(open);
      const { store } = world;
      for (let i = 0; i < 1003; i++) {
        await store.configuration.eventTypes.create(world.newEventType({ name: `type.${String(i).padStart(4, "0")}` }));
      }
      const find = async (text: string, limit: number) =>
        (await world.store.survey.named(world.environment.seq, { text, limit, validAt: world.now })).eventTypes;
      expect(await find("1002", 20)).toEqual([{ name: "type.1002" }]);
      expect((await find("type", 3)).map(({ name }) => name)).toEqual(["type.0000", "type.0001", "type.0002"]);
    });
  });
}
