/**
 * Runs the simulation: `bun run sim --seeds 1000`, a single seed with `--seed 42`, or planted
 * faults that it must find with `--canary`. Stops at the first seed that finds something unless
 * `--keep-going` is set.
 */
import { parseArgs } from "node:util";
import { CANARY_NAMES, type Canary, findings } from "../test/sim/canary.ts";
import { World } from "../test/sim/world.ts";

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

/** Returns the first seed that finds something, or null. */
async function search(canary: Canary | null): Promise<number | null> {
  let found: number | null = null;
  let messages = 0;
  let attempts = 0;
  let crashes = 0;
  const startedAt = performance.now();
  for (let seed = from; seed < from + count; seed++) {
    const report = await new World(seed, { canary }).run();
    messages += report.messages;
    attempts += report.attempts;
    crashes += report.crashes;
    const violations = findings(report, canary);
    if (violations.length > 0) {
      console.log(`seed ${seed}: ${violations.length} violations`);
      for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`);
      found ??= seed;
      if (!values["keep-going"]) return found;
    }
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const done = `${count} seeds, ${messages} messages, ${attempts} attempts, ${crashes} crashes in ${seconds} s`;
  console.log(`${done}: ${found === null ? "nothing found" : "see above"}.`);
  return found;
}

if (values.canary) {
  let missed = 0;
  for (const canary of CANARY_NAMES) {
    console.log(`planted fault: ${canary}`);
    if ((await search(canary)) === null) missed++;
  }
  console.log(missed === 0 ? "Every planted fault was found." : `${missed} planted faults were not found.`);
  process.exit(missed === 0 ? 0 : 1);
}
process.exit((await search(null)) === null ? 0 : 1);
