import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import { NEWEST_FIRST } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";
import { passes, sendDeadLetters } from "../history/dead-letters.ts";

export function dropSuite(open: Open): void {
  describe("drop", () => {
    test("`drop` cancels the dead letters that match the filter, up to the limit", async () => {
      await using world = await Furnished.open(open);
      const letters = await sendDeadLetters(world);
      const filter = { environmentSeq: world.environment.seq, endpointSeq: world.endpoint.seq };
      const wanted = letters.filter((letter) => passes(letter, filter));
      expect(await world.store.queue.drop(filter, 4)).toBe(4);
      expect(await world.store.queue.drop(filter, 4)).toBe(wanted.length - 4);
      expect(await world.store.queue.drop(filter, 4)).toBe(0);
      await world.reopen();
      const { rows } = await world.store.history.deadLetters.list(
        { environmentSeq: world.environment.seq },
        NEWEST_FIRST,
      );
      expect(rows).toEqual(letters.filter((letter) => !passes(letter, filter)));
      expect(await world.delivery(wanted[0]!.messageSeq)).toMatchObject({ state: "cancelled" });
    });
  });
}
