import type { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { memoryWorld } from "../memory-world.ts";

/** Returns the size of all deliveries in the database, in bytes. */
function bytesOfDeliveries(db: Database): number {
  const sum = db.query<{ bytes: number }, []>("SELECT SUM(payload) AS bytes FROM dbstat WHERE name = 'delivery'");
  return sum.get()!.bytes;
}

test("a delivery takes the same space before and after it is delivered, so that its page need not be split", async () => {
  await using memory = await memoryWorld();
  const { world, db } = memory;
  await world.send();
  const before = bytesOfDeliveries(db);
  const [pending] = await world.waiting();
  expect(await world.settle(pending!, { state: "delivered" })).toBe("moved");
  expect(bytesOfDeliveries(db)).toBe(before);
});
