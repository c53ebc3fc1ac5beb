import { join } from "node:path";
import { settingsTable } from "../src/config/index.ts";

/** Prints the table of all settings; with `--write` puts it between its two marks in the README. */

const README = join(import.meta.dir, "..", "README.md");
const START = "<!-- settings -->";
const END = "<!-- /settings -->";

/** The text with the current table between the marks. Throws when they are not there. */
export function withSettingsTable(text: string): string {
  const start = text.indexOf(START);
  const end = text.indexOf(END, start);
  if (start < 0 || end < 0) throw new Error(`README.md lacks ${START} … ${END}`);
  return `${text.slice(0, start + START.length)}\n\n${settingsTable()}\n\n${text.slice(end)}`;
}

if (import.meta.main) {
  if (process.argv.includes("--write")) await Bun.write(README, withSettingsTable(await Bun.file(README).text()));
  else console.log(settingsTable());
}
