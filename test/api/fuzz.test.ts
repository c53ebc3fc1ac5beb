import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Whatever a client sends: a 4xx with a body in the error form, or a 2xx, and never a 5xx. */

const RUNS = 1500;

let server: TestServer;
let send: Send;
let operations: readonly { method: string; path: string; example: unknown; queries: readonly string[] }[];
let ids: Record<string, string[]>;

beforeAll(async () => {
  server = await startServer(["--retry-schedule=1s"]);
  send = clientOf(server.url);
  operations = await documentedOperations();
  ids = await someIds();
});
afterAll(() => server.stop());

async function documentedOperations() {
  const { json } = await send("GET", "/openapi.json");
  return Object.entries<Record<string, Operation>>(json.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      // A stream that never ends has a test of its own.
      .filter(([, { operationId }]) => path.startsWith("/api/") && operationId !== "overview.live")
      .map(([method, { requestBody, parameters = [] }]) => ({
        method: method.toUpperCase(),
        path,
        example: requestBody?.content["application/json"]?.example,
        queries: parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name),
      })),
  );
}

interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Record<string, { readonly example?: unknown }> };
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

async function someIds(): Promise<Record<string, string[]>> {
  const app = await makeApplication(send);
  const endpoint = await send("POST", `/app/${app}/endpoint`, { url: `${server.url}/inbox/fuzz-inbox` });
  const message = await send("POST", `/app/${app}/msg`, { eventType: "user.signup", payload: {} });
  await send("POST", "/event-type", { name: "user.signup", description: "" });
  return {
    app_id: [app],
    endpoint_id: [endpoint.json.id],
    msg_id: [message.json.id],
    event_type_name: ["user.signup"],
    token: ["fuzz-inbox"],
  };
}

const oddTexts = fc.oneof(
  fc.constantFrom("", " ", "%00", "%ff", "..", "%2e%2e%2f", "null", "-1", "1e999", "%F0%9F%98%80", "a".repeat(300)),
  fc.string({ maxLength: 20 }).map(encodeURIComponent),
);
const oddValues = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1e308,
    2 ** 53,
    0.1,
    "",
    "\u0000",
    "\ud800",
    [],
    {},
    [[]],
    "x".repeat(5000),
  ),
  fc.constantFrom<unknown>("2026-13-01T00:00:00Z", "app_17MeGibBYAlEAyJrb2g70ismFAs", {
    __proto__: null,
    constructor: 1,
  }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** The example of an operation with one of its fields, at any depth, made into something else, or cut as text. */
function mutated(example: unknown): fc.Arbitrary<unknown> {
  const replaced = fc.tuple(fc.nat(), oddValues).map(([at, value]) => replaceNth(example, at, value));
  const cut = fc.nat({ max: 200 }).map((at) => JSON.stringify(example ?? {}).slice(0, at));
  const noise = fc.uint8Array({ maxLength: 100 }).map((bytes) => new Uint8Array(bytes));
  return fc.oneof({ weight: 6, arbitrary: replaced }, fc.constant(example), cut, noise, oddValues);
}

function replaceNth(example: unknown, at: number, value: unknown): unknown {
  if (typeof example !== "object" || example === null) return value;
  const keys = Object.keys(example);
  if (keys.length === 0) return value;
  const key = keys[at % keys.length]!;
  const child = (example as Record<string, unknown>)[key];
  const goesDeeper = at % 2 === 0 && typeof child === "object" && child !== null;
  const next = goesDeeper ? replaceNth(child, Math.floor(at / keys.length), value) : value;
  if (Array.isArray(example)) return example.map((item, i) => (String(i) === key ? next : item));
  return { ...example, [key]: next };
}

const anyRequest = fc.nat().chain((which) => {
  const { method, path, example, queries } = operations[which % operations.length]!;
  const query = fc.array(fc.tuple(fc.constantFrom(...queries, "x"), oddTexts), { maxLength: 2 });
  const params = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, oddTexts), {
    minLength: 4,
    maxLength: 4,
  });
  const body = example === undefined ? fc.constant(undefined) : mutated(example);
  return fc.tuple(params, query, body).map(([odd, pairs, sent]) => {
    let i = 0;
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => odd[i++] ?? ids[name]?.[0] ?? "unknown");
    const search = pairs.map(([name, value]) => `${name}=${value}`).join("&");
    return { method, path: search === "" ? filled : `${filled}?${search}`, body: sent };
  });
});

function hasErrorForm(json: { code?: unknown; detail?: unknown } | undefined): boolean {
  if (typeof json?.code === "string" && typeof json.detail === "string") return true;
  if (!Array.isArray(json?.detail)) return false;
  return json.detail.every(
    ({ loc, msg, type }) => Array.isArray(loc) && typeof msg === "string" && typeof type === "string",
  );
}

test(
  "no request is answered with a 5xx, and every error has its form",
  async () => {
    await fc.assert(
      fc.asyncProperty(anyRequest, async ({ method, path, body }) => {
        const { status, json, text } = await send(method, path, method === "GET" ? undefined : body);
        if (status >= 500) throw new Error(`${status} ${text}`);
        if (status >= 400 && !hasErrorForm(json)) throw new Error(`${status} ${text}`);
      }),
      { numRuns: RUNS },
    );
    expect((await send("GET", "/health")).status).toBe(200);
  },
  { timeout: 60_000 },
);
