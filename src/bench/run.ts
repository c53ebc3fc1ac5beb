import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchChild, startChild } from "./child.ts";
import { EVENT_TYPE, type LoadJob, type LoadResult } from "./load.ts";
import type { ReceiverReport } from "./receiver.ts";
import { databaseBytes, type Usage, usageOf } from "./usage.ts";

/** Parameters of a bench. */
export interface BenchOptions {
  /** Duration of each of the two loads. */
  readonly seconds: number;
  readonly bodyBytes: number;
  readonly connections: number;
  /** Rate of the second load, in messages per second. */
  readonly perSecond: number;
  /** Parent of the data directory, which is removed at the end. Null for the system's temporary directory. */
  readonly directory: string | null;
}

/** The measured figures. A figure is null if the system does not report it. */
export interface BenchFigures {
  readonly deliveredPerSecond: number;
  readonly cpuMicrosPerMessage: number | null;
  /** Share of one core that the main thread used. At 1, more cores do not make the server faster. */
  readonly mainThreadShare: number | null;
  readonly acceptP50Ms: number | null;
  readonly acceptP99Ms: number | null;
  readonly perSecond: number;
  /** Time at `perSecond` from sending a message to the API until its webhook arrives. */
  readonly arrivalP50Ms: number | null;
  readonly arrivalP99Ms: number | null;
  readonly memoryIdleBytes: number | null;
  readonly memoryPeakBytes: number | null;
  readonly storedBytesPerMessage: number;
  readonly writtenBytesPerMessage: number | null;
  readonly messages: number;
}

const TOKEN = "root-token-of-the-bench-0123456789";
const WARM_UP_SECONDS = 3;
const CONCURRENCY = 256;
const POLL_MS = 50;
const DRAIN_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;

/**
 * Measures this machine: starts this program as a server with data of its own, a receiver and a load,
 * all on 127.0.0.1, and removes everything at the end. `program` is the command line of this program.
 * Throws if a message is not delivered.
 */
export async function bench(
  program: readonly string[],
  options: BenchOptions,
  onProgress: (text: string) => void,
): Promise<BenchFigures> {
  const directory = mkdtempSync(join(options.directory ?? tmpdir(), "boathook-bench-"));
  // All children end before the directory is removed, even after Ctrl-C.
  const children = new Set<BenchChild>();
  const start = (args: readonly string[], env: Record<string, string> = {}) => {
    const child = startChild([...program, ...args], env);
    children.add(child);
    return child;
  };
  const end = async () => {
    await Promise.all([...children].map((child) => child[Symbol.asyncDispose]()));
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  };
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.once(signal, () => void end().finally(() => process.exit(code)));
  }
  try {
    return await measure(start, join(directory, "data"), options, onProgress);
  } finally {
    await end();
  }
}

type Start = (args: readonly string[], env?: Record<string, string>) => BenchChild;

async function measure(
  start: Start,
  dataDir: string,
  options: BenchOptions,
  onProgress: (text: string) => void,
): Promise<BenchFigures> {
  onProgress("Starting a server and a receiver …");
  const receiverUrl = await start(["bench", "receiver"]).line(({ url }) => (typeof url === "string" ? url : null));
  const flags = ["--port=0", `--data-dir=${dataDir}`, "--allow-subnets=127.0.0.0/8", "--log-format=json"];
  const server = start(["serve", ...flags], { BOATHOOK_ROOT_TOKEN: TOKEN });
  const url = new URL(await server.line(({ msg, url }) => (msg === "Serving." ? String(url) : null)));
  await prepare(url, receiverUrl);
  const memoryIdleBytes = usageOf(server.pid)?.memoryBytes ?? null;

  const parts: Parts = { start, server, receiverUrl, options, job: jobFor(url, options) };
  onProgress(`Warming up for ${WARM_UP_SECONDS} s …`);
  const warmUp = await load(parts, { seconds: WARM_UP_SECONDS, perSecond: null });
  onProgress(`Sending as many messages as possible for ${options.seconds} s …`);
  const most = await load(parts, { seconds: options.seconds, perSecond: null });
  onProgress(`Sending ${options.perSecond} messages per second for ${options.seconds} s …`);
  const steady = await load(parts, { seconds: options.seconds, perSecond: options.perSecond });

  onProgress("Stopping the server …");
  const memoryPeakBytes = usageOf(server.pid)?.memoryPeakBytes ?? null;
  const messages = [warmUp, most, steady].reduce((sum, { result }) => sum + result.accepted, 0);
  await stop(server.pid);
  return {
    deliveredPerSecond: most.result.accepted / most.seconds,
    cpuMicrosPerMessage: perMessage(most, ({ cpuMs }) => cpuMs * 1000),
    mainThreadShare: perSecondOf(most, ({ mainThreadMs }) => mainThreadMs / 1000),
    acceptP50Ms: most.result.p50Ms,
    acceptP99Ms: most.result.p99Ms,
    perSecond: options.perSecond,
    arrivalP50Ms: steady.arrival.p50Ms,
    arrivalP99Ms: steady.arrival.p99Ms,
    memoryIdleBytes,
    memoryPeakBytes,
    storedBytesPerMessage: databaseBytes(dataDir) / messages,
    writtenBytesPerMessage: perMessage(most, ({ diskWrittenBytes }) => diskWrittenBytes),
    messages,
  };
}

interface Parts {
  readonly start: Start;
  readonly server: BenchChild;
  readonly receiverUrl: string;
  readonly options: BenchOptions;
  readonly job: Omit<LoadJob, "seconds" | "perSecond">;
}

/** A load with its effects on the receiver and the server. */
interface Loaded {
  readonly result: LoadResult;
  readonly arrival: ReceiverReport;
  /** Time from the first request until the last webhook arrived. */
  readonly seconds: number;
  readonly before: Usage | null;
  readonly after: Usage | null;
}

/** Sends a load and waits until all its messages have arrived. */
async function load(
  { start, server, receiverUrl, job }: Parts,
  { seconds, perSecond }: Pick<LoadJob, "seconds" | "perSecond">,
): Promise<Loaded> {
  const before = usageOf(server.pid);
  const child = start(["bench", "load", JSON.stringify({ ...job, seconds, perSecond } satisfies LoadJob)]);
  const startedAt = performance.now();
  const result = await child.line((value) => value as unknown as LoadResult);
  if (result.failed > 0)
    throw new Error(`${result.failed} of ${result.failed + result.accepted} messages were refused.`);
  // The first report has the times of nearly all webhooks. Those that arrive later are only counted.
  let arrival = await reportOf(receiverUrl);
  let arrived = arrival.received;
  while (arrived < result.accepted) {
    if (performance.now() - startedAt > seconds * 1000 + DRAIN_WITHIN_MS) {
      throw new Error(`${result.accepted - arrived} of ${result.accepted} messages were not delivered in time.`);
    }
    await Bun.sleep(POLL_MS);
    const next = await reportOf(receiverUrl);
    arrived += next.received;
    if (arrival.received === 0) arrival = next;
  }
  return { result, arrival, seconds: (performance.now() - startedAt) / 1000, before, after: usageOf(server.pid) };
}

async function reportOf(receiverUrl: string): Promise<ReceiverReport> {
  return (await (await fetch(receiverUrl)).json()) as ReceiverReport;
}

function perMessage({ before, after, result }: Loaded, read: (usage: Usage) => number): number | null {
  return before === null || after === null ? null : (read(after) - read(before)) / result.accepted;
}

function perSecondOf({ before, after, seconds }: Loaded, read: (usage: Usage) => number): number | null {
  return before === null || after === null ? null : (read(after) - read(before)) / seconds;
}

function jobFor(url: URL, { bodyBytes, connections }: BenchOptions): Parts["job"] {
  const path = "/api/v1/app/bench/msg";
  return { host: url.hostname, port: Number(url.port), path, token: TOKEN, bodyBytes, connections };
}

/** Creates an application with one endpoint. */
async function prepare(url: URL, receiverUrl: string): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
  for (const [path, body] of [
    ["event-type", { name: EVENT_TYPE, description: "" }],
    ["app", { name: "bench", uid: "bench" }],
    ["app/bench/endpoint", { url: `${receiverUrl}/hook`, concurrency: CONCURRENCY }],
  ] as const) {
    const response = await fetch(new URL(`/api/v1/${path}`, url), {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
  }
}

/** Stops the server, so that it copies its write-ahead log to the database. */
async function stop(pid: number): Promise<void> {
  process.kill(pid, "SIGTERM");
  const deadline = performance.now() + STOP_WITHIN_MS;
  while (isRunning(pid) && performance.now() < deadline) await Bun.sleep(POLL_MS);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
