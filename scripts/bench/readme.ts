import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chartsOf, writeCharts } from "../../src/bench/charts.ts";
import { conditionsOf, markdownTable, noteOf, summaryOf } from "../../src/bench/report.ts";
import { type BenchResult, parseResult } from "../../src/bench/result.ts";
import { EXECUTABLE, ensureExecutable } from "../executable.ts";
import { withContent } from "../markers.ts";

/**
 * `bun run bench readme [FILE]` writes the figures of `boathook bench --json FILE` into the README,
 * by default those that the repository has. `bun run bench readme --measure [OPTION…]` measures all
 * scenarios first. Nothing of the README's figures is written by hand.
 */

const ROOT = join(import.meta.dir, "..", "..");
const README = join(ROOT, "README.md");
/** Where the repository has the figures of the README and their charts. */
export const PUBLISHED = join("web", "bench");
const FIGURES = join(ROOT, PUBLISHED, "figures.json");
/** Where a measurement writes its figures. The repository gets them only when all are there. */
const MEASURED = join(ROOT, "dist", "bench.json");
const MARKERS = { start: "<!-- bench -->", end: "<!-- /bench -->" };
const ROUNDS = 3;

export async function runReadme(args: readonly string[]): Promise<void> {
  const [first, ...options] = args;
  await mkdir(join(ROOT, PUBLISHED), { recursive: true });
  if (first === "--measure") await measure(options);
  else if (first !== undefined) await Bun.write(FIGURES, Bun.file(first));
  format(FIGURES);
  const result = await publishedResult();
  await writeCharts(result, join(ROOT, PUBLISHED));
  await Bun.write(README, withFigures(await Bun.file(README).text(), result));
}

/** Formats a file as `bun run format` does, because the check requires it. */
function format(file: string): void {
  const biome = join(ROOT, "node_modules", "@biomejs", "biome", "bin", "biome");
  const { success, stderr } = Bun.spawnSync([process.execPath, biome, "format", "--write", file], { cwd: ROOT });
  if (!success) throw new Error(`${file} cannot be formatted: ${stderr}`);
}

async function measure(options: readonly string[]): Promise<void> {
  await ensureExecutable();
  const command = [EXECUTABLE, "bench", "--all", `--rounds=${ROUNDS}`, ...options, `--json=${MEASURED}`];
  const code = await Bun.spawn(command, { stdio: ["ignore", "inherit", "inherit"] }).exited;
  if (code !== 0) throw new Error(`boathook bench has failed with ${code}. ${MEASURED} has the figures so far.`);
  await Bun.write(FIGURES, Bun.file(MEASURED));
}

/** Returns the figures that the repository has. */
export async function publishedResult(): Promise<BenchResult> {
  return parseResult(await Bun.file(FIGURES).text());
}

/** Returns the text with the figures between the markers. Throws if they are missing. */
export function withFigures(text: string, result: BenchResult): string {
  return withContent(text, MARKERS, section(result));
}

function section(result: BenchResult): string {
  const images = chartsOf(result).map(({ file, title }) => `![${title}](${PUBLISHED}/${file})`);
  const text = [`Measured: ${conditionsOf(result)}.`, ...noteOf(result), summaryOf(result.scenarios)].join(" ");
  return [text, markdownTable(result.scenarios), ...images].join("\n\n");
}
