import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import type { LoadJob } from "../bench/load.ts";
import type { BenchResult } from "../bench/result.ts";
import type { SizingOptions } from "../bench/sizing.ts";
import type { Workplace } from "../bench/workplace.ts";
import { CommandFailed, InputInvalid } from "./exit-code.ts";
import { ownProgram } from "./own-program.ts";
import { versionText } from "./version.ts";

interface Given {
  readonly seconds: number;
  readonly rounds: number;
  readonly size?: number;
  readonly list?: true;
  readonly all?: true;
  readonly json?: string;
  readonly svg?: string;
  readonly compare?: string;
  readonly dir?: string;
}

interface SizingGiven extends SizingOptions {
  readonly dir?: string;
  readonly json?: true;
}

/** Limits of `--seconds`. */
const SECONDS_MIN = 0.1;
const SECONDS_MAX = 600;

/** Adds the command that measures this machine. Its parts are loaded only when it runs. */
export function addBenchCommand(program: Command): void {
  const command = program
    .command("bench")
    // Options after the name of a subcommand are those of the subcommand.
    .enablePositionalOptions()
    .description(
      "Compare Boathook with a bare loop, a minimal program that only stores and sends. Starts servers with their own data, receivers and loads on 127.0.0.1, and removes everything at the end. Each scenario has targets; a missed one does not change the exit code.",
    )
    .addArgument(new Argument("[scenario...]", "scenarios to run (default: all that need no long preparation)"))
    .option("--list", "print all scenarios and what they prepare, and run none")
    .option("--all", "run all scenarios, including those with a long preparation (about half an hour)")
    .addOption(seconds("duration of each load", 5))
    .addOption(
      number(
        "--rounds <n>",
        "runs of each side, in turn; figures are medians. History, backlog and lists run once",
        2,
        1,
        20,
      ),
    )
    .addOption(size())
    .option("--json <file>", "also write the figures to a file, after each scenario")
    .option("--svg <dir>", "also write charts to an existing directory")
    .option("--compare <file>", "also compare with the figures in a file of --json")
    .addOption(directory())
    .action((names: string[], given: Given) => run(names, given));
  command
    .command("sizing")
    .description("Measure how many webhooks this machine delivers, with one server, one receiver and one endpoint.")
    .addOption(seconds("duration of each of the two loads", 10))
    .addOption(number("--body-bytes <n>", "size of each payload", 500, 50, 60_000))
    .addOption(number("--connections <n>", "connections that send messages", 64, 1, 1000))
    .addOption(
      number("--per-second <n>", "rate of the second load, which measures how fast webhooks arrive", 1000, 1, 100_000),
    )
    .addOption(directory())
    .option("--json", "print the figures as JSON")
    .action((given: SizingGiven) => measure(given));
  command.command("receiver", { hidden: true }).action(receive);
  command.command("load <job>", { hidden: true }).action(send);
  command.command("bare-loop <file> <concurrency> <url...>", { hidden: true }).action(loop);
}

async function run(names: readonly string[], given: Given): Promise<void> {
  const { scenarios } = await import("../bench/scenarios/index.ts");
  const { listOf, selected } = await import("../bench/selection.ts");
  if (given.list) return console.log(listOf(scenarios));
  const chosen = selected(scenarios, names, given.all);
  if (typeof chosen === "string") throw new InputInvalid(chosen);
  const earlier = given.compare === undefined ? null : await readResult(given.compare);
  if (given.svg !== undefined) requireDirectory("--svg", given.svg);
  const { runScenarios } = await import("../bench/run.ts");
  const { seconds, rounds, size = null } = given;
  const options = { version: versionText, scenarios: chosen, seconds, rounds, size };
  // The figures so far are kept if the bench is interrupted.
  const onResult = async (result: BenchResult) => {
    if (given.json !== undefined) await Bun.write(given.json, `${JSON.stringify(result, null, 2)}\n`);
  };
  const listener = { onProgress: progress, onResult };
  const result = await inWorkplace(given.dir, (work) => runScenarios(work, options, listener));
  if (given.svg !== undefined) {
    const { writeCharts } = await import("../bench/charts.ts");
    await writeCharts(result, given.svg);
  }
  const { benchReport } = await import("../bench/report.ts");
  console.log(`\n${benchReport(result)}`);
  if (earlier === null) return;
  const { comparison } = await import("../bench/compare.ts");
  console.log(`\n${comparison(earlier, result)}`);
}

async function readResult(file: string): Promise<BenchResult> {
  const { parseResult } = await import("../bench/result.ts");
  try {
    return parseResult(await Bun.file(file).text());
  } catch (error) {
    throw new InputInvalid(`${file} has no figures of boathook bench: ${(error as Error).message}.`);
  }
}

async function measure({ dir, json, ...options }: SizingGiven): Promise<void> {
  const { measureSizing } = await import("../bench/sizing.ts");
  const { sizingConditions, sizingReport, sizingSentence } = await import("../bench/sizing-report.ts");
  const cores = availableParallelism();
  const figures = await inWorkplace(dir, (work) => measureSizing(work, options, progress));
  if (json) console.log(JSON.stringify({ cores, ...options, ...figures }));
  else console.log(`\n${sizingConditions(options, cores)}\n\n${sizingReport(figures)}\n\n${sizingSentence(figures)}`);
}

async function inWorkplace<T>(dir: string | undefined, use: (work: Workplace) => Promise<T>): Promise<T> {
  if (dir !== undefined) requireDirectory("--dir", dir);
  const { withWorkplace } = await import("../bench/workplace.ts");
  try {
    return await withWorkplace(ownProgram(), dir ?? null, use);
  } catch (error) {
    throw new CommandFailed(`The bench has failed: ${error instanceof Error ? error.message : error}`);
  }
}

function requireDirectory(option: string, path: string): void {
  if (existsSync(path)) return;
  throw new CommandFailed(`The directory ${path} does not exist. Create it, or give ${option} another one.`);
}

function progress(text: string): void {
  console.error(text);
}

async function receive(): Promise<never> {
  const { startBenchReceiver } = await import("../bench/receiver.ts");
  return serve(startBenchReceiver());
}

async function send(job: string): Promise<void> {
  const { sendLoad } = await import("../bench/load.ts");
  console.log(JSON.stringify(await sendLoad(JSON.parse(job) as LoadJob)));
}

async function loop(file: string, concurrency: string, urls: readonly string[]): Promise<never> {
  const { startBareLoop } = await import("../bench/bare-loop.ts");
  return serve(startBareLoop(file, Number(concurrency), urls));
}

/** Prints where a process of the bench serves, and never ends. */
function serve(place: { readonly url: string }): Promise<never> {
  console.log(JSON.stringify(place));
  return new Promise(() => {});
}

function directory(): Option {
  return new Option("--dir <path>", "existing directory on the disk to measure (default: that of temporary files)");
}

function size(): Option {
  const description = "number of messages that history, backlog and lists prepare (default: as in their names)";
  return new Option("--size <n>", description).argParser(wholeNumber(1000, 20_000_000));
}

function seconds(description: string, fallback: number): Option {
  return new Option("--seconds <n>", description).default(fallback).argParser((text) => {
    const value = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && value >= SECONDS_MIN && value <= SECONDS_MAX) return value;
    throw new InvalidArgumentError(`Must be a number from ${SECONDS_MIN} to ${SECONDS_MAX}.`);
  });
}

function number(flags: string, description: string, fallback: number, min: number, max: number): Option {
  return new Option(flags, description).default(fallback).argParser(wholeNumber(min, max));
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Must be a whole number from ${min} to ${max}.`);
  };
}
