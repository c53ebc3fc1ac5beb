/**
 * Runs the simulation: `bun run sim --seeds 1000`, or `--seed 42` for a single seed, which also
 * prints that seed's rates. Stops at the first seed that finds a fault unless `--keep-going` is
 * set. At the end, prints how often each mark was reached. From 200 seeds on, a mark that was never
 * reached is a failure. `--canary` runs planted faults instead, which the simulation must find.
 */
import { parseArgs } from "node:util";
import { CANARY_NAMES, type Canary, findings } from "../test/sim/canary.ts";
import { MARKS, Marks } from "../test/sim/marks.ts";
import { describeRates } from "../test/sim/rates.ts";
import { World } from "../test/sim/world.ts";

/** From this number of seeds on, every mark must be reached. */
const SEEDS_FOR_MARKS = 200;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    canary: { type: "boolean", default: false },
    "keep-going": { type: "boolean", default: false },
  },
});
const from = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
if (!Number.isSafeInteger(from) || !Number.isSafeInteger(count) || count < 1) {
  console.error("--seeds, --from and --seed must be whole numbers, and --seeds at least 1.");
  process.exit(2);
}

interface Search {
  /** The first seed that found a fault, or null. */
  readonly found: number | null;
  readonly marks: Marks;
}

async function search(canary: Canary | null): Promise<Search> {
  const sums = { messages: 0, attempts: 0, crashes: 0, stops: 0 };
  const marks = new Marks();
  let found: number | null = null;
  let seeds = 0;
  const startedAt = performance.now();
  for (let seed = from; seed < from + count && (found === null || values["keep-going"]); seed++) {
    const report = await new World(seed, canary).run();
    if (values.seed !== undefined) for (const line of describeRates(report.rates)) console.log(line);
    seeds++;
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += report[name];
    marks.add(report.marks);
    const violations = findings(report, canary);
    if (violations.length === 0) continue;
    found ??= seed;
    console.log(`seed ${seed}: ${violations.length} violations`);
    for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`);
    if (values.seed === undefined) for (const line of describeRates(report.rates)) console.log(`  ${line}`);
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const events = Object.entries(sums).map(([name, sum]) => `${sum} ${name}`);
  const end = found === null ? "nothing found" : "see above";
  console.log(`${seeds} seeds, ${events.join(", ")} in ${seconds} s: ${end}.`);
  return { found, marks };
}

/** Runs every canary. Returns the number of canaries that were not found. */
async function searchCanaries(): Promise<number> {
  let missed = 0;
  for (const canary of CANARY_NAMES) {
    console.log(`planted fault: ${canary}`);
    if ((await search(canary)).found === null) missed++;
  }
  console.log(missed === 0 ? "Every planted fault was found." : `${missed} planted faults were not found.`);
  return missed;
}

/** Prints the table of marks. Returns the number of marks that were never reached. */
function printMarks(marks: Marks): number {
  for (const mark of MARKS) console.log(`${String(marks.of(mark)).padStart(9)}  ${mark}`);
  const missing = marks.missing();
  if (missing.length > 0) console.log(`Never reached: ${missing.join("; ")}.`);
  return missing.length;
}

async function main(): Promise<boolean> {
  if (values.canary) return (await searchCanaries()) === 0;
  const { found, marks } = await search(null);
  if (found !== null && !values["keep-going"]) return false;
  const missing = printMarks(marks);
  return found === null && (missing === 0 || count < SEEDS_FOR_MARKS);
}

process.exit((await main()) ? 0 : 1);
