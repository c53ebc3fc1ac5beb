import { describe, expect, test } from "bun:test";
import { FULL_SPEED } from "../../../../src/store/sqlite/backup/copy-file.ts";
import { CopyPace, logGrowthMax, pauseMs } from "../../../../src/store/sqlite/backup/copy-pace.ts";

const MIB = 1024 * 1024;
const PAGE_BYTES = 4096;
const FRAME_BYTES = PAGE_BYTES + 24;

const PROGRESS = {
  ...{ workedMs: 2, elapsedMs: 1000, partBytes: MIB, leftBytes: 100 * MIB },
  ...{ logGrowthBytes: MIB, logGrowthBytesMax: 256 * MIB },
};

/** A log and a clock that advance only when told to. */
function world() {
  const state = { frames: 100, salt1: 1, nowMs: 0, pausedMs: 0 };
  const clock = {
    steady: () => state.nowMs,
    after: (delayMs: number, task: () => void) => {
      state.nowMs += delayMs;
      state.pausedMs += delayMs;
      queueMicrotask(task);
      return () => {};
    },
  };
  const head = () => ({ frames: state.frames, pageBytes: PAGE_BYTES, salt1: state.salt1, salt2: 0 });
  return { state, clock, head };
}

describe("the pace of a backup", () => {
  test("a backup works a tenth of the time while the log grows slowly", () => {
    expect(pauseMs(PROGRESS)).toBeCloseTo(18);
    expect(pauseMs({ ...PROGRESS, logGrowthBytes: 0 })).toBeCloseTo(18);
  });

  test("a backup makes shorter pauses if the log would otherwise grow too much, and none beyond the limit", () => {
    // The log grows by 100 MiB per second, so 1.56 s are left for 100 parts.
    const fast = { ...PROGRESS, logGrowthBytes: 100 * MIB };
    expect(pauseMs(fast)).toBeCloseTo(15.6 - 2);
    expect(pauseMs({ ...fast, leftBytes: 1000 * MIB })).toBe(0);
    expect(pauseMs({ ...fast, logGrowthBytes: 300 * MIB })).toBe(0);
  });

  test("the log may grow by 256 MiB or a quarter of the database, but not by the latter beside a replica", () => {
    expect(logGrowthMax(600 * MIB, false)).toBe(256 * MIB);
    expect(logGrowthMax(4096 * MIB, false)).toBe(1024 * MIB);
    expect(logGrowthMax(4096 * MIB, true)).toBe(256 * MIB);
  });

  test("a backup is made at full speed while nothing is committed, and slowly while something is", async () => {
    const { state, clock, head } = world();
    const pace = new CopyPace(clock, head, 256 * MIB);
    expect(pace.partBytes).toBe(MIB);
    state.nowMs += 5;
    await pace.after(MIB, 10 * MIB);
    expect([state.pausedMs, pace.partBytes, pace.syncBytes]).toEqual([0, FULL_SPEED.partBytes, FULL_SPEED.syncBytes]);

    state.nowMs += 5;
    state.frames += 3;
    await pace.after(MIB, 9 * MIB);
    expect(state.pausedMs).toBeCloseTo(45);
    expect([pace.partBytes, pace.syncBytes]).toEqual([MIB, 8 * MIB]);

    // A restart of the log is a commit as well, and the pause does not count as work.
    state.nowMs += 1;
    state.salt1 = 2;
    state.frames = 1;
    await pace.after(MIB, 8 * MIB);
    expect(state.pausedMs).toBeCloseTo(54);
  });

  test("a backup whose log grows to the limit ends within the time that the limit allows", async () => {
    const { state, clock, head } = world();
    const bytesMax = 64 * MIB;
    const pace = new CopyPace(clock, head, bytesMax);
    const parts = 600;
    for (let left = parts - 1; left >= 0; left--) {
      // Each part takes 2 ms, and the log grows by 28 MiB per second.
      state.nowMs += 2;
      state.frames = 100 + Math.floor((state.nowMs / 1000) * 28 * (MIB / FRAME_BYTES));
      await pace.after(MIB, left * MIB);
    }
    const growth = (state.frames - 100) * FRAME_BYTES;
    expect(growth).toBeGreaterThan(0.9 * bytesMax);
    expect(growth).toBeLessThan(1.02 * bytesMax);
  });
});
