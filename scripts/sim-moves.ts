/**
 * Simulates moves of applications between two servers that crash: `bun run sim:moves --seeds 500`.
 * `--from` is the first seed. Stops at the first seed that finds a fault.
 */
import { MoveWorld } from "../test/sim/moves/world.ts";
import { countOptions } from "./count-option.ts";

const { seeds, from } = countOptions({ seeds: 500, from: 1 });
const sums = { messages: 0, crashes: 0, tries: 0, moves: 0 };
const startedAt = performance.now();
for (let seed = from; seed < from + seeds; seed++) {
  const report = await new MoveWorld(seed).run();
  for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += report[name];
  if (report.violations.length === 0) continue;
  console.log(`seed ${seed}: ${report.violations.length} violations`);
  for (const violation of report.violations.slice(0, 20)) console.log(`  ${violation}`);
  process.exit(1);
}
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
const events = Object.entries(sums).map(([name, sum]) => `${sum} ${name}`);
console.log(`${seeds} seeds, ${events.join(", ")} in ${seconds} s: nothing found.`);
