import { join } from "node:path";
import { settingsTable } from "../src/config/index.ts";

/**
 * Prints the table of all settings. With `--write`, inserts the table between its markers in the
 * README.
 */

const README = join(import.meta.dir, "..", "README.md");
const START = "<!-- settings -->";
const END = "<!-- /settings -->";

/** Returns the text with the current table between the markers. Throws if they are missing. */
export function withSettingsTable(text: string): string {
  const start = text.indexOf(START);
  const end = text.indexOf(END, start);
  if (start < 0 || end < 0) throw new Error(`README.md lacks the markers ${START} and ${END}.`);
  return `${text.slice(0, start + START.length)}\n\n${settingsTable()}\n\n${text.slice(end)}`;
}

if (import.meta.main) {
  if (process.argv.includes("--write")) await Bun.write(README, withSettingsTable(await Bun.file(README).text()));
  else console.log(settingsTable());
}
