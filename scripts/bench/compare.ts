import { type Medians, medians, type Run } from "./figures.ts";
import { describeLoad } from "./load.ts";
import { measure } from "./measure.ts";
import type { Options } from "./options.ts";
import { startReceiver } from "./receiver.ts";
import { runLine, table } from "./report.ts";
import { product, type Target, yardstick } from "./target.ts";

export interface Comparison {
  readonly runs: readonly Run[];
  readonly medians: Readonly<Record<string, Medians>>;
}

/** Runs the targets in turn, so that what else the machine does meets all of them, and prints what they came to. */
export async function compare(options: Options, executable: string): Promise<Comparison> {
  await using receiver = await startReceiver(options.receiver);
  console.log(`receiver: ${receiver.name}; load: ${describeLoad(options.load)}`);
  console.log(describeWork(options));
  const conditions = { ...options, receiver, shape: options };
  const runs: Run[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const target of targetsOf(options, executable)) {
      const run = await measure(target, round, conditions);
      console.log(runLine(run));
      runs.push(run);
    }
  }
  const byTarget = medians(runs);
  console.log(`\n${table(byTarget)}`);
  return { runs, medians: Object.fromEntries(byTarget) };
}

function targetsOf(options: Options, executable: string): Target[] {
  const targets: Target[] = [];
  if (options.only !== "product") targets.push(yardstick(options));
  if (options.only !== "yardstick") targets.push(product("product", executable, options));
  if (options.against !== null) targets.push(product("against", options.against, options));
  return targets;
}

function describeWork({ connections, seconds, warmupSeconds, payloadBytes, endpoints, spread }: Options): string {
  const to = endpoints === 1 ? "one endpoint" : `${spread ? "one of" : "all"} ${endpoints} endpoints`;
  const time = `${seconds} s after ${warmupSeconds} s of warm-up`;
  return `${connections} connections, ${time}, payloads of ${payloadBytes} bytes, each message to ${to}\n`;
}
