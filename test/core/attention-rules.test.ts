import { expect, test } from "bun:test";
import { bySeverity, diskSeverity, isRefusalRecent } from "../../src/core/attention-rules.ts";

const GIB = 1_073_741_824;

test("a disk needs attention below 2 GiB of free space, and urgently below 512 MiB", () => {
  const cases = [
    [null, null],
    [100 * GIB, null],
    [2 * GIB, null],
    [2 * GIB - 1, "warning"],
    [GIB / 2, "warning"],
    [GIB / 2 - 1, "critical"],
    [0, "critical"],
  ] as const;
  for (const [free, severity] of cases) expect([free, diskSeverity(free)]).toEqual([free, severity]);
});

test("entries are sorted by severity and keep their order within a severity", () => {
  const entries = (["info", "warning", "critical", "warning"] as const).map((severity, i) => ({ severity, i }));
  expect(bySeverity(entries).map(({ i }) => i)).toEqual([2, 1, 3, 0]);
});

test("refused requests to a source need attention for a day", () => {
  const hour = 3_600_000;
  expect([0, 23, 24, 1000].map((hours) => isRefusalRecent(5000, 5000 + hours * hour))).toEqual([
    ...[true, true, false, false],
  ]);
});
