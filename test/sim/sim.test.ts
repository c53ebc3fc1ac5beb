import { describe, expect, test } from "bun:test";
import { MARKS, Marks, RELIABLE_MARKS } from "./marks.ts";
import { World } from "./world.ts";

/** `bun run sim` runs more than a thousand seeds. */
const SEEDS = 40;

describe("the simulation", () => {
  const marks = new Marks();

  test(`the simulation finds no violation with ${SEEDS} seeds`, async () => {
    const broken: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const report = await new World(seed).run();
      marks.add(report.marks);
      if (report.violations.length > 0) broken.push(`seed ${seed}: ${report.violations.slice(0, 3).join("; ")}`);
    }
    expect(broken).toEqual([]);
  }, 240_000);

  test(`the simulation with ${SEEDS} seeds reaches every mark that is not rare`, () => {
    expect(RELIABLE_MARKS.length).toBeGreaterThan(MARKS.length / 2);
    expect(marks.missing(RELIABLE_MARKS)).toEqual([]);
  });

  test("the same seed gives the same world", async () => {
    for (const seed of [7, 8]) {
      const [first, second] = [await new World(seed).run(), await new World(seed).run()];
      expect(second).toEqual(first);
      expect([...second.marks.counts]).toEqual([...first.marks.counts]);
    }
  }, 60_000);
});
