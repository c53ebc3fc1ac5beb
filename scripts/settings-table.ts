import { join } from "node:path";
import { settingsTable } from "../src/config/index.ts";
import { withContent } from "./markers.ts";

/**
 * Prints the table of all settings. With `--write`, inserts the table between its markers in the
 * README.
 */

const README = join(import.meta.dir, "..", "README.md");
const MARKERS = { start: "<!-- settings -->", end: "<!-- /settings -->" };

/** Returns the text with the current table between the markers. Throws if they are missing. */
export function withSettingsTable(text: string): string {
  return withContent(text, MARKERS, settingsTable());
}

if (import.meta.main) {
  if (process.argv.includes("--write")) await Bun.write(README, withSettingsTable(await Bun.file(README).text()));
  else console.log(settingsTable());
}
