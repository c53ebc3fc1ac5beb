import { describe, expect, test } from "bun:test";
import { type MovedVersions, versionObstacle } from "../../src/core/moved-versions.ts";
import type { PayloadVersion } from "../../src/core/resources/payload-version.ts";

function version(version: string, seq: number, change: Partial<PayloadVersion> = {}): PayloadVersion {
  return {
    ...{ seq, environmentSeq: 1, version, description: "", eventTypes: null, downgrade: null, deletedSeq: null },
    ...{ deprecatedAt: null, sunsetAt: null, createdAt: 1, updatedAt: 1 },
    ...change,
  };
}

const A = "2026-01-01";
const B = "2026-02-01";
/** One version, created between the messages 10 and 20, and both of them wait. */
const MOVED: MovedVersions = {
  oldestPinned: A,
  oldestWaiting: 10,
  versions: [
    { version: A, eventTypes: ["b", "a"], downgrade: "code", created: { after: 10, before: 20 }, deleted: null },
  ],
};
const HERE = version(A, 15, { eventTypes: ["a", "b"], downgrade: "code" });

describe("payload versions of an application that moves", () => {
  const cases: ReadonlyArray<readonly [name: string, here: readonly PayloadVersion[], obstacle: RegExp | null]> = [
    ["the same version is no obstacle", [HERE], null],
    ["a version that does not exist here is an obstacle", [], /version 2026-01-01 does not exist here/],
    ["a newer version that only exists here is an obstacle", [HERE, version(B, 16)], /version 2026-02-01 exists here/],
    ["an older version that only exists here is no obstacle", [version("2025", 1), HERE], null],
    ["another downgrade is an obstacle", [{ ...HERE, downgrade: "other" }], /2026-01-01 here differs/],
    ["other event types are an obstacle", [{ ...HERE, eventTypes: null }], /2026-01-01 here differs/],
    ["a version that was deleted here is an obstacle", [{ ...HERE, deletedSeq: 18 }], /2026-01-01 here differs/],
    [
      "a version that was deleted before all messages that wait is no obstacle",
      [version(B, 1, { deletedSeq: 9 }), HERE],
      null,
    ],
    ["a version from before a message that waits is an obstacle", [{ ...HERE, seq: 9 }], /another time/],
    ["a version from after a message that waits is an obstacle", [{ ...HERE, seq: 21 }], /another time/],
  ];
  for (const [name, here, obstacle] of cases) {
    test(name, () => {
      const found = versionObstacle(MOVED, here);
      if (obstacle === null) expect(found).toBeNull();
      else expect(found).toMatch(obstacle);
    });
  }

  test("if an endpoint is older than all versions, older versions count too", () => {
    const moved = { ...MOVED, oldestPinned: null };
    expect(versionObstacle(moved, [version("2025", 1), HERE])).toContain("version 2025 exists here");
  });
});
