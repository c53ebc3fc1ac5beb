import { type Medians, medians, type Ratios, type Run, ratios } from "./figures.ts";
import { describeLoad } from "./load.ts";
import { measure } from "./measure.ts";
import type { Options } from "./options.ts";
import { startReceiver } from "./receiver.ts";
import { runLine, table } from "./report.ts";
import { door, product, type Target, yardstick } from "./target.ts";

export interface Comparison {
  readonly runs: readonly Run[];
  /** By label, for example `yardstick` or `product named/token`. */
  readonly medians: Readonly<Record<string, Medians>>;
  /** By label, for example `product/yardstick named/token` or `product/against named/token`. */
  readonly ratios: Readonly<Record<string, Ratios>>;
}

/**
 * Runs each target once per round and prints the figures. Measuring all targets in every round
 * keeps drift of the machine from favouring one of them. Two builds alternate which runs first on a
 * path (A B, then B A), because the first of a pair has an advantage.
 */
export async function compare(options: Options, executable: string): Promise<Comparison> {
  await using receiver = await startReceiver(options.receiver);
  console.log(`receiver: ${receiver.name}; load: ${describeLoad(options.load)}`);
  console.log(describeWork(options));
  const conditions = { ...options, receiver, shape: options };
  const runs: Run[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const target of targetsOf(options, executable, round)) {
      const run = await measure(target, round, conditions);
      console.log(runLine(run));
      runs.push(run);
    }
  }
  const figures = { medians: medians(runs), ratios: ratios(runs) };
  console.log(`\n${table(figures.medians, figures.ratios)}`);
  return { runs, medians: Object.fromEntries(figures.medians), ratios: Object.fromEntries(figures.ratios) };
}

function targetsOf(options: Options, executable: string, round: number): Target[] {
  const targets: Target[] = [];
  if (options.only !== "product") targets.push(yardstick(options));
  for (const path of options.paths) {
    const builds: Target[] = [];
    if (options.only !== "yardstick") builds.push(product("product", executable, options, path));
    if (options.against !== null) builds.push(product("against", options.against, options, path));
    if (options.receive) builds.push(door(executable));
    targets.push(...(round % 2 === 1 ? builds : builds.reverse()));
  }
  return targets;
}

function describeWork({ connections, seconds, warmupSeconds, payloadBytes, endpoints, spread }: Options): string {
  const to = endpoints === 1 ? "one endpoint" : `${spread ? "one of" : "all"} ${endpoints} endpoints`;
  const time = `${seconds} s after ${warmupSeconds} s of warm-up`;
  return `${connections} connections, ${time}, payloads of ${payloadBytes} bytes, each message to ${to}\n`;
}
