import { expect, test } from "bun:test";
import { Facts } from "../../src/core/facts.ts";
import { CommitTimes } from "../../src/telemetry/commit-times.ts";

test("the percentiles are those of the commits of the last five minutes", () => {
  const facts = new Facts();
  let now = 0;
  const times = new CommitTimes(facts, () => now);
  const none = { windowMs: 300_000, count: 0, p50Ms: null, p95Ms: null, p99Ms: null, maxMs: null };
  expect(times.recent()).toEqual(none);
  for (let durationMs = 100; durationMs >= 1; durationMs--)
    facts.state({ type: "commit.finished", writes: 1, durationMs });
  expect(times.recent()).toEqual({ ...none, count: 100, p50Ms: 51, p95Ms: 96, p99Ms: 100, maxMs: 100 });
  now += 300_001;
  expect(times.recent()).toEqual(none);
});

test("at most 4,096 commits are kept, the latest ones", () => {
  const facts = new Facts();
  const times = new CommitTimes(facts, () => 0);
  for (let i = 0; i < 5000; i++) facts.state({ type: "commit.finished", writes: 1, durationMs: i < 904 ? 9 : 1 });
  expect(times.recent()).toMatchObject({ count: 4096, maxMs: 1 });
});
