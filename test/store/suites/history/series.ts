import { describe, expect, test } from "bun:test";
import { HOUR_MS, HOURS_KEPT_MS, MINUTE_MS, MINUTES_KEPT_MS, type SeriesRow } from "../../../../src/core/series.ts";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

const SCOPE = 17;

function row(startAt: number, more: Partial<SeriesRow> = {}): SeriesRow {
  const counts = { accepted: 1, attempts: 2, failed: 1, delivered: 1, dead: 0, durations: [1, 0, 1] };
  return { scopeSeq: SCOPE, stepMs: HOUR_MS, startAt, ...counts, ...more };
}

export function seriesSuite(open: Open): void {
  describe("series", () => {
    test("counts added to the same bucket are summed, also after a restart", async () => {
      await using world = await Furnished.open(open);
      await world.store.history.series.add([row(0)]);
      await world.reopen();
      await world.store.history.series.add([row(0, { dead: 3, durations: [1, 1] }), row(0, { durations: [] })]);
      expect(await world.store.history.series.read(SCOPE, HOUR_MS, 0, 1)).toEqual([
        row(0, { accepted: 3, attempts: 6, failed: 3, delivered: 3, dead: 3, durations: [2, 1, 1] }),
      ]);
    });

    test("buckets are read in order of time, from the first time and before the second", async () => {
      await using world = await Furnished.open(open);
      const starts = [3, 0, 2, 1].map((hour) => hour * HOUR_MS);
      await world.store.history.series.add(starts.map((startAt) => row(startAt)));
      const read = await world.store.history.series.read(SCOPE, HOUR_MS, HOUR_MS, 3 * HOUR_MS);
      expect(read.map(({ startAt }) => startAt)).toEqual([HOUR_MS, 2 * HOUR_MS]);
    });

    test("scopes and lengths of buckets are separate", async () => {
      await using world = await Furnished.open(open);
      await world.store.history.series.add([row(0), row(0, { scopeSeq: SCOPE + 1 }), row(0, { stepMs: MINUTE_MS })]);
      expect(await world.store.history.series.read(SCOPE, HOUR_MS, 0, 1)).toEqual([row(0)]);
      expect(await world.store.history.series.read(SCOPE + 2, HOUR_MS, 0, 1)).toEqual([]);
    });

    test("pruning deletes old minutes and old hours, a limited number at a time", async () => {
      await using world = await Furnished.open(open);
      const now = 200 * 24 * HOUR_MS;
      const [minute, hour] = [now - MINUTES_KEPT_MS, now - HOURS_KEPT_MS];
      const starts = [minute - 3 * MINUTE_MS, minute - 2 * MINUTE_MS, minute - MINUTE_MS, minute];
      await world.store.history.series.add([
        ...starts.map((startAt) => row(startAt, { stepMs: MINUTE_MS })),
        ...[hour - HOUR_MS, hour, minute - HOUR_MS].map((startAt) => row(startAt)),
      ]);
      const { prune } = world.store.housekeeping;
      expect(await prune(0, now, 2)).toMatchObject({ more: true });
      expect(await prune(0, now, 2)).toMatchObject({ more: false });
      const left = async (stepMs: number) =>
        (await world.store.history.series.read(SCOPE, stepMs, 0, now)).map(({ startAt }) => startAt);
      expect(await left(MINUTE_MS)).toEqual([minute]);
      expect(await left(HOUR_MS)).toEqual([hour, minute - HOUR_MS]);
    });
  });
}
