import { describe, expect, test } from "bun:test";
import { memoryWorld } from "../memory-world.ts";

describe("contents of messages in SQLite", () => {
  test("lanes that read the same content between two commits share it", async () => {
    await using self = await memoryWorld();
    const { world } = self;
    const [one, other] = (await world.sendMany(2)).map(({ seq }) => seq);
    const { contents } = world.store.queue;
    const [first] = await contents([one!]);
    expect((await contents([other!, one!]))[1]).toBe(first!);
    await world.send();
    const [later] = await contents([one!]);
    expect(later).toEqual(first!);
    expect(later).not.toBe(first!);
  });

  test("large payloads are not kept in memory", async () => {
    await using self = await memoryWorld();
    const { seq } = await self.world.send({ payload: new Uint8Array(20_000) });
    const { contents } = self.world.store.queue;
    const [first] = await contents([seq]);
    const [second] = await contents([seq]);
    expect(second).toEqual(first!);
    expect(second).not.toBe(first!);
  });
});
