import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { Furnished } from "../../furnished.ts";
import { NEWEST_FIRST } from "../../pages.ts";
import { openedOnce } from "../../store-under-test.ts";
import { optionsFor } from "../open.ts";

test("the stretches of deleted rows are deleted, and the remaining rows are still found", async () => {
  using directory = temporaryDirectory();
  await using world = await Furnished.open(async () => {
    const store = await openStore(optionsFor(directory.path));
    return openedOnce(store);
  });
  using reader = new Database(directory.file("boathook.db"), { readonly: true });
  const lines = () => reader.query<{ n: number }, []>("SELECT COUNT(*) AS n FROM stretch").get()!.n;
  const fill = async (count: number) => {
    const messages = await world.sendMany(count);
    await world.kill();
    return messages;
  };
  await fill(500);
  const before = lines();
  world.now += 1000;
  const kept = await fill(100);
  expect(before).toBeGreaterThan(10);
  while ((await world.store.housekeeping.prune(kept[0]!.acceptedAt, world.now, 100)).deleted > 0);
  // A stretch that contains deleted rows may remain only if it also contains remaining rows.
  expect(lines()).toBeLessThan(before / 2);
  const { rows } = await world.store.history.attempts.ofEndpoint(
    world.endpoint.seq,
    { outcome: "failed" },
    NEWEST_FIRST,
    false,
  );
  expect(rows.map(({ messageSeq }) => messageSeq).sort()).toEqual(kept.map(({ seq }) => seq).sort());
  const more = await world.send({ eventType: "later" });
  const filter = { eventTypes: ["later"] };
  const { rows: later } = await world.store.history.messages.list(world.application.seq, filter, NEWEST_FIRST, false);
  expect(later.map(({ seq }) => seq)).toEqual([more.seq]);
});
