import { describe, expect, test } from "bun:test";
import { seqAt } from "../../../../src/core/id.ts";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

const HOUR_MS = 3_600_000;

export function scheduledSuite(open: Open): void {
  describe("scheduled message", () => {
    test("a scheduled message keeps its position and its warnings across a restart", async () => {
      await using world = await Furnished.open(open);
      const deliverAt = world.now + HOUR_MS;
      const warnings = [{ loc: ["body", "payload"], msg: "Must be object.", type: "schema.type" }];
      const { seq } = await world.send({ deliverAt, warnings });
      await world.reopen();
      const [delivery] = await world.waiting();
      expect(delivery).toMatchObject({ messageSeq: seq, position: seqAt(deliverAt), dueAt: deliverAt });
      expect(await world.store.history.messages.get(seq)).toMatchObject({ deliverAt, warnings });
    });

    test("a scheduled message waits behind messages that are accepted before its time", async () => {
      await using world = await Furnished.open(open);
      const later = await world.send({ deliverAt: world.now + HOUR_MS });
      const atOnce = await world.send();
      expect((await world.waiting()).map(({ messageSeq }) => messageSeq)).toEqual([atOnce.seq, later.seq]);
    });

    test("a scheduled delivery's position is greater than its sequence number, even if the clock was set back", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send({ deliverAt: world.now - HOUR_MS });
      expect((await world.waiting())[0]!.position).toBe(message.deliveries[0]!.seq + 1);
    });

    test("a scheduled message keeps its position when its endpoint is switched to FIFO", async () => {
      await using world = await Furnished.open(open);
      const deliverAt = world.now + HOUR_MS;
      await world.send({ deliverAt });
      await world.store.configuration.endpoints.update(world.endpoint.seq, () => ({
        ordering: "fifo",
        updatedAt: world.now,
      }));
      expect((await world.waiting())[0]!.position).toBe(seqAt(deliverAt));
    });
  });
}
