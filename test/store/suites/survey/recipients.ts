import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function recipientsSuite(open: Open): void {
  describe("recipients of a message", () => {
    test("each endpoint has its delivery of the message, or null", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEndpoint();
      const message = await world.sendDead();
      await world.send({}, [other.seq]);
      const found = await world.store.survey.recipients(world.environment.seq, message.seq, [
        other.seq,
        world.endpoint.seq,
      ]);
      expect(found).toEqual([null, await world.delivery(message.seq)]);
      expect(found[1]).toMatchObject({ state: "dead", reason: "status_5xx" });
    });
  });
}
