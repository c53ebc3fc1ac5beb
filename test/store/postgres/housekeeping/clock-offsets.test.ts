import { afterAll, describe, expect, test } from "bun:test";
import { hasPostgres } from "../../../support/postgres.ts";
import { Furnished } from "../../furnished.ts";
import { closeSharedServer, openDatabase } from "../open.ts";

describe.skipIf(!hasPostgres)("the offsets of the clock on PostgreSQL", () => {
  afterAll(closeSharedServer);

  test("the time since which an endpoint has been failing moves only when changes of the clock add up to more than a second", async () => {
    await using world = await Furnished.open(openDatabase);
    const { configuration, housekeeping } = world.store;
    const endpoint = await world.addEndpoint({ failingSince: world.now });
    for (const [aheadMs, shiftMs] of [
      [700, 0],
      [-400, 0],
      [1001, 1001],
      [900, 1001],
    ] as const) {
      await housekeeping.clockOffsets.set({ aheadMs, positionsAheadMs: 1001 });
      expect(await housekeeping.clockOffsets.get()).toEqual({ aheadMs, positionsAheadMs: 1001 });
      expect((await configuration.endpoints.get(endpoint.seq))!.failingSince).toBe(world.now + shiftMs);
    }
  });
});
