/**
 * Fills a data directory with many messages and attempts of many customers:
 * `bun scripts/bench/seed.ts --data-dir D [--messages N] [--attempts N] [--dead N] [--days N] [--seed N]`.
 */
import { parseArgs } from "node:util";
import { writeLargeStore } from "./seed/write.ts";

const text = (fallback: string) => ({ type: "string", default: fallback }) as const;
const { values } = parseArgs({
  options: {
    "data-dir": { type: "string" },
    messages: text("200000"),
    attempts: text("1000000"),
    dead: text("100000"),
    days: text("85"),
    seed: text("1"),
  },
});
const dataDir = values["data-dir"];
if (dataDir === undefined) {
  console.error("--data-dir is missing.");
  process.exit(2);
}
const startedAt = performance.now();
const broken = await writeLargeStore({
  dataDir,
  messages: Number(values.messages),
  attempts: Number(values.attempts),
  deadLetters: Number(values.dead),
  days: Number(values.days),
  seed: Number(values.seed),
});
console.log(`Written in ${((performance.now() - startedAt) / 1000).toFixed(0)} s.`);
for (const { table, rule, rows } of broken) console.error(`${rows} rows of ${table} break the rule ${rule}.`);
process.exit(broken.length > 0 ? 1 : 0);
