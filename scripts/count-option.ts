import { parseArgs } from "node:util";

/**
 * Returns the values of the options `--name`, which are numbers, with these defaults. Ends the program with
 * exit code 2 if one is less than 1. An option whose default is 0 may be 0.
 */
export function countOptions<Name extends string>(defaults: Readonly<Record<Name, number>>): Record<Name, number> {
  const names = Object.keys(defaults) as Name[];
  const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: "string" }])) });
  return Object.fromEntries(
    names.map((name) => [name, countOf(name, values[name], defaults[name])] as const),
  ) as Record<Name, number>;
}

function countOf(name: string, text: unknown, byDefault: number): number {
  const count = text === undefined ? byDefault : Number(text);
  const least = Math.min(1, byDefault);
  if (Number.isSafeInteger(count) && count >= least) return count;
  console.error(`--${name} must be a whole number, at least ${least}.`);
  process.exit(2);
}
