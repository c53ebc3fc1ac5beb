/**
 * Runs instances of the executable on one PostgreSQL server under load. Kills, suspends and stops
 * them and kills the database, in turn. Usage:
 *
 *     bun run instances --cycles 200 --instances 4 --clock-seconds 90
 *
 * With `--clock-seconds`, the clock of each instance is wrong by another multiple of these. With
 * `--pgbouncer 1`, the instances connect through PgBouncer. Exits with 1 if a message that was accepted
 * is lost, if a lane with an order is out of order, or if the rows in the database do not match.
 */
import { clockErrors, failover } from "../test/instances/run.ts";
import { countOptions } from "./count-option.ts";
import { ensureExecutable } from "./executable.ts";

const {
  cycles,
  instances,
  "clock-seconds": seconds,
  pgbouncer,
} = countOptions({ cycles: 50, instances: 2, "clock-seconds": 0, pgbouncer: 0 });

await ensureExecutable();
const outcome = await failover({
  ...{ cycles, clockErrors: clockErrors(instances, seconds), isPooled: pgbouncer > 0 },
  say: console.log,
});
console.log(JSON.stringify(outcome, null, 2));
const { accepted, lost, disordered, rows } = outcome;
const isWhole = rows.messages === accepted && rows.delivered === accepted && rows.pending === 0;
process.exit(lost + disordered === 0 && isWhole ? 0 : 1);
