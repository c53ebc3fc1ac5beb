import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { LoadJob } from "../bench/load.ts";
import type { BenchOptions } from "../bench/run.ts";
import { CommandFailed } from "./exit-code.ts";
import { ownProgram } from "./own-program.ts";

interface Given extends Omit<BenchOptions, "directory"> {
  readonly dir?: string;
  readonly json?: true;
}

/** Adds the command that measures this machine. Its parts are loaded only when it runs. */
export function addBenchCommand(program: Command): void {
  const command = program
    .command("bench")
    .description(
      "Measure how many webhooks this machine delivers. Starts a server with data of its own, a receiver and a load on 127.0.0.1, and removes the data at the end.",
    )
    .addOption(number("--seconds <n>", "duration of each of the two loads", 10, 1, 600))
    .addOption(number("--body-bytes <n>", "size of each payload", 500, 50, 60_000))
    .addOption(number("--connections <n>", "connections that send messages", 64, 1, 1000))
    .addOption(
      number("--per-second <n>", "rate of the second load, which measures how fast webhooks arrive", 1000, 1, 100_000),
    )
    .option("--dir <path>", "existing directory on the disk to measure (default: that of temporary files)")
    .option("--json", "print the figures as JSON")
    .action((given: Given) => run(given));
  command.command("receiver", { hidden: true }).action(receive);
  command.command("load <job>", { hidden: true }).action(send);
}

async function run({ dir, json, ...given }: Given): Promise<void> {
  if (dir !== undefined && !existsSync(dir)) {
    throw new CommandFailed(`The directory ${dir} does not exist. Create it, or give --dir another one.`);
  }
  const { bench } = await import("../bench/run.ts");
  const { benchConditions, benchReport, benchSentence } = await import("../bench/report.ts");
  const options = { ...given, directory: dir ?? null };
  const cores = availableParallelism();
  try {
    const figures = await bench(ownProgram(), options, (text) => console.error(text));
    if (json) console.log(JSON.stringify({ cores, ...given, ...figures }));
    else console.log(`\n${benchConditions(options, cores)}\n\n${benchReport(figures)}\n\n${benchSentence(figures)}`);
  } catch (error) {
    throw new CommandFailed(`The bench has failed: ${error instanceof Error ? error.message : error}`);
  }
}

async function receive(): Promise<never> {
  const { startBenchReceiver } = await import("../bench/receiver.ts");
  console.log(JSON.stringify(startBenchReceiver()));
  return await new Promise(() => {});
}

async function send(job: string): Promise<void> {
  const { sendLoad } = await import("../bench/load.ts");
  console.log(JSON.stringify(await sendLoad(JSON.parse(job) as LoadJob)));
}

function number(flags: string, description: string, fallback: number, min: number, max: number): Option {
  return new Option(flags, description).default(fallback).argParser((text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  });
}
