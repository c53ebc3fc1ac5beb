import { expect, test } from "bun:test";
import { CommitWatch } from "../../../../src/store/postgres/instances/commit-watch.ts";

test("commits of other processes are news once, and news comes once a second at most", () => {
  const watch = new CommitWatch();
  const at = (now: number, ...commits: number[]) =>
    watch.takeNews(
      commits.map((count, slot) => ({ slot, fence: 1, commits: count })),
      now,
    );
  expect(at(0)).toBe(false);
  expect(at(10, 5)).toBe(true);
  expect(at(900, 6)).toBe(false);
  expect(at(1010, 6)).toBe(true);
  expect(at(9000, 6)).toBe(false);
  expect(at(9001, 6, 1)).toBe(true);
});

test("the commits of the next process that uses a row are news", () => {
  const watch = new CommitWatch();
  expect(watch.takeNews([{ slot: 3, fence: 1, commits: 7 }], 0)).toBe(true);
  expect(watch.takeNews([{ slot: 3, fence: 2, commits: 7 }], 2000)).toBe(true);
});
