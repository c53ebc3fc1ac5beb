import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type SourceLogEntry, sourceLogEntriesMax } from "../../../../src/store/index.ts";
import { bytes, DAY_MS, Furnished } from "../../furnished.ts";
import { expectPages, NEWEST_FIRST } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";

function entryOf(world: Furnished, sourceSeq: number, change: Partial<SourceLogEntry> = {}): SourceLogEntry {
  return {
    seq: world.seqs.next(),
    sourceSeq,
    status: 401,
    cause: "signature_mismatch",
    errorText: "The signature does not match.",
    method: "POST",
    path: "/orders?a=1",
    address: "192.0.2.1",
    headers: { "x-signature": "abc", authorization: "[redacted]" },
    payload: bytes("\u0000 not JSON"),
    createdAt: world.now,
    ...change,
  };
}

export function sourceLogSuite(open: Open): void {
  describe("source log", () => {
    const listed = async ({ store }: Furnished, seq: number) =>
      (await store.history.sourceLog.list(seq, { ...NEWEST_FIRST, limit: 2000 })).rows;

    test("entries are listed per source, newest first, unchanged after a restart", async () => {
      await using world = await Furnished.open(open);
      const [one, two] = [await world.addSource(), await world.addSource()];
      const first = entryOf(world, one.seq);
      const second = entryOf(world, one.seq, { cause: "payload_too_large", payload: bytes(""), headers: {} });
      const theirs = entryOf(world, two.seq);
      for (const entry of [first, second, theirs]) await world.store.history.sourceLog.add(entry);
      await world.reopen();
      expect(await listed(world, one.seq)).toEqual([second, first]);
      expect(await listed(world, two.seq)).toEqual([theirs]);
      expect(await listed(world, 17)).toEqual([]);
      for (const entry of [first, second, theirs]) {
        expect(await world.store.history.sourceLog.get(entry.seq)).toEqual(entry);
      }
      expect(await world.store.history.sourceLog.get(17)).toBeNull();
    });

    test("the log is listed in pages in both directions", async () => {
      await using world = await Furnished.open(open);
      const source = await world.addSource();
      const entries = Array.from({ length: 7 }, () => entryOf(world, source.seq));
      for (const entry of entries) await world.store.history.sourceLog.add(entry);
      await expectPages(
        entries,
        fc.constant(null),
        () => true,
        (_, page) => world.store.history.sourceLog.list(source.seq, page),
      );
    });

    test("a source keeps only its newest entries, and other sources lose none", async () => {
      await using world = await Furnished.open(open);
      const [one, two] = [await world.addSource(), await world.addSource()];
      const theirs = entryOf(world, two.seq);
      await world.store.history.sourceLog.add(theirs);
      const entries = Array.from({ length: sourceLogEntriesMax + 3 }, () => entryOf(world, one.seq));
      await Promise.all(entries.map((entry) => world.store.history.sourceLog.add(entry)));
      const seqs = (await listed(world, one.seq)).map(({ seq }) => seq);
      expect(seqs).toEqual(
        entries
          .slice(3)
          .map(({ seq }) => seq)
          .reverse(),
      );
      expect(await listed(world, two.seq)).toEqual([theirs]);
    });

    test("nothing is logged for a source that does not exist", async () => {
      await using world = await Furnished.open(open);
      const source = await world.addSource();
      await world.store.configuration.sources.delete(source.seq, world.now);
      await world.store.history.sourceLog.add(entryOf(world, source.seq));
      await world.store.history.sourceLog.add(entryOf(world, 17));
      expect(await listed(world, source.seq)).toEqual([]);
      expect(await listed(world, 17)).toEqual([]);
    });

    test("pruning deletes entries that are past their retention and the logs of deleted sources", async () => {
      await using world = await Furnished.open(open);
      const [kept, deleted] = [await world.addSource(), await world.addSource()];
      const old = entryOf(world, kept.seq);
      await world.store.history.sourceLog.add(old);
      world.now += DAY_MS;
      const young = entryOf(world, kept.seq);
      await world.store.history.sourceLog.add(young);
      for (let i = 0; i < 3; i++) await world.store.history.sourceLog.add(entryOf(world, deleted.seq));
      await world.store.configuration.sources.delete(deleted.seq, world.now);
      while ((await world.store.housekeeping.prune(world.now - 1, world.now, 2)).more);
      expect(await listed(world, kept.seq)).toEqual([young]);
      expect(await listed(world, deleted.seq)).toEqual([]);
      expect(await world.store.housekeeping.prune(world.now - 1, world.now, 100)).toEqual({ deleted: 0, more: false });
    });
  });
}
