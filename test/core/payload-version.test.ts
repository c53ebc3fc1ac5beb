import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { newestVersion, planVersions, versionAt } from "../../src/core/payload-version.ts";
import type { PayloadVersion } from "../../src/core/resources/payload-version.ts";

function version(name: string, seq: number, fields: Partial<PayloadVersion> = {}): PayloadVersion {
  return {
    ...{ seq, environmentSeq: 1, version: name, description: "", eventTypes: null, downgrade: "code" },
    ...{ deprecatedAt: null, sunsetAt: null, deletedSeq: null, createdAt: 0, updatedAt: 0 },
    ...fields,
  };
}

/** Returns the delivered version and the names of the downgrades. */
function planned(versions: readonly PayloadVersion[], pinned: string | null, seq: number, eventType = "a") {
  const { delivered, downgrades } = planVersions(versions, pinned, { seq, eventType });
  return [delivered?.version ?? null, downgrades.map((one) => one.version).join()];
}

describe("planVersions", () => {
  const versions = [version("1", 10), version("2", 20), version("3", 30)];

  test("the downgrades of all versions newer than the endpoint's and not newer than the message's run", () => {
    expect(planned(versions, "1", 35)).toEqual(["1", "3,2"]);
    expect(planned(versions, "1", 25)).toEqual(["1", "2"]);
    expect(planned(versions, "2", 35)).toEqual(["2", "3"]);
    expect(planned(versions, "3", 35)).toEqual(["3", ""]);
    expect(planned(versions, null, 35)).toEqual([null, "3,2,1"]);
  });

  test("a message that is older than the endpoint's version is sent in its own version", () => {
    expect(planned(versions, "3", 25)).toEqual(["2", ""]);
    expect(planned(versions, "3", 5)).toEqual([null, ""]);
  });

  test("a version is skipped for other event types and without a downgrade", () => {
    const some = [version("1", 10, { eventTypes: ["b"] }), version("2", 20, { downgrade: null })];
    expect(planned(some, null, 25)).toEqual([null, ""]);
    expect(planned(some, null, 25, "b")).toEqual([null, "1"]);
  });

  test("a version that was created later but named earlier applies to all messages after it by name", () => {
    expect(planned([version("1", 10), version("3", 20), version("2", 30)], "1", 25)).toEqual(["1", "3,2"]);
  });

  test("a deleted version applies to the messages that were accepted while it existed", () => {
    const gone = [version("1", 10), version("2", 20, { deletedSeq: 30 })];
    expect([15, 25, 35].map((seq) => planned(gone, null, seq)[1])).toEqual(["1", "2,1", "1"]);
    expect(newestVersion(gone)?.version).toBe("1");
  });

  test("a version that replaced a deleted one of the same name runs instead of it", () => {
    const replaced = [version("2", 20, { deletedSeq: 30, downgrade: "old" }), version("2", 40, { downgrade: "new" })];
    const { downgrades } = planVersions(replaced, null, { seq: 25, eventType: "a" });
    expect(downgrades.map((one) => one.downgrade)).toEqual(["new"]);
  });

  test("the plan agrees with a slow implementation for random versions, endpoints and messages", () => {
    const names = fc.constantFrom("1", "2", "3", "4", "5");
    const versionsOf = fc
      .uniqueArray(fc.record({ name: names, seq: fc.integer({ min: 1, max: 50 }) }), {
        selector: ({ name }) => name,
      })
      .map((all) => all.map(({ name, seq }) => version(name, seq)));
    fc.assert(
      fc.property(versionsOf, fc.option(names), fc.integer({ min: 0, max: 60 }), (all, pinned, seq) => {
        const known = all.filter((one) => one.seq < seq).map((one) => one.version);
        const newest = known.sort().at(-1);
        expect(versionAt(all, seq)?.version).toBe(newest);
        const expected = all
          .map((one) => one.version)
          .filter((name) => newest !== undefined && name <= newest && (pinned === null || name > pinned))
          .sort()
          .reverse();
        const [delivered, downgrades] = planned(all, pinned, seq);
        expect(downgrades).toBe(expected.join());
        const older = [newest, pinned].filter((name) => name != null).sort()[0];
        expect(delivered).toBe(newest === undefined || pinned === null ? null : older!);
      }),
    );
  });
});
