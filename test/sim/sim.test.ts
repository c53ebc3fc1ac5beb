import { describe, expect, test } from "bun:test";
import { CANARY_NAMES, findings } from "./canary.ts";
import { World } from "./world.ts";

/** A thousand and more are run by `bun run sim`. */
const SEEDS = 40;
/** A planted fault must be found within this many seeds. */
const CANARY_SEEDS = 60;

describe("the simulation", () => {
  test(`finds nothing wrong in ${SEEDS} seeds`, async () => {
    const broken: string[] = [];
    let crashes = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const report = await new World(seed).run();
      crashes += report.crashes;
      if (report.violations.length > 0) broken.push(`seed ${seed}: ${report.violations.slice(0, 3).join("; ")}`);
    }
    expect(broken).toEqual([]);
    expect(crashes).toBeGreaterThan(SEEDS);
  }, 240_000);

  test("runs the same for the same seed", async () => {
    for (const seed of [7, 8]) {
      const first = await new World(seed).run();
      const second = await new World(seed).run();
      expect(second).toEqual(first);
    }
  }, 60_000);

  for (const canary of CANARY_NAMES) {
    test(`finds the planted fault ${canary}`, async () => {
      let found: readonly string[] = [];
      for (let seed = 1; seed <= CANARY_SEEDS && found.length === 0; seed++) {
        found = findings(await new World(seed, { canary }).run(), canary);
      }
      expect(found).not.toBeEmpty();
    }, 120_000);
  }
});
