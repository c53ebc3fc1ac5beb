/**
 * Measures this machine with `boathook bench sizing`, once with all processes on one core and once on all
 * cores, and prints a table of the figures. With `--write`, inserts the table between its markers in
 * the page of the guide. Needs `taskset`.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { SizingFigures } from "../src/bench/sizing.ts";
import { figureRows } from "../src/bench/sizing-report.ts";
import { describeMachine } from "./bench/machine.ts";
import { EXECUTABLE, ensureExecutable } from "./executable.ts";
import { PAGE_TABLE, withContent } from "./markers.ts";

const PAGE = join(import.meta.dir, "..", "web", "guide", "pages", "sizing.md");

/** Returns the table as Markdown. `columns` has the figures by the number of cores. */
export function sizingTable(columns: ReadonlyMap<number, SizingFigures>): string {
  const heads = [...columns.keys()].map((cores) => (cores === 1 ? "1 core" : `${cores} cores`));
  const lists = [...columns.values()].map(figureRows);
  const rows = lists[0]!.map(([name], row) => [name, ...lists.map((list) => list[row]![1])]);
  return [["", ...heads], ["---", ...heads.map(() => "--:")], ...rows]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");
}

/** Returns the text with a table and a sentence about the machine between the markers. */
export function withTable(text: string, table: string, machine: string): string {
  return withContent(text, PAGE_TABLE, `Measured on: ${machine}.\n\n${table}`);
}

function measured(cores: number, all: number): SizingFigures {
  const pinned = cores === all ? [] : ["taskset", "-c", `0-${cores - 1}`];
  const { exitCode, stdout } = Bun.spawnSync([...pinned, EXECUTABLE, "bench", "sizing", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (exitCode !== 0) throw new Error(`boathook bench sizing has failed with ${exitCode}.`);
  return JSON.parse(stdout.toString()) as SizingFigures;
}

if (import.meta.main) {
  await ensureExecutable();
  const machine = describeMachine();
  const all = availableParallelism();
  const counts = [...new Set([1, 2, 4].filter((cores) => cores <= all))];
  const table = sizingTable(new Map(counts.map((cores) => [cores, measured(cores, all)])));
  if (process.argv.includes("--write")) await Bun.write(PAGE, withTable(await Bun.file(PAGE).text(), table, machine));
  else console.log(table);
}
