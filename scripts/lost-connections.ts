/**
 * Runs worlds in which an engine loses its connections to PostgreSQL again and again, and crashes in every
 * second one. Usage: `bun scripts/lost-connections.ts --seeds 200 --from 1`. Exits with 1 if an accepted
 * message is lost, sent twice without a reason, or out of order, or if an attempt is forgotten.
 */
import { LossyWorld } from "../test/engine/lost-connections.ts";
import { countOptions } from "./count-option.ts";
import { startTestPostgres } from "./test-postgres.ts";

const { seeds, from } = countOptions({ seeds: 200, from: 1 });

async function run(): Promise<boolean> {
  await using postgres = await startTestPostgres();
  if (postgres === null) return false;
  const sums = { accepted: 0, refused: 0, attempts: 0, cuts: 0, crashes: 0 };
  let broken = 0;
  for (let seed = from; seed < from + seeds; seed++) {
    const { violations, ...counts } = await LossyWorld.run(seed, postgres.server.url("postgres"));
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += counts[name];
    if (violations.length > 0) broken++;
    for (const violation of violations.slice(0, 20)) console.log(`seed ${seed}: ${violation}`);
  }
  console.log(`${seeds} seeds, ${broken} with violations: ${JSON.stringify(sums)}`);
  return broken === 0;
}

process.exit((await run()) ? 0 : 1);
