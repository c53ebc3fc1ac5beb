import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Answer, clientOf, type Send } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { allOperations } from "../support/operations.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { logIn } from "../support/session.ts";

const SECRET = "secret-of-the-receiver";

interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly example: unknown;
}

type Letter = { readonly eventType: string };

/** Operations other than GET that a read-only token may call. */
const READING = [
  "endpoint.filter-preview",
  "endpoint.filter-test",
  "event-type.validate",
  "ingest.endpoint.filter-preview",
  "ingest.endpoint.filter-test",
  "message.precheck-recipients",
  "session.log-out",
  "v1.environment.export",
  "v1.message.precheck",
  "v1.statistics.aggregate-app-stats",
  "v1.statistics.aggregate-event-types",
];
/** GETs that show a secret, move a cursor or take messages. */
const REFUSED_READS = [
  "endpoint.connect",
  "ingest.endpoint.connect",
  "v1.endpoint.get-secret",
  "v1.ingest.endpoint.get-secret",
  "v1.message.poller.consumer-poll",
  "listener.get-secret",
  "ingest.listener.get-secret",
  "v1.operational-webhook.endpoint.get-secret",
];

/** Operations that only the root token may call. */
const forRoot = new Set(
  allOperations()
    .filter(({ access }) => access === "root")
    .map(({ id }) => id),
);

let server: TestServer;
let send: Send;
let token: string;
let operations: readonly Operation[];
let params: Readonly<Record<string, string>>;
/** Texts that no response to the token may contain. */
let secrets: readonly string[];
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
  const { envId } = (await send("GET", "/auth/whoami")).json;
  const tokens = `/management/authentication/${envId}/api-token`;
  const created = await must("POST", tokens, { name: "wall", readOnly: true });
  token = created.token;
  const headers = { "X-Api-Key": SECRET };
  const endpoint = { url: `http://user:${SECRET}@127.0.0.1:1/`, uid: "e", headers };
  const app = await must("POST", "/app", { name: "a", uid: "a" });
  const { id: endpointId } = await must("POST", "/app/a/endpoint", endpoint);
  const { id: operationalId } = await must("POST", "/operational-webhook/endpoint", { ...endpoint, uid: "o" });
  const source = await must("POST", "/ingest/api/v1/source", { name: "s", type: "stripe", config: { secret: SECRET } });
  const ofSource = await must("POST", `/ingest/api/v1/source/${source.id}/endpoint`, endpoint);
  await fetch(source.ingestUrl, { method: "POST", body: "{}" });
  const [log] = (await must("GET", `/ingest/api/v1/source/${source.id}/log`)).data;
  const version = "2026-11-01";
  await must("POST", "/payload-version", { version });
  const message = await must("POST", "/app/a/msg", { eventType: "user.signup", payload: {} });
  const [{ key }] = await Promise.all([must("GET", "/app/a/endpoint/e/secret")]);
  const session = await logIn(server.url, created.token);
  params = {
    ...{ env_id: envId, key_id: created.id, app_id: app.id, endpoint_id: endpointId, msg_id: message.id },
    ...{ source_id: source.id, log_id: log.id, session_id: session.session.id, operational_id: operationalId },
    ...{ source_endpoint_id: ofSource.id, event_type_name: "user.signup", provider_id: "stripe" },
    payload_version: version,
    ...{
      sink_id: "sink",
      consumer_id: "consumer",
      group_id: "group",
      token: "inbox-token-of-this-test",
      attempt_id: "atmpt_x",
    },
    task_id: "qtask_x",
  };
  // The event about the message that no endpoint accepts is the last that the server sends by itself.
  const letters = () => must("GET", "/dead-letter");
  await until(letters, ({ data }) => data.some(({ eventType }: Letter) => eventType === "message.attempt.exhausted"));
  secrets = [SECRET, key, source.ingestUrl.split("/").at(-1), token];
  operations = await documented();
});
afterAll(() => server.stop());

// biome-ignore lint/suspicious/noExplicitAny: the expectations of the test state the type
async function must(method: string, path: string, body?: unknown): Promise<any> {
  const { status, json, text } = await send(method, path, body);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
  return json;
}

/** Returns all operations that need a token. */
async function documented(): Promise<readonly Operation[]> {
  const { paths } = (await send("GET", "/openapi.json")).json;
  // biome-ignore lint/suspicious/noExplicitAny: the shape of an OpenAPI document
  return Object.entries<Record<string, any>>(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { security }]) => security?.length !== 0)
      .map(([method, { operationId, requestBody }]) => ({
        id: operationId,
        method: method.toUpperCase(),
        path,
        example: requestBody?.content["application/json"]?.example,
      })),
  );
}

async function call({ method, path, example }: Operation, as: string | undefined = token): Promise<Answer> {
  const keyOf = (name: string) => {
    if (name !== "endpoint_id") return name;
    if (path.includes("/operational-webhook/")) return "operational_id";
    return path.includes("/source/") ? "source_endpoint_id" : name;
  };
  const target = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[keyOf(name)];
    if (value === undefined) throw new Error(`No value is known for {${name}} in ${path}. Add it to the parameters.`);
    return value;
  });
  return send(method, target, example, as === undefined ? {} : { token: as });
}

const refusal = {
  status: 403,
  json: {
    code: "insufficient_access",
    detail: expect.stringMatching(/^(A read-only token cannot|Insufficient access)/),
  },
};

describe("a read-only token", () => {
  test("a read-only token may call every reading operation and no other one, and sees no secret", async () => {
    const reading = ({ id, method }: Operation) =>
      READING.includes(id) || (method === "GET" && !REFUSED_READS.includes(id) && !forRoot.has(id));
    const before = await stateOf();
    let allowed = 0;
    for (const operation of operations) {
      // Streams do not end.
      if (["overview.live", "message.events"].includes(operation.id)) continue;
      const dryRun = operation.id === "dead-letter.redrive" || operation.id === "dead-letter.drop";
      const answer = await call(dryRun ? { ...operation, example: { filter: { all: true } } } : operation);
      if (reading(operation)) {
        allowed++;
        // With 426, only the handshake of a WebSocket is missing.
        const isAllowed = answer.status < 300 || answer.status === 404 || answer.status === 426;
        expect([operation.id, isAllowed]).toEqual([operation.id, true]);
        const shown = secrets.filter((secret) => answer.text.includes(secret));
        expect([operation.id, shown]).toEqual([operation.id, []]);
      } else {
        expect({ id: operation.id, status: answer.status, json: answer.json }).toEqual({
          id: operation.id,
          ...refusal,
        });
      }
    }
    expect(allowed).toBeGreaterThan(50);
    expect(await stateOf()).toEqual(before);
  });

  test("whoami and the session list exactly the operations that a read-only token may call, without those limited to dry runs", async () => {
    const { readOnly, operations: ids } = (await send("GET", "/auth/whoami", undefined, { token })).json;
    expect(readOnly).toBe(true);
    const { session } = await logIn(server.url, token);
    expect(session).toMatchObject({ readOnly: true, operations: ids });
    for (const operation of operations.filter(({ id }) => ids.includes(id))) {
      expect([operation.id, operation.method === "GET" || READING.includes(operation.id)]).toEqual([
        operation.id,
        true,
      ]);
    }
    expect(ids).toContain("v1.endpoint.get");
    for (const id of [...REFUSED_READS, "dead-letter.redrive", "dead-letter.drop", "v1.event-type.import-openapi"])
      expect(ids).not.toContain(id);
  });

  test("a read-only token may make dry runs, and only those", async () => {
    const redrive = (body: object) => send("POST", "/dead-letter/redrive", body, { token });
    expect((await redrive({ filter: { all: true }, dryRun: true })).status).toBe(200);
    expect((await redrive({ filter: { all: true }, dry_run: true })).status).toBe(200);
    for (const body of [{ filter: { all: true } }, { filter: { all: true }, dryRun: false }]) {
      expect(await redrive(body)).toMatchObject(refusal);
    }
    const spec = { openapi: "3.1.0", webhooks: {} };
    const importing = (body: object) => send("POST", "/event-type/import/openapi", body, { token });
    expect((await importing({ spec, dryRun: true })).status).toBe(200);
    expect(await importing({ spec })).toMatchObject(refusal);
  });

  test("a read-only token does not see secret headers in a built-in inbox", async () => {
    const sent = { authorization: "Bearer of-the-receiver", "x-plain": "shown" };
    await fetch(`${server.url}/inbox/read-only-inbox`, { method: "POST", headers: sent, body: "{}" });
    const headersFor = async (as: object) =>
      (await send("GET", "/inbox/read-only-inbox", undefined, as)).json.data[0].headers;
    expect(await headersFor({ token })).toMatchObject({ authorization: "***", "x-plain": "shown" });
    expect(await headersFor({})).toMatchObject(sent);
  });

  test("the cookie of a read-only token's session allows no more than the token", async () => {
    const one = await logIn(server.url, token);
    expect((await one.send("GET", "/app/a")).status).toBe(200);
    expect(await one.send("DELETE", "/app/a")).toMatchObject(refusal);
    expect(await one.send("POST", "/auth/logout")).toMatchObject(refusal);
    expect((await one.send("DELETE", "/session")).status).toBe(204);
  });

  test("a read-only token with scopes may only read what they allow", async () => {
    const tokens = `/management/authentication/${params.env_id}/api-token`;
    const created = await must("POST", tokens, { name: "limited", readOnly: true, scopes: ["application:*"] });
    expect(created).toMatchObject({ readOnly: true, scopes: ["application:*"] });
    const as = { token: created.token };
    expect((await send("GET", "/app/a", undefined, as)).status).toBe(200);
    expect((await send("GET", "/app/a/msg", undefined, as)).status).toBe(403);
    expect(await send("DELETE", "/app/a", undefined, as)).toMatchObject(refusal);
  });

  test("`readOnly` is shown, defaults to false and cannot be changed", async () => {
    const tokens = `/management/authentication/${params.env_id}/api-token`;
    const shown = await must("GET", `${tokens}/${params.key_id}`);
    expect(shown.readOnly).toBe(true);
    await must("PATCH", `${tokens}/${params.key_id}`, { name: "wall", readOnly: false });
    expect((await must("GET", `${tokens}/${params.key_id}`)).readOnly).toBe(true);
    expect(await must("POST", tokens, { name: "all" })).toMatchObject({ readOnly: false });
    for (const readOnly of ["true", 1, [], {}]) {
      expect((await send("POST", tokens, { name: "x", readOnly })).status).toBe(422);
    }
  });

  test("the command line creates and lists read-only tokens, also for one application", async () => {
    const created = await server.createToken("--name=viewer", "--read-only");
    expect((await send("GET", "/app", undefined, { token: created })).status).toBe(200);
    expect(await send("POST", "/app", { name: "b" }, { token: created })).toMatchObject(refusal);
    expect(await server.run("token", "list")).toMatch(/viewer.* read-only all /);
    const ofApp = await server.createToken("--app=a", "--read-only");
    expect((await send("GET", "/app/a/endpoint", undefined, { token: ofApp })).status).toBe(200);
    expect(await send("POST", "/app/a/endpoint", { url: "https://example.com" }, { token: ofApp })).toMatchObject(
      refusal,
    );
    expect(await send("GET", "/app/a/endpoint/e/secret", undefined, { token: ofApp })).toMatchObject(refusal);
  });
});

/** Returns what the root token sees, without counts of requests and running tasks. */
async function stateOf(): Promise<readonly string[]> {
  const paths = ["/app", "/endpoint", "/event-type", "/message", "/audit-log", "/dead-letter", "/environment"];
  const more = ["/operational-webhook/endpoint", "/ingest/api/v1/source", "/app/a/endpoint/e/headers"];
  return Promise.all([...paths, ...more].map(async (path) => (await send("GET", path)).text));
}
