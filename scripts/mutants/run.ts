import { parseArgs } from "node:util";
import { apiMutants } from "./api.ts";
import { killAll } from "./command.ts";
import { copyRepository } from "./copy.ts";
import { coreMutants } from "./core.ts";
import { deliverMutants } from "./deliver.ts";
import { httpMutants } from "./http.ts";
import { limitMutants } from "./limits.ts";
import type { Mutant } from "./mutant.ts";
import { Planter, type Result } from "./plant.ts";
import { storeMutants } from "./store.ts";

/**
 * `bun run mutants` plants small faults in a copy of the repository, one by one, and runs the tests
 * that must detect each. Prints a table. Exits with 1 if a fault survives or must be updated
 * because the code has changed. `--list` prints the names. `--only NAME` tries only these mutants
 * and may be repeated.
 */

const ALL: readonly Mutant[] = [
  ...coreMutants,
  ...storeMutants,
  ...deliverMutants,
  ...apiMutants,
  ...httpMutants,
  ...limitMutants,
];
const NAME_CHARS = Math.max(...ALL.map(({ name }) => name.length));

const { values } = parseArgs({
  options: { list: { type: "boolean", default: false }, only: { type: "string", multiple: true } },
});

function chosen(): readonly Mutant[] {
  const { only } = values;
  const unknown = only?.find((name) => !ALL.some((mutant) => mutant.name === name));
  if (unknown !== undefined) {
    console.error(`There is no mutant ${unknown}. --list prints their names.`);
    process.exit(2);
  }
  return only === undefined ? ALL : ALL.filter(({ name }) => only.includes(name));
}

function line({ name }: Mutant, { outcome, detail, seconds }: Result): string {
  const shown = outcome === "caught" ? outcome : outcome.toUpperCase();
  return `${name.padEnd(NAME_CHARS)}  ${shown.padEnd(15)}  ${seconds.toFixed(1).padStart(5)} s  ${detail}`;
}

async function tryAll(mutants: readonly Mutant[]): Promise<boolean> {
  const planter = new Planter(await copyRepository());
  const counts: Record<Result["outcome"], number> = { caught: 0, survived: 0, "must be updated": 0 };
  const startedAt = performance.now();
  for (const mutant of mutants) {
    const result = await planter.try(mutant);
    counts[result.outcome]++;
    console.log(line(mutant, result));
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  const others = `${counts.survived} survived, ${counts["must be updated"]} must be updated`;
  console.log(`${mutants.length} mutants: ${counts.caught} caught, ${others}, in ${seconds} s.`);
  return counts.caught === mutants.length;
}

if (values.list) {
  for (const { name, file } of ALL) console.log(`${name.padEnd(NAME_CHARS)}  ${file}`);
} else {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      killAll();
      process.exit(2);
    });
  }
  process.exit((await tryAll(chosen())) ? 0 : 1);
}
