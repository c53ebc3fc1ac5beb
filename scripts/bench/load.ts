import { Child, TemporaryDirectory } from "./resources.ts";

/** The load generator: wrk if it is installed, otherwise a plain Bun process. */
export type LoadKind = "wrk" | "bun";

export interface LoadJob {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * A text in the headers that is replaced by a number of the same length, which differs for each
   * request. Null if all requests have the same headers.
   */
  readonly fresh: string | null;
  /** The ASCII request bodies, sent in rotation. */
  readonly bodies: readonly string[];
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  /** Requests with a 2xx response. */
  readonly accepted: number;
  /** Requests with another response or no response. */
  readonly failed: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const GRACE_MS = 20_000;

export function availableLoad(): LoadKind {
  return Bun.which("wrk") === null ? "bun" : "wrk";
}

export function describeLoad(kind: LoadKind): string {
  return kind === "wrk" ? "wrk, 1 thread" : "a plain Bun process";
}

/**
 * Sends requests for `seconds` seconds, one after another on each connection. Rejects if the
 * generator itself fails.
 */
export async function runLoad(kind: LoadKind, job: LoadJob): Promise<LoadResult> {
  using directory = new TemporaryDirectory();
  const command = kind === "wrk" ? await wrkCommand(job, directory.file("job.lua")) : plainCommand(job);
  // Bun's HTTP client opens at most this many connections.
  await using child = new Child(command, { BUN_CONFIG_MAX_HTTP_REQUESTS: String(job.connections) });
  const read = (line: string) => (line.startsWith("{") ? (JSON.parse(line) as LoadResult) : null);
  return await child.waitForLine(read, job.seconds * 1000 + GRACE_MS);
}

async function wrkCommand(job: LoadJob, script: string): Promise<string[]> {
  await Bun.write(script, wrkScript(job));
  const { connections, seconds, url } = job;
  return ["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "--timeout=10s", `--script=${script}`, url];
}

/**
 * Formats each request once instead of each time that it is sent. The JSON of an ASCII text is also
 * a valid Lua string.
 */
function wrkScript({ headers, bodies, fresh }: LoadJob): string {
  const headerLines = Object.entries(headers).map(([name, value]) => `wrk.headers[${quote(name)}] = ${quote(value)}`);
  const rotation = `
    local bodies, requests, turn = {${bodies.map(quote).join(", ")}}, {}, 0
    function init() for i, body in ipairs(bodies) do requests[i] = wrk.format(nil, nil, nil, body) end end
    function request() turn = turn % #requests + 1 return requests[turn] end`;
  return `
    wrk.method = "POST"
    ${headerLines.join("\n    ")}
    ${fresh !== null ? freshRequests(bodies[0] ?? "", fresh) : bodies.length === 1 ? `wrk.body = ${quote(bodies[0] ?? "")}` : rotation}
    function done(summary, latency)
      local failed = summary.errors.status
      local lost = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
      print(string.format('{"accepted":%d,"failed":%d,"seconds":%.6f,"p50Ms":%.3f,"p99Ms":%.3f}',
        summary.requests - failed, failed + lost, summary.duration / 1e6,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
    end`;
}

/** Formats the parts of a request around the number once. */
function freshRequests(body: string, fresh: string): string {
  return `
    local before, after, number
    function init()
      local request = wrk.format(nil, nil, nil, ${quote(body)})
      local from, to = string.find(request, ${quote(fresh)}, 1, true)
      before, after, number = string.sub(request, 1, from - 1), string.sub(request, to + 1), ${firstNumber()}
    end
    function request()
      number = number + 1
      return before .. string.format("%0${fresh.length}d", number) .. after
    end`;
}

/** Two loads never begin with the same number, so that the second one sends no duplicates. */
function firstNumber(): number {
  return Date.now() * 1000;
}

const quote = (text: string) => JSON.stringify(text);

function plainCommand(job: LoadJob): string[] {
  return [process.execPath, import.meta.path, JSON.stringify(job)];
}

/** The generator in plain Bun: this file run as a program. */
async function sendFor({ url, headers, bodies, fresh, connections, seconds }: LoadJob): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  let failed = 0;
  let turn = 0;
  const startedAt = performance.now();
  const endAt = startedAt + seconds * 1000;
  let number = firstNumber();
  const freshHeaders = (text: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        value.replace(text, String(++number).padStart(text.length, "0")),
      ]),
    );
  async function send(body: string): Promise<boolean> {
    const own = fresh === null ? headers : freshHeaders(fresh);
    const response = await fetch(url, { method: "POST", headers: own, body });
    await response.arrayBuffer();
    return response.ok;
  }
  async function sendUntilEnd(): Promise<void> {
    while (performance.now() < endAt) {
      const sentAt = performance.now();
      const body = bodies[turn++ % bodies.length] ?? "";
      const isAccepted = await send(body).catch(() => false);
      if (isAccepted) latenciesMs.push(performance.now() - sentAt);
      else failed++;
    }
  }
  await Promise.all(Array.from({ length: connections }, sendUntilEnd));
  latenciesMs.sort((a, b) => a - b);
  const percentile = (share: number) => latenciesMs[Math.floor((latenciesMs.length - 1) * share)] ?? 0;
  return {
    accepted: latenciesMs.length,
    failed,
    seconds: (performance.now() - startedAt) / 1000,
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
  };
}

if (import.meta.main) console.log(JSON.stringify(await sendFor(JSON.parse(process.argv[2] ?? "") as LoadJob)));
