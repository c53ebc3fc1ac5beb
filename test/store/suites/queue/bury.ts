import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import { NEWEST_FIRST } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";

export function burySuite(open: Open): void {
  describe("bury", () => {
    test("`bury` turns the first pending deliveries of a lane into dead letters, up to the limit", async () => {
      await using world = await Furnished.open(open);
      const messages = await world.sendMany(5);
      await world.store.configuration.endpoints.update(world.endpoint.seq, () => ({ disabled: true }));
      expect(await world.store.queue.bury(world.endpoint.seq, "dead", world.now + 1, 3)).toBe(3);
      expect((await world.waiting()).map(({ messageSeq }) => messageSeq)).toEqual(
        messages.slice(3).map(({ seq }) => seq),
      );
      expect(await world.store.queue.bury(world.endpoint.seq, "dead", world.now + 1, 3)).toBe(2);
      expect(await world.store.queue.bury(world.endpoint.seq, "dead", world.now + 1, 3)).toBe(0);
      await world.reopen();
      const { rows } = await world.store.history.deadLetters.list(
        { environmentSeq: world.environment.seq },
        NEWEST_FIRST,
      );
      expect(rows.map(({ messageSeq }) => messageSeq)).toEqual(messages.map(({ seq }) => seq).toReversed());
      for (const row of rows) {
        expect(row).toMatchObject({ reason: "disabled", attempts: 0, lastAttempt: null, deadAt: world.now + 1 });
      }
    });

    test("`bury` can cancel deliveries without making dead letters", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send();
      expect(await world.store.queue.bury(world.endpoint.seq, "cancelled", world.now, 10)).toBe(1);
      expect(await world.delivery(message.seq)).toMatchObject({ state: "cancelled", reason: null });
      expect(await world.store.history.deadLetters.groups({ environmentSeq: world.environment.seq })).toEqual([]);
    });

    test("`bury` makes no dead letters for an endpoint that has been enabled again", async () => {
      await using world = await Furnished.open(open);
      await world.send();
      const [disabling, enabling, burying] = await Promise.all([
        world.store.configuration.endpoints.update(world.endpoint.seq, () => ({ disabled: true })),
        world.store.configuration.endpoints.update(world.endpoint.seq, () => ({ disabled: false })),
        world.store.queue.bury(world.endpoint.seq, "dead", world.now, 10),
      ]);
      expect([disabling, enabling]).toMatchObject([{ after: { disabled: true } }, { after: { disabled: false } }]);
      expect(burying).toBe(0);
      expect(await world.waiting()).toHaveLength(1);
    });

    test("`bury` affects neither other lanes nor deliveries that have ended", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEndpoint();
      const arrived = await world.send();
      await world.settle((await world.waiting())[0]!, { state: "delivered" });
      await world.send({}, [other.seq]);
      await world.store.configuration.endpoints.update(world.endpoint.seq, () => ({ disabled: true }));
      expect(await world.store.queue.bury(world.endpoint.seq, "dead", world.now, 10)).toBe(0);
      expect(await world.delivery(arrived.seq)).toMatchObject({ state: "delivered" });
      expect(await world.waiting(other.seq)).toHaveLength(1);
    });
  });
}
