import { expect, test } from "bun:test";
import { CANARIES } from "./canaries.ts";
import { MoveWorld } from "./world.ts";

/** `bun run sim:moves` runs 500 seeds. */
const SEEDS = 12;
/** Seeds within which each planted fault is found. */
const CANARY_SEEDS = 40;
/** The seeds to begin with for rare faults. Keys bring nearly all messages that consumers have not got. */
const FIRST_SEEDS: Readonly<Record<string, number>> = {
  "an application arrives with the deliveries of another hold": 51,
  "messages for consumers stay behind": 91,
};

test(`${SEEDS} seeds of moves with crashes find no violation`, async () => {
  const broken: string[] = [];
  let [moves, crashes] = [0, 0];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = await new MoveWorld(seed).run();
    moves += report.moves;
    crashes += report.crashes;
    if (report.violations.length > 0) broken.push(`seed ${seed}: ${report.violations.slice(0, 3).join("; ")}`);
  }
  expect(broken).toEqual([]);
  expect(moves).toBeGreaterThanOrEqual(SEEDS);
  expect(crashes).toBeGreaterThanOrEqual(SEEDS);
}, 240_000);

test("the same seed gives the same moves", async () => {
  expect(await new MoveWorld(7).run()).toEqual(await new MoveWorld(7).run());
}, 60_000);

for (const [name, plant] of Object.entries(CANARIES)) {
  test(`the simulation of moves finds the planted fault "${name}"`, async () => {
    const first = FIRST_SEEDS[name] ?? 1;
    for (let seed = first; seed < first + CANARY_SEEDS; seed++) {
      const { violations } = await new MoveWorld(seed, plant).run();
      if (violations.length > 0) return;
    }
    throw new Error(`${CANARY_SEEDS} seeds do not find it.`);
  }, 240_000);
}
