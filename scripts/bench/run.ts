import { EXECUTABLE, ensureExecutable } from "../executable.ts";
import { backlog } from "./backlog.ts";
import { runBackupBench } from "./backup/run.ts";
import { UsageError } from "./common-options.ts";
import { compare } from "./compare.ts";
import { features } from "./features.ts";
import { describeMachine } from "./machine.ts";
import { HELP, type Options, readOptions } from "./options.ts";
import { runPages } from "./pages/run.ts";
import { runPostgresBench } from "./postgres/run.ts";
import { runReadme } from "./readme.ts";

/** `bun run bench`; see `--help`. */

/** Benches with their own options, by name. */
const OTHERS = new Map([
  ["pages", runPages],
  ["backup", runBackupBench],
  ["postgres", runPostgresBench],
  ["readme", runReadme],
]);
const other = OTHERS.get(process.argv[2] ?? "");
if (other !== undefined) {
  await other(process.argv.slice(3));
  process.exit();
}

function optionsOrExit(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message} See --help.`);
    process.exit(2);
  }
}

const options = optionsOrExit();
if (options.help) {
  console.log(HELP);
  process.exit();
}

async function bench(): Promise<void> {
  const executable = options.binary ?? EXECUTABLE;
  if (options.binary === null && options.only !== "yardstick") await ensureExecutable();
  const machine = describeMachine();
  console.log(machine);
  const run = options.backlog ? backlog : options.features ? features : compare;
  const figures = await run(options, executable);
  if (options.json === null) return;
  await Bun.write(options.json, `${JSON.stringify({ machine, options, ...figures }, null, 2)}\n`);
}

try {
  await bench();
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
