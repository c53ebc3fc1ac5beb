import { join } from "node:path";
import { alignColumns } from "../../../src/bench/report.ts";
import { EXECUTABLE, ensureExecutable } from "../../executable.ts";
import { withTable } from "../../sizing-table.ts";
import { UsageError } from "../common-options.ts";
import { describeLoad, type LoadResult, runLoad } from "../load.ts";
import { describeMachine, usageOf } from "../machine.ts";
import { createEndpoints, messageBody } from "../product.ts";
import { type Receiver, startReceiver } from "../receiver.ts";
import { formatNumber } from "../report.ts";
import { HELP, type PostgresBenchOptions, readOptions } from "./options.ts";
import { type Servers, startOnPostgres, startOnSqlite } from "./servers.ts";

/** `bun run bench postgres`; see `--help`. */

const PAGE = join(import.meta.dir, "..", "..", "..", "web", "guide", "pages", "postgres.md");
const CONCURRENCY = 256;
const ARRIVED_WITHIN_MS = 120_000;
const POLL_MS = 10;

/** The figures of one run, or the medians of several. */
export interface Figures {
  readonly deliveredPerSecond: number;
  readonly acceptP99Ms: number;
  readonly instanceMicros: number;
  /** NaN with SQLite, as the next ones. */
  readonly databaseMicros: number;
  readonly webhooksPerCommit: number;
  readonly walBytes: number;
}

/** The figures of the columns, and how many digits they have. */
const COLUMNS = [
  ["deliveredPerSecond", "webhooks per second", "", 0],
  ["acceptP99Ms", "response of the API, p99", " ms", 1],
  ["instanceMicros", "CPU time of the servers per webhook", " µs", 0],
  ["databaseMicros", "of PostgreSQL", " µs", 0],
  ["webhooksPerCommit", "webhooks per commit", "", 1],
  ["walBytes", "write-ahead log per webhook", " bytes", 0],
] as const satisfies ReadonlyArray<readonly [keyof Figures, string, string, number]>;

/** Returns one row of cells for each contestant, after the row with the names of the columns. */
export function rowsOf(figures: ReadonlyMap<string, Figures>): string[][] {
  const cell = (value: number, unit: string, digits: number) =>
    Number.isNaN(value) ? "" : `${formatNumber(value, digits)}${unit}`;
  const heads = ["", ...COLUMNS.map(([, name]) => name)];
  return [
    heads,
    ...[...figures].map(([name, of]) => [
      name,
      ...COLUMNS.map(([figure, , unit, digits]) => cell(of[figure], unit, digits)),
    ]),
  ];
}

/** Returns the table as Markdown. */
export function markdown(figures: ReadonlyMap<string, Figures>): string {
  const [heads, ...rows] = rowsOf(figures) as [string[], ...string[][]];
  const line = ["---", ...COLUMNS.map(() => "--:")];
  return [heads, line, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Returns the median of each figure. */
export function medians(runs: readonly Figures[]): Figures {
  const median = (figure: keyof Figures) =>
    runs.map((run) => run[figure]).toSorted((a, b) => a - b)[Math.floor((runs.length - 1) / 2)]!;
  return Object.fromEntries(COLUMNS.map(([figure]) => [figure, median(figure)])) as unknown as Figures;
}

/** Loads servers until all messages that they accepted have arrived. */
async function measure(servers: Servers, receiver: Receiver, options: PostgresBenchOptions): Promise<Figures> {
  const { products } = servers;
  const [first] = products;
  const { endpoints, connections, payloadBytes } = options;
  await createEndpoints(first!, { receiverUrl: receiver.url, endpoints, spread: true, concurrency: CONCURRENCY });
  const bodies = Array.from({ length: endpoints }, (_, i) => messageBody(i, payloadBytes));
  const loadAll = async (seconds: number): Promise<LoadResult[]> => {
    const before = await receiver.count();
    const share = Math.floor(connections / products.length);
    const jobs = products.map(({ messagesUrl: url, headers }) => ({ url, headers, bodies, fresh: null }));
    const results = await Promise.all(
      jobs.map((job) => runLoad(options.load, { ...job, connections: share, seconds })),
    );
    const failed = sum(results.map((result) => result.failed));
    if (failed > 0) throw new Error(`${failed} requests have failed.`);
    await untilArrived(receiver, before + sum(results.map(({ accepted }) => accepted)));
    return results;
  };
  const instanceMs = () => sum(products.map(({ pid }) => usageOf(pid).cpuMs));
  await loadAll(options.warmupSeconds);
  const before = { counts: await servers.counts(), databaseMs: servers.databaseCpuMs(), instanceMs: instanceMs() };
  const startedAt = performance.now();
  const results = await loadAll(options.seconds);
  const seconds = (performance.now() - startedAt) / 1000;
  const after = { counts: await servers.counts(), databaseMs: servers.databaseCpuMs(), instanceMs: instanceMs() };
  const webhooks = sum(results.map(({ accepted }) => accepted));
  const counted = (name: "commits" | "walBytes") => (after.counts?.[name] ?? NaN) - (before.counts?.[name] ?? NaN);
  return {
    deliveredPerSecond: webhooks / seconds,
    acceptP99Ms: Math.max(...results.map(({ p99Ms }) => p99Ms)),
    instanceMicros: ((after.instanceMs - before.instanceMs) * 1000) / webhooks,
    databaseMicros: after.counts === null ? NaN : ((after.databaseMs - before.databaseMs) * 1000) / webhooks,
    webhooksPerCommit: webhooks / counted("commits"),
    walBytes: counted("walBytes") / webhooks,
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The load generator does not count requests that it breaks off at the end, so a few more may arrive. */
async function untilArrived(receiver: Receiver, count: number): Promise<void> {
  const deadline = performance.now() + ARRIVED_WITHIN_MS;
  let arrived = 0;
  while (performance.now() < deadline) {
    arrived = await receiver.count();
    if (arrived >= count) return;
    await Bun.sleep(POLL_MS);
  }
  throw new Error(`After ${ARRIVED_WITHIN_MS / 1000} s, ${count - arrived} webhooks have not arrived.`);
}

async function bench(options: PostgresBenchOptions): Promise<void> {
  if (options.help) return console.log(HELP);
  const executable = options.binary ?? EXECUTABLE;
  if (options.binary === null) await ensureExecutable();
  const machine = describeMachine();
  await using receiver = await startReceiver(options.receiver);
  console.log(`${machine}\nload: ${describeLoad(options.load)}; receiver: ${receiver.name}`);
  const contestants = new Map<string, () => Promise<Servers>>([["SQLite", () => startOnSqlite(executable)]]);
  for (const count of options.instances) {
    const name = `PostgreSQL, ${count} ${count === 1 ? "instance" : "instances"}`;
    contestants.set(name, () => startOnPostgres(executable, count));
  }
  const runs = new Map<string, Figures[]>([...contestants.keys()].map((name) => [name, []]));
  for (let round = 1; round <= options.rounds; round++) {
    for (const [name, start] of contestants) {
      await using servers = await start();
      const figures = await measure(servers, receiver, options);
      runs.get(name)!.push(figures);
      const shown = COLUMNS.map(
        ([figure, label, unit, digits]) => `${label} ${formatNumber(figures[figure], digits)}${unit}`,
      );
      console.log(`round ${round} ${name}: ${shown.join("; ")}`);
    }
  }
  const all = new Map([...runs].map(([name, list]) => [name, medians(list)]));
  console.log(`\n${alignColumns(rowsOf(all))}`);
  if (options.write) await Bun.write(PAGE, withTable(await Bun.file(PAGE).text(), markdown(all), machine));
  if (options.json !== null) {
    await Bun.write(options.json, `${JSON.stringify({ machine, options, runs: Object.fromEntries(runs) }, null, 2)}\n`);
  }
}

export async function runPostgresBench(args: readonly string[]): Promise<void> {
  try {
    await bench(readOptions(args));
  } catch (error) {
    console.error(error instanceof UsageError ? `${error.message} See postgres --help.` : (error as Error).message);
    process.exit(error instanceof UsageError ? 2 : 1);
  }
}
