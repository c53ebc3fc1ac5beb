import { join } from "node:path";
import type { BareLoopCounts } from "./bare-loop.ts";
import type { BenchChild } from "./child.ts";
import { applicationUid, eventType } from "./request.ts";
import type { Workplace } from "./workplace.ts";

/** A process under load: a server, or the bare loop. */
export interface Subject extends AsyncDisposable {
  readonly pid: number;
  readonly url: URL;
  /** Token for its message route. The bare loop ignores it. */
  readonly token: string;
  counts(): Promise<SubjectCounts>;
}

/** Numbers that a subject has counted since its start. */
export interface SubjectCounts {
  readonly accepted: number;
  /** Deliveries that succeeded and whose success is stored. */
  readonly delivered: number;
  /** Commits to the store. Each syncs the disk once. */
  readonly commits: number;
}

/** Maximum number of concurrent requests to an endpoint, and in the bare loop. */
export const CONCURRENCY = 256;

/** Starts a bare loop that sends each message to this many paths of a receiver. */
export async function startBareLoopSubject(
  work: Workplace,
  dataDir: string,
  receiverUrl: string,
  fanOut = 1,
): Promise<Subject> {
  const urls = Array.from({ length: fanOut }, (_, i) => `${receiverUrl}/hook/${i}`);
  const child = work.start(["bench", "bare-loop", join(dataDir, "bare-loop.db"), String(CONCURRENCY), ...urls]);
  const url = new URL(await child.line(textField("url")));
  return {
    pid: child.pid,
    url,
    token: "none",
    counts: async () => (await (await fetch(url)).json()) as BareLoopCounts,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** A server of this program with its own data. */
export interface Server extends Subject {
  /**
   * Calls the API with the root token, and returns the JSON of the response. Throws unless the
   * response is 2xx.
   */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Returns the sum of the series of each metric. */
  metrics<Name extends string>(...names: readonly Name[]): Promise<Record<Name, number>>;
  /** Stops the server, so that it copies its write-ahead log to the database. */
  stop(): Promise<void>;
}

export const ROOT_TOKEN = "root-token-of-the-bench-0123456789";
const STOP_WITHIN_MS = 60_000;
const POLL_MS = 50;

/** Starts a server that may deliver to this machine. `flags` are more options of `serve`. */
export async function startServer(work: Workplace, dataDir: string, flags: readonly string[] = []): Promise<Server> {
  const own = ["--port=0", `--data-dir=${dataDir}`, "--allow-subnets=127.0.0.0/8", "--log-format=json"];
  const child = work.start(["serve", ...own, ...flags], { BOATHOOK_ROOT_TOKEN: ROOT_TOKEN });
  const isServing = ({ msg, url }: Record<string, unknown>) => (msg === "Serving." ? String(url) : null);
  const url = new URL(await child.line(isServing));
  await using creation = work.start(["token", "create", `--data-dir=${dataDir}`, "--name=bench"]);
  return serverOf(child, url, await creation.text());
}

function serverOf(child: BenchChild, url: URL, token: string): Server {
  const headers = { authorization: `Bearer ${ROOT_TOKEN}`, "content-type": "application/json" };
  const server: Server = {
    pid: child.pid,
    url,
    token,
    async call(method, path, body) {
      const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
      const response = await fetch(new URL(path, url), init);
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return text === "" ? null : JSON.parse(text);
    },
    async metrics(...names) {
      const page = await (await fetch(new URL("/metrics", url))).text();
      const values = names.map((name) => [name, sumOf(page, name)] as const);
      return Object.fromEntries(values) as Record<(typeof names)[number], number>;
    },
    async counts() {
      const values = await server.metrics(ACCEPTED, DELIVERED, COMMITS);
      return { accepted: values[ACCEPTED], delivered: values[DELIVERED], commits: values[COMMITS] };
    },
    stop: () => stop(child.pid),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
  return server;
}

const ACCEPTED = "boathook_messages_accepted_total";
const DELIVERED = 'boathook_attempts_total{outcome="success"}';
const COMMITS = "boathook_commit_duration_seconds_count";

/** Returns the sum of the series of a metric. `name` may select one of them with its labels. */
function sumOf(page: string, name: string): number {
  const lines = page.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

async function stop(pid: number): Promise<void> {
  process.kill(pid, "SIGTERM");
  const deadline = performance.now() + STOP_WITHIN_MS;
  while (isRunning(pid)) {
    if (performance.now() > deadline)
      throw new Error(`The server still runs ${STOP_WITHIN_MS / 1000} s after SIGTERM.`);
    await Bun.sleep(POLL_MS);
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The applications, event types and endpoints of a server. */
export interface Endpoints {
  readonly url: string;
  readonly applications?: number;
  /** Each application has one endpoint for each type. */
  readonly types?: number;
  /** Endpoints for each type. */
  readonly perType?: number;
  readonly more?: Readonly<Record<string, unknown>>;
}

const CALLS_AT_ONCE = 16;

/** Creates applications, event types and endpoints. Messages of `messageRequests` go to them. */
export async function createEndpoints(
  server: Server,
  { url, applications = 1, types = 1, perType = 1, more }: Endpoints,
): Promise<void> {
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
  await inParallel(numbers(types), (i) =>
    server.call("POST", "/api/v1/event-type", { name: eventType(i), description: "" }),
  );
  await inParallel(numbers(applications), (i) =>
    server.call("POST", "/api/v1/app", { name: applicationUid(i), uid: applicationUid(i) }),
  );
  await inParallel(numbers(applications * types * perType), (i) => {
    const application = applicationUid(i % applications);
    const type = Math.floor(i / applications) % types;
    const only = types === 1 ? {} : { filterTypes: [eventType(type)] };
    const endpoint = { uid: `ep-${Math.floor(i / applications)}`, url, concurrency: CONCURRENCY, ...only, ...more };
    return server.call("POST", `/api/v1/app/${application}/endpoint`, endpoint);
  });
}

async function inParallel<T>(items: readonly T[], run: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  const worker = async () => {
    for (const item of rest) await run(item);
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, worker));
}

/** Returns a function that reads a string field of a line, or returns null if the line lacks it. */
export function textField(name: string): (value: Record<string, unknown>) => string | null {
  return ({ [name]: value }) => (typeof value === "string" ? value : null);
}
