/**
 * Runs the simulation: `bun run sim --seeds 1000`, one seed in full with `--seed 42`, or with planted faults that it must
 * find: `bun run sim --canary`.
 */
import { parseArgs } from "node:util";
import { CANARIES, type Canary } from "../test/sim/canary.ts";
import { World } from "../test/sim/world.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    canary: { type: "boolean", default: false },
  },
});
const from = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
if (!Number.isSafeInteger(from) || !Number.isSafeInteger(count) || count < 1) {
  console.error("--seeds, --from and --seed want whole numbers.");
  process.exit(2);
}

/** The first seed that finds something, or null. */
async function search(canary: Canary | null): Promise<number | null> {
  let messages = 0;
  let attempts = 0;
  let crashes = 0;
  const startedAt = performance.now();
  for (let seed = from; seed < from + count; seed++) {
    const report = await new World(seed, canary).run();
    messages += report.messages;
    attempts += report.attempts;
    crashes += report.crashes;
    if (report.violations.length > 0) {
      console.log(`seed ${seed}: ${report.violations.length} violations`);
      for (const violation of report.violations.slice(0, 20)) console.log(`  ${violation}`);
      return seed;
    }
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(
    `${count} seeds, ${messages} messages, ${attempts} attempts, ${crashes} crashes in ${seconds} s: nothing found.`,
  );
  return null;
}

if (values.canary) {
  let missed = 0;
  for (const canary of CANARIES) {
    console.log(`planted: ${canary}`);
    if ((await search(canary)) === null) missed++;
  }
  console.log(missed === 0 ? "Every planted fault was found." : `${missed} planted faults were not found.`);
  process.exit(missed === 0 ? 0 : 1);
}
process.exit((await search(null)) === null ? 0 : 1);
