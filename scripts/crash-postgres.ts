/**
 * Kills the executable, PostgreSQL and the connections between them repeatedly, under load. Usage:
 * `bun scripts/crash-postgres.ts --cycles 50`. The load includes signed requests to a source. Exits with 1
 * if anything that was acknowledged is lost, altered or undone, or if a source has stored an event twice.
 */
import { crashOnPostgres } from "../test/crash/postgres.ts";
import { countOptions } from "./count-option.ts";
import { ensureExecutable } from "./executable.ts";

const { cycles } = countOptions({ cycles: 50 });

await ensureExecutable();
const outcome = await crashOnPostgres(cycles, console.log);
console.log(JSON.stringify(outcome, null, 2));
const { lost, unlike, disordered, undone } = outcome;
const { lostFromSource, storedTwice, unlikeSource, disorderedFromSource } = outcome;
const wrong = lost + unlike + disordered + undone + lostFromSource + storedTwice + unlikeSource + disorderedFromSource;
process.exit(wrong === 0 ? 0 : 1);
