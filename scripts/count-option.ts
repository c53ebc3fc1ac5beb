import { parseArgs } from "node:util";

/** Returns the value of the option `--name`. Ends the program with exit code 2 if it is not at least 1. */
export function countOption(name: string, byDefault: number): number {
  const { values } = parseArgs({ options: { [name]: { type: "string", default: String(byDefault) } } });
  const count = Number(values[name]);
  if (!Number.isSafeInteger(count) || count < 1) {
    console.error(`--${name} must be a whole number, at least 1.`);
    process.exit(2);
  }
  return count;
}
