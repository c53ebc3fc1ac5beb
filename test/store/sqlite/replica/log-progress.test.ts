import { expect, test } from "bun:test";
import { FRAME_HEADER_BYTES } from "../../../../src/core/wal.ts";
import { LogProgress } from "../../../../src/store/sqlite/replica/log-progress.ts";

const PAGE_BYTES = 4096;
const FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES;

function head(frames: number, salt: number) {
  return { frames, pageBytes: PAGE_BYTES, salt1: salt, salt2: salt };
}

/** Returns the progress of a generation without records. */
function newProgress(): LogProgress {
  return new LogProgress({ generation: "", epoch: 0, frames: 0, salt1: 0, salt2: 0, at: 0 });
}

test("frames of the log are first committed, then written, then durable", () => {
  const progress = newProgress();
  expect(progress.take(head(5, 1))).toBeTrue();
  expect(progress.next(3 * FRAME_BYTES)).toMatchObject({ epoch: 1, from: 0, to: 3, framesBefore: 0 });
  progress.wrote(3);
  expect(progress.next(10 * FRAME_BYTES)).toMatchObject({ from: 3, to: 5 });
  progress.wrote(5);
  expect([progress.isWritten, progress.isDurable, progress.behindBytes]).toEqual([true, false, 5 * FRAME_BYTES]);
  progress.synced(5);
  expect([progress.isDurable, progress.behindBytes]).toEqual([true, 0]);
  expect(progress.end).toEqual({ epoch: 1, frames: 5, salt1: 1, salt2: 1 });
});

test("frames that were written but not synced are written again after a rewind", () => {
  const progress = newProgress();
  progress.take(head(5, 1));
  progress.wrote(2);
  progress.synced(2);
  progress.wrote(5);
  progress.rewind();
  expect(progress.isWritten).toBeFalse();
  expect(progress.next(10 * FRAME_BYTES)).toMatchObject({ from: 2, to: 5 });
});

test("a log that was restarted begins an epoch if all of it was durable, and positions go on rising", () => {
  const progress = newProgress();
  progress.take(head(5, 1));
  progress.wrote(5);
  progress.synced(5);
  expect(progress.take(head(2, 2))).toBeTrue();
  expect([progress.position, progress.durablePosition]).toEqual([7, 5]);
  expect(progress.next(10 * FRAME_BYTES)).toMatchObject({ epoch: 2, from: 0, to: 2, framesBefore: 5 });
});

test("a log that was restarted before all of it was durable is a gap", () => {
  const progress = newProgress();
  progress.take(head(5, 1));
  progress.wrote(5);
  progress.synced(4);
  expect(progress.take(head(2, 2))).toBeFalse();
});
