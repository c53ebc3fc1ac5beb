import { afterAll, beforeAll, expect, test } from "bun:test";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { fullFormats } from "ajv-formats/dist/formats.js";
import fc from "fast-check";
import { type Answer, clientOf, type Send } from "../support/client.ts";
import { attemptsOf, until } from "../support/delivery.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";
import { logIn } from "../support/session.ts";

/**
 * Sends random requests to every operation of the OpenAPI document. Each response must have a
 * documented status and a body that matches its schema. Every 4xx must have the form of an error,
 * and no response may be a 5xx.
 */

const RUNS = 2500;

let server: TestServer;
let send: Send;
let operations: readonly Documented[];
let schemas: Readonly<Record<string, Schema>>;
let ajv: Ajv2020;
let ids: Ids;
/** Resources for requests that delete or expire one resource. */
let spareIds: Ids;
/** Resources for requests that delete a resource together with everything in it. */
let doomedIds: Ids;

type Ids = Readonly<Record<string, string>>;

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly examples?: readonly unknown[];
  readonly format?: string;
}
type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;
interface Documented {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly requestBody?: { readonly content: Content };
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
  await readDocument();
  ids = await someIds("fuzz");
  spareIds = await someIds("spare");
  doomedIds = await someIds("doomed");
});
afterAll(() => server.stop());

async function readDocument(): Promise<void> {
  const { json } = await send("GET", "/api/v1/openapi.json");
  schemas = json.components.schemas;
  ajv = new Ajv2020({ strict: false, formats: fullFormats });
  ajv.addSchema({ $id: "document", components: json.components });
  operations = Object.entries<Record<string, Documented>>(json.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      // These streams never end, so they have separate tests.
      .filter(([, { operationId }]) => !["overview.live", "message.events"].includes(operationId))
      .map(([method, documented]) => ({ ...documented, method: method.toUpperCase(), path })),
  );
}

/** Creates one resource of each kind that a path can name. */
async function someIds(name: string): Promise<Ids> {
  const create = async (method: string, path: string, body?: unknown) => {
    const { status, text, json } = await send(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    return json;
  };
  const app = (await create("POST", "/app", { name })).id;
  await create("POST", "/event-type", { name, description: "" });
  const endpoint = await create("POST", `/app/${app}/endpoint`, { url: "http://127.0.0.1:1/", eventTypes: [name] });
  const message = await create("POST", `/app/${app}/msg`, { eventType: name, payload: { name } });
  const [attempt] = (await attemptsOf(send, app, message.id)) as unknown as { id: string }[];
  await until(
    async () => (await create("GET", `/app/${app}/dead-letter`)).data as unknown[],
    (letters) => letters.length === 1,
  );
  const environment = (await create("POST", "/management/environment", { name, type: "development" })).id;
  const tokens = `/management/authentication/${environment}/api-token`;
  return {
    ...(await idsOfSource(name, create)),
    app_id: app,
    endpoint_id: endpoint.id,
    operational_id: (await create("POST", "/operational-webhook/endpoint", { url: "https://example.com/" })).id,
    msg_id: message.id,
    attempt_id: attempt!.id,
    event_type_name: name,
    payload_version: (await create("POST", "/payload-version", { version: name })).version,
    env_id: environment,
    key_id: (await create("POST", tokens, { name })).id,
    session_id: (await logIn(server.url)).session.id,
    task_id: (await create("PUT", "/stats/usage/event-types")).id,
    sink_id: "sink",
    consumer_id: "consumer",
    group_id: "group",
    token: "fuzz-inbox",
    link: "A".repeat(48),
  };
}

type Create = (method: string, path: string, body?: unknown) => Promise<Record<string, string>>;

/** Creates a source that has an endpoint and has refused a request, and a source that takes any request. */
async function idsOfSource(name: string, create: Create): Promise<Ids> {
  const list = "/ingest/api/v1/source";
  const { id, ingestUrl } = await create("POST", list, { name, type: "stripe", config: { secret: "whsec_fuzz" } });
  const tokenOf = (url: string) => url.split("/").at(-1)!;
  const { status } = await fetch(`${server.url}/in/${tokenOf(ingestUrl!)}`, { method: "POST", body: "{}" });
  if (status !== 401) throw new Error(`The source responded to an unsigned request with ${status}.`);
  const [entry] = (await create("GET", `${list}/${id}/log`)).data as unknown as [{ id: string }];
  const open = await create("POST", list, { name, type: "generic-webhook" });
  return {
    source_id: id!,
    source_endpoint_id: (await create("POST", `${list}/${id}/endpoint`, { url: "http://127.0.0.1:1/" })).id!,
    source_token: tokenOf(open.ingestUrl!),
    log_id: entry.id,
    provider_id: "stripe",
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

/**
 * Generates variations of an operation's example: a field at any depth is replaced, the text is
 * truncated, or the whole example is replaced.
 */
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

/** Generates values that usually match a schema. Sometimes a field is missing or invalid. */
function described(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return described(schemas[schema.$ref.split("/").at(-1)!]!, depth);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((one) => described(one, depth)));
  const fitting = describedAs(schema, depth);
  return fc.oneof({ weight: 19, arbitrary: fitting }, { weight: 1, arbitrary: oddValues });
}

function describedAs({ type, ...schema }: Schema, depth: number): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (type === "boolean") return fc.boolean();
  if (type === "null") return fc.constant(null);
  if (type === "array") return fc.array(described(schema.items ?? {}, depth + 1), { maxLength: 3 });
  if (type === "object") return describedObject(schema, depth);
  if (type === "string") return describedText(schema);
  if (type !== "integer" && type !== "number") return fc.jsonValue({ maxDepth: 2 });
  const { minimum: min = -10, maximum: max = 1_000_000 } = schema;
  return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
}

function describedObject({ properties = {}, required = [] }: Schema, depth: number): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => depth < 3 || required.includes(name))
      .map(([name, schema]) => [name, described(schema, depth + 1)]),
  );
  if (Object.keys(fields).length === 0)
    return fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 1 }));
  return fc.record(fields, { requiredKeys: required.filter((name) => name in fields) });
}

function describedText({ examples, format }: Schema): fc.Arbitrary<string> {
  if (format === "date-time") return instants;
  const words = fc.constantFrom("fuzz", "user.signup", "a", "https://example.com/a", "1h", ...Object.values(ids));
  const texts = fc.oneof(words, fc.string({ maxLength: 20 }), fc.string({ maxLength: 300, unit: "grapheme" }));
  return examples === undefined ? texts : fc.oneof(fc.constantFrom(...(examples as string[])), texts);
}

const instants = fc
  .date({ min: new Date("1970-01-01"), max: new Date("9999-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());

/** Query parameters that are never sent, because they delay the response or select its status. */
const excludedParameters = new Set([
  "v1.message.poller.poll wait",
  "v1.message.poller.consumer-poll wait",
  "inbox.receive delay",
  "inbox.receive status",
]);

function anyQuery({ operationId, parameters = [] }: Documented): fc.Arbitrary<string> {
  const known = parameters.filter(
    (parameter) => parameter.in === "query" && !excludedParameters.has(`${operationId} ${parameter.name}`),
  );
  const pairs = known.map(({ name, schema }) => {
    const value = fc.oneof({ weight: 3, arbitrary: described(schema).map(queryText) }, oddTexts);
    return value.map((text) => `${name}=${text}`);
  });
  const unknown = oddTexts.map((text) => `x=${text}`);
  return fc.array(fc.oneof(...pairs, unknown), { maxLength: 3 }).map((all) => all.join("&"));
}

function queryText(value: unknown): string {
  const words = Array.isArray(value) ? value : [value];
  const texts = words.map((word) => (typeof word === "string" ? word : JSON.stringify(word)));
  return encodeURIComponent(texts.join(",").toWellFormed());
}

interface AnyRequest {
  readonly operation: Documented;
  readonly path: string;
  readonly body: unknown;
}

const anyRequest: fc.Arbitrary<AnyRequest> = fc.nat().chain((which) => {
  const operation = operations[which % operations.length]!;
  const params = fc.array(fc.oneof({ weight: 8, arbitrary: fc.constant(null) }, oddTexts), {
    minLength: 4,
    maxLength: 4,
  });
  return fc.tuple(params, anyQuery(operation), anyBody(operation)).map(([odd, query, body]) => {
    const path = filled(operation, odd);
    return { operation, path: query === "" ? path : `${path}?${query}`, body };
  });
});

function anyBody({ requestBody, method }: Documented): fc.Arbitrary<unknown> {
  const content = requestBody?.content["application/json"];
  if (content === undefined || method === "GET") return fc.constant(undefined);
  return fc.oneof(mutated(content.example), described(content.schema));
}

function filled({ path, method, operationId }: Documented, odd: readonly (string | null)[]): string {
  const known = idsFor(method, operationId);
  let i = 0;
  return path.replace(/\{(\w+)\}/g, (_, param: string) => {
    const name = idNameOf(path, param);
    return odd[i++] ?? known[name] ?? fail(`No value is known for {${param}} of ${operationId}.`);
  });
}

/** Returns the key in `Ids` of a parameter, whose meaning may depend on the path. */
function idNameOf(path: string, param: string): string {
  if (param === "endpoint_id" && path.includes("/operational-webhook/")) return "operational_id";
  if (param === "endpoint_id" && path.includes("/source/")) return "source_endpoint_id";
  return param === "token" && path.startsWith("/in/") ? "source_token" : param;
}

function idsFor(method: string, operationId: string): Ids {
  if (/\.(application|environment|source)\.delete$/.test(operationId)) return doomedIds;
  return method === "DELETE" || operationId.includes("expire") ? spareIds : ids;
}

function fail(problem: string): never {
  throw new Error(problem);
}

/**
 * Returns whether a path still belongs to the operation, because unusual parameters can produce the
 * path of another operation.
 */
function isAddressOf({ path: template }: Documented, path: string): boolean {
  const [asSent] = path.split("?") as [string];
  const { pathname } = new URL(server.url + path);
  const pattern = new RegExp(`^${template.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`);
  const named = new Set(operations.map((one) => one.path));
  return pathname === asSent && pattern.test(pathname) && (template === pathname || !named.has(pathname));
}

const validators = new Map<string, ValidateFunction>();

function validatorOf({ operationId }: Documented, status: number, schema: Schema): ValidateFunction {
  const key = `${operationId} ${status}`;
  const validate = validators.get(key) ?? ajv.compile(absolute(schema));
  validators.set(key, validate);
  return validate;
}

/** Returns a schema whose references are resolved in the whole OpenAPI document. */
function absolute(schema: Schema): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"document#/'));
}

/** Returns how a response differs from the document, or null if it conforms. */
function problemOf(operation: Documented, { status, headers, text, json }: Answer): string | null {
  const documented = operation.responses[status];
  if (documented === undefined) return `${status} is not in the document`;
  if (documented.content === undefined) return text === "" ? null : "a body where the document has none";
  if (documented.content["*/*"] !== undefined) return null;
  const type = (headers.get("content-type") ?? "").split(";")[0]!;
  const media = documented.content[type];
  if (media === undefined) return `${type} is not in the document`;
  if (type !== "application/json") return null;
  const validate = validatorOf(operation, status, media.schema);
  return validate(json) ? null : ajv.errorsText(validate.errors);
}

function hasErrorForm(json: { code?: unknown; detail?: unknown } | undefined): boolean {
  if (typeof json?.code === "string" && typeof json.detail === "string") return true;
  if (!Array.isArray(json?.detail)) return false;
  return json.detail.every(
    ({ loc, msg, type }) => Array.isArray(loc) && typeof msg === "string" && typeof type === "string",
  );
}

/** Time limit in ms. A response that takes longer fails the test. */
const HANG_MS = 10_000;

/** Sends a request like the client of the tests, but to any path and with a timeout. */
async function ask(method: string, path: string, body: unknown): Promise<Answer> {
  const isText = typeof body === "string" || body instanceof Uint8Array;
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${ROOT_TOKEN}` },
    signal: AbortSignal.timeout(HANG_MS),
    ...(body !== undefined && { body: isText ? (body as BodyInit) : JSON.stringify(body) }),
  });
  const { status, headers } = response;
  const text = await response.text();
  const isJson = headers.get("content-type")?.startsWith("application/json") && text !== "";
  return { status, headers, text, json: isJson ? JSON.parse(text) : undefined };
}

const accepted = new Set<string>();

test(
  "no request causes a 5xx response, and every response matches the OpenAPI document",
  async () => {
    await fc.assert(
      fc.asyncProperty(anyRequest, async ({ operation, path, body }) => {
        const answer = await ask(operation.method, path, body);
        const { status, json, text } = answer;
        if (status >= 500) throw new Error(`${status} ${text}`);
        // A 431 comes from the HTTP server and has no body.
        if (status >= 400 && status !== 431 && !hasErrorForm(json)) throw new Error(`${status} ${text}`);
        const problem = isAddressOf(operation, path) ? problemOf(operation, answer) : null;
        if (problem !== null) throw new Error(`${operation.operationId}: ${problem}: ${status} ${text}`);
        if (status < 300) accepted.add(operation.operationId);
      }),
      { numRuns: RUNS },
    );
    expect((await send("GET", "/health")).status).toBe(200);
    // Most operations must succeed at least once. Otherwise only validation would have been tested.
    expect(accepted.size).toBeGreaterThan(operations.length / 2);
  },
  { timeout: 60_000 },
);
