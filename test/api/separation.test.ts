import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Answer, clientOf, type Send } from "../support/client.ts";
import { attemptsOf, until } from "../support/delivery.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

/**
 * These tests use two environments with two applications each and with the same uids in both. No
 * operation of the OpenAPI document may let a token read or change anything of another environment
 * or application.
 */

type Params = Readonly<Record<string, string>>;

interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly params: readonly string[];
  readonly example: unknown;
}

/** The resources of one application, by the name of their path parameter. */
interface Place {
  readonly ids: Params;
  readonly uids: Params;
  readonly deadLetter: string;
  readonly batch: string;
  /** A token of the application. */
  readonly token: string;
  /** Texts that no response to another caller may contain. */
  readonly marks: readonly string[];
}

interface Environment {
  readonly id: string;
  readonly token: string;
  readonly main: Place;
  readonly other: Place;
  readonly marks: readonly string[];
}

/** Operations that the general tests do not call, each with the reason. */
const excluded: Readonly<Record<string, string>> = {
  "v1.health.get": "public",
  "v1.health.ping": "public",
  "session.create": "public",
  "login.options": "public",
  "login.begin": "public",
  "login.complete": "public",
  "session.get": "returns the session of the request, which a request with a token does not have",
  "session.log-out": "ends the session of the request, which a request with a token does not have",
  "provider.list": "the same for everyone",
  "provider.get": "the same for everyone",
  "metrics.get": "belongs to the server",
  "door.receive": "public to anyone who knows the token of the source",
  "payload-link.read": "public to anyone who knows the link",
  "inbox.receive": "public to anyone who knows the token of the inbox",
  "inbox.list": "inboxes belong to no environment; any caller who knows the token may read one",
  "overview.live": "never ends; it has its own test below",
};

/** Reads of settings that the endpoints of these tests do not have, so that they respond with 404. */
const withoutValue: readonly string[] = ["v1.endpoint.get-oauth", "v1.endpoint.get-mtls"];

/** GETs that only consumers of `websocket:` endpoints can make. */
const upgrading: readonly string[] = ["endpoint.connect", "ingest.endpoint.connect"];

/** Reads whose response does not end. Here only its status is read. */
const lasting: readonly string[] = ["message.events"];

/** Path parameters whose value the caller chooses or is the same in both environments. */
const chosenNames: Params = {
  sink_id: "sink",
  consumer_id: "consumer",
  group_id: "group",
  event_type_name: "shared.type",
};

/**
 * Allowed responses, besides 404, to a request with an environment token and an id of the other
 * environment.
 */
const exceptions: readonly RegExp[] = [
  // Only the root token may manage environments.
  /^v1\.management\.environment\.\w+: 403 /,
  // A PUT to an unknown id creates an application of the caller with the uid in the body. A second
  // PUT fails, because the uid is then in use.
  /^v1\.application\.update: (201|409) /,
];

/** Ids in queries and bodies. Each of them has a test below. */
const referenceTests = [
  "message.poller.group-ack leaseIds",
  "message.poller.group-nack leaseIds",
  "v1.message-attempt.list-by-msg ?endpoint_id",
  "v1.message-attempt.list-by-endpoint ?batch_id",
  "audit-log.list ?app_id",
  "endpoint.list-by-environment ?app_id",
  "message.list-by-environment ?app_id",
  "message.list-by-environment ?event_id",
  "dead-letter.list-by-application ?endpoint_id",
  "dead-letter.list ?app_id",
  "dead-letter.list ?endpoint_id",
  "dead-letter.list ?ids",
  "dead-letter.delete ?app_id",
  "dead-letter.delete ?endpoint_id",
  "dead-letter.delete ?ids",
  "dead-letter.summary ?app_id",
  "dead-letter.summary ?endpoint_id",
  "dead-letter.summary ?ids",
  "dead-letter.drop filter.appId",
  "dead-letter.drop filter.endpointId",
  "dead-letter.drop filter.ids",
  "dead-letter.redrive filter.appId",
  "dead-letter.redrive filter.endpointId",
  "dead-letter.redrive filter.ids",
  "v1.message.bulk-expunge-content ids",
  "v1.management.authentication.list-api-tokens ?app_id",
  "v1.management.authentication.create-api-token appId",
  "v1.authentication.app-portal-access sessionId",
  "v1.authentication.expire-all sessionIds",
  "v1.statistics.aggregate-app-stats appIds",
  "statistics.timeseries ?app_id",
  "statistics.timeseries ?endpoint_id",
  "endpoint.filter-test messageId",
  "ingest.endpoint.filter-test messageId",
  "v1.endpoint.transformation.simulate messageId",
  "v1.ingest.endpoint.transformation.simulate messageId",
];

let server: TestServer;
let send: Send;
let operations: Operation[];
let references: string[];
let victim: Environment;
let stranger: Environment;

beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
  await readDocument();
  victim = await makeEnvironment("victim");
  stranger = await makeEnvironment("stranger");
});
afterAll(() => server.stop());

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
}

async function readDocument(): Promise<void> {
  const document = await (await fetch(`${server.url}/docs/json`)).json();
  const all = Object.entries<Record<string, Documented>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, documented]) => ({ path, method: method.toUpperCase(), ...documented })),
  );
  operations = all
    .filter(({ operationId }) => excluded[operationId] === undefined)
    .map(({ operationId, method, path, requestBody }) => ({
      id: operationId,
      method,
      path,
      params: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!),
      example: requestBody?.content["application/json"]?.example,
    }))
    .sort((a, b) => damage(a) - damage(b));
  references = all.flatMap(({ operationId, parameters = [], requestBody }) => [
    ...parameters
      .filter((one) => one.in === "query" && isIdName(one.name))
      .map(({ name }) => `${operationId} ?${name}`),
    ...idsIn(requestBody?.content["application/json"]?.schema ?? {}, document.components.schemas).map(
      (name) => `${operationId} ${name}`,
    ),
  ]);
}

interface Documented {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: Schema; readonly example: unknown }>>;
  };
}

/**
 * Returns whether a field is an id of a resource. `uid` and `eventId` do not count, because the caller chooses
 * them for new resources. The ids in the field `auth` of endpoints belong to other systems.
 */
function isIdName(name: string): boolean {
  return /(^|_)ids?$|[a-z]Ids?$/.test(name) && !["eventId", "clientId", "keyId", "secretId"].includes(name);
}

function idsIn(schema: Schema, schemas: Readonly<Record<string, Schema>>, at = ""): string[] {
  if (schema.$ref !== undefined) return idsIn(schemas[schema.$ref.split("/").at(-1)!] ?? {}, schemas, at);
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap((one) => idsIn(one, schemas, at));
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    isIdName(name) ? [at + name] : idsIn(child, schemas, `${at}${name}.`),
  );
}

/**
 * Ranks an operation by how much it deletes. The operations with the highest ranks are called last.
 */
function damage({ method, id, path }: Operation): number {
  if (/logout|expire/.test(id)) return 4;
  if (id === "v1.application.delete") return 3;
  if (method === "DELETE") return path.includes("/content") ? 1 : 2;
  return method === "GET" ? 0 : 1;
}

async function must(method: string, path: string, token: string, body?: unknown): Promise<Answer> {
  const answer = await send(method, path, body, { token });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
}

async function makeEnvironment(name: string): Promise<Environment> {
  const { id } = (await must("POST", "/management/environment", ROOT_TOKEN, { name, type: "development" })).json;
  const tokens = `/management/authentication/${id}/api-token`;
  const { token } = (await must("POST", tokens, ROOT_TOKEN, { name: `mark-${name}` })).json;
  const spare = (await must("POST", tokens, token, { name: `mark-${name}-spare` })).json;
  const session = (await must("POST", "/session", token, { token: spare.token })).json;
  const mark = `mark-${name}`;
  await must("POST", "/event-type", token, { name: "shared.type", description: mark });
  const operational = await must("POST", "/operational-webhook/endpoint", token, {
    url: `http://127.0.0.1:1/${mark}`,
    uid: "shared-operational",
    description: mark,
    headers: { "X-Mark": mark },
  });
  const task = await must("PUT", "/stats/usage/event-types", token);
  const version = `version-of-${name}`;
  await must("POST", "/payload-version", token, { version, description: mark });
  const common = {
    payload_version: version,
    env_id: id,
    key_id: spare.id,
    task_id: task.json.id,
    session_id: session.id,
  };
  const main = await makePlace(token, "shared-app", `${mark}-main`, common, operational.json.id);
  const other = await makePlace(token, "shared-other", `${mark}-other`, common, operational.json.id);
  await until(
    async () => (await must("GET", `/background-task/${task.json.id}`, token)).json.status,
    (status) => status !== "running",
  );
  const marks = [`"${id}"`, spare.id, session.id, task.json.id, operational.json.id, mark];
  return { id, token, main, other, marks };
}

/** Creates an application with an endpoint, a dead letter, a consumer and a token. */
async function makePlace(
  token: string,
  uid: string,
  mark: string,
  common: Params,
  operationalId: string,
): Promise<Place> {
  const app = (await must("POST", "/app", token, { name: mark, uid, metadata: { mark } })).json;
  const path = `/app/${app.id}`;
  const endpoint = await must("POST", `${path}/endpoint`, token, {
    url: `http://127.0.0.1:1/${mark}`,
    uid: "shared-endpoint",
    description: mark,
    headers: { "X-Mark": mark },
    eventTypes: ["shared.type"],
    batch: { maxMessages: 1, maxWaitMs: 0 },
  });
  const message = await must("POST", `${path}/msg`, token, {
    eventType: "shared.type",
    eventId: "shared-message",
    payload: { mark },
  });
  const sent = (text: string, options: { token?: string | null } = {}) =>
    send("GET", text, undefined, { token, ...options });
  const [attempt] = await attemptsOf((_, text) => sent(text), app.id, message.json.id);
  const dead = await until(
    async () => (await sent(`${path}/dead-letter`)).json.data as { id: string }[],
    (letters) => letters.length === 1,
  );
  await must("POST", `${path}/poller/sink/consumer/consumer/seek`, token, { after: "2020-01-01T00:00:00Z" });
  const source = await makeSource(token, mark);
  const access = { sessionId: "shared-session", featureFlags: [] };
  const portal = await must("POST", `/auth/app-portal-access/${app.id}`, token, access);
  const { id: attemptId, batchId: batch } = attempt as unknown as { id: string; batchId: string };
  const ids = {
    ...common,
    app_id: app.id,
    endpoint_id: endpoint.json.id,
    msg_id: message.json.id,
    attempt_id: attemptId,
    operational_id: operationalId,
    source_id: source.id,
    source_endpoint_id: source.endpointId,
    log_id: source.logId,
  };
  const uids = {
    ...ids,
    app_id: uid,
    endpoint_id: "shared-endpoint",
    msg_id: "shared-message",
    operational_id: "shared-operational",
    source_id: `shared-${source.uid}`,
    source_endpoint_id: "shared-source-endpoint",
  };
  const deadLetter = dead[0]!.id;
  const marks = [mark, app.id, endpoint.json.id, message.json.id, attemptId, batch, deadLetter, ...source.marks];
  return { ids, uids, deadLetter, batch, token: portal.json.token, marks };
}

/** Creates a source with an endpoint, a received message and an entry in its log. */
async function makeSource(token: string, mark: string) {
  const uid = mark.endsWith("-main") ? "main" : "other";
  const settings = { name: mark, uid: `shared-${uid}`, type: "stripe", config: { secret: mark }, metadata: { mark } };
  const source = (await must("POST", "/ingest/api/v1/source", token, settings)).json;
  const endpoint = await must("POST", `/ingest/api/v1/source/${source.id}/endpoint`, token, {
    url: `http://127.0.0.1:1/${mark}`,
    uid: "shared-source-endpoint",
    description: mark,
    headers: { "X-Mark": mark },
  });
  const refused = await fetch(source.ingestUrl, { method: "POST", headers: { "x-mark": mark }, body: mark });
  if (refused.status !== 401) throw new Error(`An unsigned request got ${refused.status}.`);
  const [entry] = (await must("GET", `/ingest/api/v1/source/${source.id}/log`, token)).json.data;
  const door = source.ingestUrl.split("/").at(-1) as string;
  const marks = [source.id, source.appId, endpoint.json.id, entry.id, door];
  const ids = { id: source.id as string, endpointId: endpoint.json.id as string, logId: entry.id as string };
  return { ...ids, uid, marks };
}

/**
 * Returns the key of a path parameter's value. `endpoint_id` has several keys, because it may also
 * stand for an operational endpoint or an endpoint of a source.
 */
function keyOf({ path }: Operation, param: string): string {
  if (param !== "endpoint_id") return param;
  if (path.includes("/operational-webhook/")) return "operational_id";
  return path.includes("/source/") ? "source_endpoint_id" : param;
}

function valueFor(operation: Operation, param: string, values: Params): string {
  const value = chosenNames[param] ?? values[keyOf(operation, param)];
  if (value === undefined) throw new Error(`${operation.id}: no value is known for {${param}}. Add it to the places.`);
  return value;
}

function call(operation: Operation, token: string, values: Params): Promise<Answer> {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, param: string) => valueFor(operation, param, values));
  return lasting.includes(operation.id)
    ? begin(path, token)
    : send(operation.method, path, operation.example, { token });
}

/** Sends a request and reads the body only if the response is an error. */
async function begin(path: string, token: string): Promise<Answer> {
  const abort = new AbortController();
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(server.url + path, { headers, signal: abort.signal });
  const text = response.ok ? "" : await response.text();
  abort.abort();
  return { status: response.status, headers: response.headers, text, json: undefined };
}

/** Returns the path parameters whose values differ between the two environments. */
function idParams({ params }: Operation): string[] {
  return params.filter((param) => chosenNames[param] === undefined);
}

/**
 * Returns variants of the caller's own values: one for each value that is replaced by the foreign
 * value, and one in which all are replaced.
 */
function mixtures(operation: Operation, own: Params, foreign: Params): Params[] {
  const params = idParams(operation).map((param) => keyOf(operation, param));
  const single = params.map((param) => ({ ...own, [param]: foreign[param]! }));
  return params.length === 0 ? [] : [...single, foreign];
}

/**
 * Calls an operation and describes what is wrong: a status that is not allowed, and each mark in
 * the response.
 */
async function leaks(
  operation: Operation,
  token: string,
  values: Params,
  marks: readonly string[],
  allowed: readonly number[] | null,
): Promise<string[]> {
  const { status, text } = await call(operation, token, values);
  const leaked = marks.filter((mark) => text.includes(mark));
  const found = leaked.map((mark) => `${operation.id} ${status}: contains ${mark}`);
  if (status >= 500) found.push(`${operation.id}: ${status} ${text}`);
  if (allowed !== null && !allowed.includes(status)) found.push(`${operation.id}: ${status} ${JSON.stringify(values)}`);
  return found;
}

async function leaksOfAll(
  each: (operation: Operation) => readonly (readonly [token: string, values: Params])[],
  marks: readonly string[],
  allowed: readonly number[] | null,
): Promise<string[]> {
  const found: string[] = [];
  for (const operation of operations) {
    for (const [token, values] of each(operation)) {
      found.push(...(await leaks(operation, token, values, marks, allowed)));
    }
  }
  return found;
}

/**
 * Returns everything that the token of an environment can read, except values that change over
 * time.
 */
async function stateOf({ token, main, other }: Environment): Promise<string> {
  const reads = operations.filter(
    ({ method, id }) => method === "GET" && !/^(audit-log|overview|v1\.management\.environment)/.test(id),
  );
  const parts: string[] = [];
  for (const place of [main, other]) {
    for (const operation of reads) {
      const { text } = await call(operation, token, place.ids);
      // Reading uses the token, which is stored once a minute.
      parts.push(`${operation.id} ${text.replace(/"lastUsedAt":"[^"]+"/g, '"lastUsedAt":"now"')}`);
    }
  }
  return parts.join("\n");
}

function allMarks({ marks, main, other }: Environment): string[] {
  return [...marks, ...main.marks, ...other.marks];
}

async function freshToken({ id }: Environment): Promise<string> {
  const path = `/management/authentication/${id}/api-token`;
  return (await must("POST", path, ROOT_TOKEN, { name: "fresh" })).json.token;
}

/** Runs `work` and expects it to leave the environment unchanged. */
async function expectUnchanged(environment: Environment, work: () => Promise<unknown>): Promise<void> {
  const before = await stateOf(environment);
  await work();
  expect(await stateOf(environment)).toBe(before);
}

describe("coverage of the OpenAPI document", () => {
  test("every path parameter has a value that differs between the two environments", () => {
    expect(operations.length).toBeGreaterThan(70);
    for (const operation of operations) {
      for (const param of operation.params) {
        expect(valueFor(operation, param, victim.main.ids)).toBeString();
        if (chosenNames[param] === undefined) {
          expect(victim.main.ids[keyOf(operation, param)]).not.toBe(stranger.main.ids[keyOf(operation, param)]);
        }
      }
    }
  });

  test("every id in a query or body of the OpenAPI document has a test", () => {
    expect(references.filter((name) => !referenceTests.includes(name))).toEqual([]);
    expect(referenceTests.filter((name) => !references.includes(name))).toEqual([]);
  });

  test("an environment token can read all its own resources by id and by uid", async () => {
    const reads = operations.filter(
      ({ method, id }) =>
        method === "GET" &&
        !/^(v1\.management\.environment|system)\./.test(id) &&
        ![...withoutValue, ...upgrading].includes(id),
    );
    const refused: string[] = [];
    for (const operation of reads) {
      for (const values of [victim.main.ids, victim.main.uids]) {
        const { status, text } = await call(operation, victim.token, values);
        // Only the handshake of a WebSocket is missing.
        if (status !== 200 && status !== 426) refused.push(`${operation.id}: ${status} ${text}`);
      }
    }
    expect(refused).toEqual([]);
  });
});

describe("ids in paths", () => {
  test("a request with an environment token to a path with ids of another environment returns 404", async () => {
    await expectUnchanged(victim, async () => {
      const token = await freshToken(stranger);
      const each = (operation: Operation) =>
        mixtures(operation, stranger.main.ids, victim.main.ids).map((values) => [token, values] as const);
      const found = await leaksOfAll(each, allMarks(victim), [404]);
      expect(found.filter((one) => !exceptions.some((pattern) => pattern.test(one)))).toEqual([]);
    });
  });

  test("a request to a path that combines an application with a resource of another application returns 404", async () => {
    await expectUnchanged(victim, async () => {
      const each = (operation: Operation) =>
        operation.path.includes("{app_id}")
          ? idParams(operation)
              .filter((param) => ["endpoint_id", "msg_id", "attempt_id"].includes(param))
              .map((param) => ({ ...victim.other.ids, [param]: victim.main.ids[param]! }))
              .map((values) => [victim.token, values] as const)
          : [];
      expect(await leaksOfAll(each, victim.main.marks, [404])).toEqual([]);
    });
  });

  test("a request with an application token to a path with ids of another application returns 404 or 403", async () => {
    await expectUnchanged(victim, async () => {
      for (const own of [victim.other, stranger.main]) {
        const marks = own === victim.other ? victim.main.marks : allMarks(victim);
        const each = (operation: Operation) => {
          const params = idParams(operation);
          // The other operations belong to environments and always return 403.
          if (params.length === 0) return [];
          return mixtures(operation, own.ids, victim.main.ids).map((values) => [own.token, values] as const);
        };
        expect(await leaksOfAll(each, marks, [403, 404])).toEqual([]);
      }
    });
  });

  test("a request with an application token to a path with the uid of another application returns 404 or 403", async () => {
    await expectUnchanged(victim, async () => {
      const each = (operation: Operation) =>
        operation.params.includes("app_id") ? [[victim.other.token, victim.main.uids] as const] : [];
      expect(await leaksOfAll(each, victim.main.marks, [403, 404])).toEqual([]);
    });
  });
});

describe("ids in queries and bodies", () => {
  const past = "2026-01-01T00:00:00Z";

  test("leases of another application's group can be neither acknowledged nor given back", async () => {
    const path = (place: Environment["main"]) => `/api/v1/app/${place.ids.app_id}/poller/sink/group/group`;
    const body = { after: victim.main.ids.msg_id };
    await must("POST", `/api/v1/app/${victim.main.ids.app_id}/msg`, victim.token, { eventType: "a", payload: {} });
    const { data } = (await must("POST", `${path(victim.main)}/lease`, victim.token, body)).json;
    const leaseIds = (data as { leaseId: string }[]).map(({ leaseId }) => leaseId);
    expect(leaseIds.length).toBeGreaterThan(0);
    const others = [
      [victim.token, victim.other],
      [stranger.token, stranger.main],
    ] as const;
    for (const [token, place] of others) {
      await must("POST", `${path(place)}/lease`, token, {});
      const lists = await Promise.all(
        ["ack", "nack"].map((what) => send("POST", `${path(place)}/${what}`, { leaseIds }, { token })),
      );
      // Leases that are not the group's are like leases that have ended, or no leases at all.
      for (const { status } of lists) expect([204, 409, 422]).toContain(status);
    }
    expect((await send("POST", `${path(victim.main)}/ack`, { leaseIds }, { token: victim.token })).status).toBe(204);
  });

  test("filtering by ids of another environment returns 404 or matches nothing", async () => {
    const [app, endpoint] = [victim.main.ids.app_id, victim.main.ids.endpoint_id];
    const own = `/app/${stranger.main.ids.app_id}`;
    const calls: [string, string, unknown?][] = [
      ["GET", `/management/authentication/${stranger.id}/api-token?app_id=${app}`],
      ["POST", `/management/authentication/${stranger.id}/api-token`, { name: "", appId: app }],
      ["GET", `/audit-log?app_id=${app}`],
      ["GET", `/endpoint?app_id=${app}`],
      ["GET", `/message?app_id=${app}`],
      ["GET", `/stats/timeseries?app_id=${app}`],
      ["GET", `/stats/timeseries?app_id=${app}&endpoint_id=${endpoint}`],
      ["GET", `/stats/timeseries?app_id=${stranger.main.ids.app_id}&endpoint_id=${endpoint}`],
      ["GET", `${own}/dead-letter?endpoint_id=${endpoint}`],
      ["GET", `${own}/attempt/msg/${stranger.main.ids.msg_id}?endpoint_id=${endpoint}`],
      ["GET", `${own}/attempt/endpoint/${stranger.main.ids.endpoint_id}?batch_id=${victim.main.batch}`],
      ["POST", "/dead-letter/redrive", { filter: { appId: app } }],
      ["POST", "/dead-letter/redrive", { filter: { endpointId: endpoint } }],
      ["POST", "/dead-letter/redrive", { filter: { ids: [victim.main.deadLetter] } }],
      ["POST", "/dead-letter/drop", { filter: { appId: app } }],
      ["POST", "/dead-letter/drop", { filter: { endpointId: endpoint } }],
      ["POST", "/dead-letter/drop", { filter: { ids: [victim.main.deadLetter] } }],
    ];
    for (const [method, path] of [
      ["GET", "/dead-letter"],
      ["GET", "/dead-letter/summary"],
      ["DELETE", "/dead-letter"],
    ] as const) {
      const filters = [`app_id=${app}`, `endpoint_id=${endpoint}`, `ids=${victim.main.deadLetter}`];
      for (const filter of filters) calls.push([method, `${path}?${filter}`]);
    }
    await expectUnchanged(victim, async () => {
      for (const [method, path, body] of calls) {
        const { status, text, json } = await send(method, path, body, { token: stranger.token });
        expect([path, allMarks(victim).filter((mark) => text.includes(mark))]).toEqual([path, []]);
        // If a request does not return 404, its filter applies to the caller's own data and matches
        // nothing.
        if (status === 200 && Array.isArray(json.data)) expect([path, json.data]).toEqual([path, []]);
        if (status !== 404) expect([path, [200, 202].includes(status)]).toEqual([path, true]);
        if (/app_id=|timeseries|api-token/.test(path)) expect([path, status]).toEqual([path, 404]);
        if (method === "POST" && status === 202) await taskEnd(json.id);
      }
    });
  });

  async function taskEnd(id: string): Promise<void> {
    await until(
      async () => (await must("GET", `/background-task/${id}`, stranger.token)).json.status,
      (status) => status !== "running",
    );
  }

  test("expunging messages of another environment or application reports them as not found", async () => {
    await expectUnchanged(victim, async () => {
      const ids = [victim.main.ids.msg_id!];
      const path = `/app/${stranger.main.ids.app_id}/msg/bulk-expunge`;
      const { json } = await must("POST", path, stranger.token, { ids });
      expect(Object.values(json.results)).toEqual(["not-found"]);
      const { json: beside } = await must("POST", `/app/${victim.other.ids.app_id}/msg/bulk-expunge`, victim.token, {
        ids,
      });
      expect(Object.values(beside.results)).toEqual(["not-found"]);
    });
  });

  test("a filter or code cannot be tried on a message of another environment or application", async () => {
    const { msg_id: messageId, app_id: app } = victim.main.ids;
    const { app_id: own, source_id: source, endpoint_id: endpoint } = stranger.main.ids;
    const { json } = await must("GET", `/ingest/api/v1/source/${source}/endpoint`, stranger.token);
    const endpoints = [
      [`/app/${own}/endpoint/${endpoint}`, stranger.token],
      [`/ingest/api/v1/source/${source}/endpoint/${json.data[0].id}`, stranger.token],
      [`/app/${victim.other.ids.app_id}/endpoint/${victim.other.ids.endpoint_id}`, victim.token],
      [`/app/${app}/endpoint/${victim.main.ids.endpoint_id}`, stranger.token],
    ] as const;
    const code = "function handler(it) { return it; }";
    for (const [path, token] of endpoints) {
      for (const trial of ["filter/test", "transformation/simulate"]) {
        const { status, text } = await send("POST", `${path}/${trial}`, { messageId, filter: {}, code }, { token });
        const marks = allMarks(victim).filter((mark) => text.includes(mark));
        expect([path, trial, status, marks]).toEqual([path, trial, 404, []]);
      }
    }
  });

  test("usage reports do not count applications of another environment", async () => {
    const appIds = [victim.main.ids.app_id];
    const body = { since: past, until: new Date().toISOString(), appIds };
    const { status, json, text } = await send("POST", "/stats/usage/app", body, { token: stranger.token });
    expect(text).not.toContain(victim.marks[4]!);
    if (status === 202) {
      expect(json.unresolvedAppIds).toEqual(appIds);
      await taskEnd(json.id);
      const done = await must("GET", `/background-task/${json.id}`, stranger.token);
      expect(JSON.stringify(done.json.data)).not.toContain("shared.type");
    } else expect(status).toBe(404);
  });

  test("expiring a session does not revoke tokens with the same session id in other applications", async () => {
    const path = (place: Place) => `/auth/app/${place.ids.app_id}/expire-all`;
    await must("POST", path(stranger.main), stranger.token, { sessionIds: ["shared-session"], expiry: 0 });
    const own = `/app/${stranger.main.ids.app_id}`;
    expect((await send("GET", own, undefined, { token: stranger.main.token })).status).toBe(401);
    for (const place of [stranger.other, victim.main, victim.other]) {
      const answer = await send("GET", `/app/${place.ids.app_id}`, undefined, { token: place.token });
      expect(answer.status).toBe(200);
    }
  });
});

test("the live stream of an environment contains nothing of another environment", async () => {
  const open = (token: string, headers = {}) =>
    fetch(`${server.url}/api/v1/live`, { headers: { authorization: `Bearer ${token}`, ...headers } });
  expect((await open(victim.other.token)).status).toBe(403);
  const reader = (await open(stranger.token)).body!.getReader();
  const decoder = new TextDecoder();
  let text = "";
  const send = clientOf(server.url);
  const body = { eventType: "live.type", payload: {} };
  const made = await send("POST", `/app/${victim.other.ids.app_id}/msg`, body, { token: victim.token });
  const own = await send("POST", `/app/${stranger.other.ids.app_id}/msg`, body, { token: stranger.token });
  while (!text.includes(own.json.id)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`The stream ended: ${text}`);
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  expect(text).not.toContain(made.json.id);
  expect(allMarks(victim).filter((mark) => text.includes(mark))).toEqual([]);
});

// This test must be the last one, because it deletes all resources of the other environment.
test("a uid that exists in both environments refers to the resource in the caller's environment", async () => {
  await expectUnchanged(victim, async () => {
    const access = await must("POST", `/auth/app-portal-access/${stranger.main.ids.app_id}`, stranger.token, {});
    const tokens = [access.json.token, await freshToken(stranger)];
    for (const token of tokens) {
      const values = { ...stranger.main.uids };
      const each = () => [[token, values] as const];
      expect(await leaksOfAll(each, allMarks(victim), null)).toEqual([]);
    }
    expect((await send("GET", "/app/shared-app", undefined, { token: await freshToken(stranger) })).status).toBe(404);
  });
});
