import type { TokenKind } from "./path.ts";
import { Child } from "./resources.ts";

const ROOT_TOKEN = "root-token-of-the-bench";

/** A server that was built from this tree or another one, on a data directory of its own. */
export interface Product extends AsyncDisposable {
  readonly pid: number;
  /** From the start of the process until it serves. */
  readonly startMs: number;
  /** Where the messages of the application go. */
  readonly messagesUrl: string;
  /** Headers of a message, with the token of the sender. */
  readonly headers: Readonly<Record<string, string>>;
  /** Calls the API with the root token; paths are relative to `/api/v1`. Rejects unless the answer is 2xx. */
  call(method: string, path: string, body: unknown): Promise<void>;
  /** Reads `/metrics`: the values of these series, 0 where there is none. */
  metrics<Name extends string>(...series: Name[]): Promise<Record<Name, number>>;
}

/** The uid of the application that gets all messages. */
export const APPLICATION = "bench";

/** Starts it and waits until it serves. It may deliver to this machine. `sender` is the token of the messages. */
export async function startProduct(executable: string, dataDir: string, sender: TokenKind = "root"): Promise<Product> {
  const senderToken = sender === "root" ? ROOT_TOKEN : await createToken(executable, dataDir);
  const startedAt = performance.now();
  const args = ["serve", "--port=0", `--data-dir=${dataDir}`, "--allow-subnets=127.0.0.0/8", "--log-format=json"];
  const child = new Child([executable, ...args], { BOATHOOK_ROOT_TOKEN: ROOT_TOKEN });
  const url = await child.said(servingUrl);
  const startMs = performance.now() - startedAt;
  const headers = headersWith(ROOT_TOKEN);
  return {
    pid: child.pid,
    startMs,
    messagesUrl: `${url}/api/v1/app/${APPLICATION}/msg`,
    headers: headersWith(senderToken),
    async call(method, path, body) {
      const response = await fetch(`${url}/api/v1${path}`, { method, headers, body: JSON.stringify(body) });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    },
    async metrics(...series) {
      const page = await (await fetch(`${url}/metrics`)).text();
      return Object.fromEntries(series.map((name) => [name, valueIn(page, name)])) as Record<
        (typeof series)[number],
        number
      >;
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** Makes an ordinary token for the whole default environment, before the server is started. */
async function createToken(executable: string, dataDir: string): Promise<string> {
  await using child = new Child([executable, "token", "create", `--data-dir=${dataDir}`, "--name=bench"]);
  return await child.said((line) => line);
}

function headersWith(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}`, "content-type": "application/json" };
}

function servingUrl(line: string): string | null {
  if (!line.startsWith("{")) return null;
  const { msg, url } = JSON.parse(line) as { msg?: unknown; url?: unknown };
  return msg === "Serving." && typeof url === "string" ? url : null;
}

function valueIn(page: string, series: string): number {
  const line = page.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}

export interface EndpointsOptions {
  readonly receiverUrl: string;
  readonly endpoints: number;
  /** Each endpoint wants only the event type of its own number. */
  readonly spread: boolean;
  readonly concurrency: number;
  readonly paused?: boolean;
}

/** Makes the application and its endpoints, with the uids `ep-0`, `ep-1` … */
export async function makeEndpoints(product: Product, options: EndpointsOptions): Promise<void> {
  await product.call("POST", "/app", { name: APPLICATION, uid: APPLICATION });
  for (let i = 0; i < options.endpoints; i++) {
    if (options.spread) await product.call("POST", "/event-type", { name: eventType(i), description: "" });
    await product.call("POST", `/app/${APPLICATION}/endpoint`, {
      uid: `ep-${i}`,
      url: `${options.receiverUrl}/hook/${i}`,
      concurrency: options.concurrency,
      paused: options.paused ?? false,
      ...(options.spread ? { filterTypes: [eventType(i)] } : {}),
    });
  }
}

/** The event type that the endpoint of this number wants. */
export function eventType(endpoint: number): string {
  return `bench.event-${endpoint}`;
}

/** A message as the API takes it, with a payload of about this many bytes. */
export function messageBody(endpoint: number, payloadBytes: number): string {
  const payload = { id: "evt_123", amount: 1200, currency: "eur", lines: [1, 2, 3, 4, 5, 6, 7, 8], note: "" };
  const note = "x".repeat(Math.max(0, payloadBytes - JSON.stringify(payload).length));
  return JSON.stringify({ eventType: eventType(endpoint), payload: { ...payload, note } });
}
