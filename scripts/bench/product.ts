import { createHmac } from "node:crypto";
import type { LoadJob } from "./load.ts";
import type { TokenKind } from "./path.ts";
import { Child } from "./resources.ts";

const ROOT_TOKEN = "root-token-of-the-bench-0123456789";

/** A server of this build or another one, with its own data directory. */
export interface Product extends AsyncDisposable {
  readonly pid: number;
  /** Time from the start of the process until the server is ready. */
  readonly startMs: number;
  /** URL to which messages of the application are sent. */
  readonly messagesUrl: string;
  /** Headers of message requests, including the sender's token. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Calls the API with the root token, and returns the JSON of the response. Paths are relative to
   * `/api/v1` unless they start with `/ingest/`. Rejects unless the response is 2xx.
   */
  call(method: string, path: string, body: unknown): Promise<unknown>;
  /** Returns the values of these series from `/metrics`; a missing series is 0. */
  metrics<Name extends string>(...series: Name[]): Promise<Record<Name, number>>;
}

/** Uid of the application that receives all messages. */
export const APPLICATION = "bench";

/**
 * Starts a server that may deliver to this machine, and waits until it is ready. `sender` selects
 * the token with which messages are sent. `options` are more options of the command line, and `env` more
 * settings.
 */
export async function startProduct(
  executable: string,
  dataDir: string,
  sender: TokenKind = "root",
  options: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Product> {
  const startedAt = performance.now();
  const own = ["--port=0", `--data-dir=${dataDir}`, "--allow-subnets=127.0.0.0/8", "--log-format=json"];
  const args = ["serve", ...own, ...options];
  const child = new Child([executable, ...args], { ...env, BOATHOOK_ROOT_TOKEN: ROOT_TOKEN });
  const url = await child.waitForLine(servingUrl);
  const startMs = performance.now() - startedAt;
  const headers = headersWith(ROOT_TOKEN);
  const senderToken = sender === "root" ? ROOT_TOKEN : await createToken(executable, dataDir);
  return {
    pid: child.pid,
    startMs,
    messagesUrl: `${url}/api/v1/app/${APPLICATION}/msg`,
    headers: headersWith(senderToken),
    async call(method, path, body) {
      const address = url + (path.startsWith("/ingest/") ? path : `/api/v1${path}`);
      const response = await fetch(address, { method, headers, body: JSON.stringify(body) });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return text === "" ? null : JSON.parse(text);
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

/**
 * Creates an ordinary token for the whole default environment. The server must have been started
 * before.
 */
async function createToken(executable: string, dataDir: string): Promise<string> {
  await using child = new Child([executable, "token", "create", `--data-dir=${dataDir}`, "--name=bench"]);
  return await child.waitForLine((line) => line);
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
  /** Each endpoint receives only the event type with its own number. */
  readonly spread: boolean;
  readonly concurrency: number;
  readonly paused?: boolean;
}

/** Creates the application and its endpoints, with the uids `ep-0`, `ep-1` and so on. */
export async function createEndpoints(product: Product, options: EndpointsOptions): Promise<void> {
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

const SOURCE_SECRET = "secret-of-the-bench";

/** Creates a source of GitHub's webhooks with one endpoint, and returns its URL. */
export async function createSource(
  product: Product,
  { receiverUrl, concurrency }: Pick<EndpointsOptions, "receiverUrl" | "concurrency">,
): Promise<string> {
  const made = await product.call("POST", "/ingest/api/v1/source", {
    name: "bench",
    uid: "bench",
    type: "github",
    config: { secret: SOURCE_SECRET },
  });
  const { appId, ingestUrl } = made as { readonly appId: string; readonly ingestUrl: string };
  await product.call("POST", `/app/${appId}/endpoint`, { url: `${receiverUrl}/hook/0`, concurrency });
  return ingestUrl;
}

/** Returns a request as GitHub sends it, with a payload of about this many bytes. */
export function signedRequest(payloadBytes: number): Pick<LoadJob, "headers" | "bodies" | "fresh"> {
  const { payload } = JSON.parse(messageBody(0, payloadBytes)) as { readonly payload: unknown };
  const body = JSON.stringify(payload);
  const mac = createHmac("sha256", SOURCE_SECRET).update(body).digest("hex");
  const fresh = "DELIVERY-OF-THE-BENCH";
  const headers = {
    accept: "*/*",
    "content-type": "application/json",
    "user-agent": "GitHub-Hookshot/0000000",
    "x-github-event": "push",
    "x-github-hook-id": "1",
    "x-github-delivery": fresh,
    "x-hub-signature-256": `sha256=${mac}`,
  };
  return { headers, bodies: [body], fresh };
}

/** Returns the event type of the endpoint with this number. */
export function eventType(endpoint: number): string {
  return `bench.event-${endpoint}`;
}

/**
 * Returns the request body of a message for this endpoint, with a payload of about this many bytes.
 */
export function messageBody(endpoint: number, payloadBytes: number): string {
  const payload = { id: "evt_123", amount: 1200, currency: "eur", lines: [1, 2, 3, 4, 5, 6, 7, 8], note: "" };
  const note = "x".repeat(Math.max(0, payloadBytes - JSON.stringify(payload).length));
  return JSON.stringify({ eventType: eventType(endpoint), payload: { ...payload, note } });
}
