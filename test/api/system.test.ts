import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";
import { isOnPostgres } from "../support/server-database.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const METRICS_TOKEN = "metrics-token-of-this-test";

let config: ReturnType<typeof temporaryDirectory>;
let server: TestServer;
let send: Send;
beforeAll(async () => {
  config = temporaryDirectory();
  writeFileSync(config.file("boathook.toml"), 'retry-schedule = []\nbacklog-threshold = "7m"\n');
  const args = [`--config=${config.file("boathook.toml")}`, "--sync=normal"];
  server = await startServer(args, { BOATHOOK_METRICS_TOKEN: METRICS_TOKEN, BOATHOOK_MAX_BODY: "2MiB" });
  send = clientOf(server.url);
});
afterAll(async () => {
  await server.stop();
  config[Symbol.dispose]();
});

describe("the state of the server", () => {
  test("settings have their values and sources, and secrets are not shown", async () => {
    const { status, json, text } = await send("GET", "/system");
    expect(status).toBe(200);
    const settings: { name: string; value: string | null; source: string }[] = json.settings;
    const of = (name: string) => {
      const { value, source } = settings.find((one) => one.name === name)!;
      return [value, source];
    };
    expect(of("sync")).toEqual(["normal", "flag"]);
    expect(of("max-body")).toEqual(["2MiB", "variable"]);
    expect(of("backlog-threshold")).toEqual(["7m", "file"]);
    expect(of("log-level")).toEqual(["info", "default"]);
    expect(of("metrics-token")).toEqual(["[set]", "variable"]);
    expect(of("root-token")).toEqual(["[set]", "variable"]);
    expect(of("encryption-key")).toEqual(isOnPostgres ? ["[set]", "variable"] : [null, "default"]);
    expect(text).not.toContain(METRICS_TOKEN);
    expect(text).not.toContain(ROOT_TOKEN);
  });

  test("versions, sizes, limits and the state of store and deliveries are stated", async () => {
    await makeApplication(send);
    const { json } = await send("GET", "/system");
    expect(json).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+/),
      runtime: `Bun ${Bun.version}`,
      pid: expect.any(Number),
      store: {
        engine: expect.stringMatching(isOnPostgres ? /^PostgreSQL \d+\./ : /^SQLite 3\./),
        schemaVersion: expect.any(Number),
        dataDir: isOnPostgres ? null : server.dataDir,
        sync: "normal",
        failing: false,
        damaged: false,
      },
      clock: { doubtedSince: null, retriesAheadMs: expect.any(Number) },
      delivery: { state: "running", heldSince: null, attemptsUnderWay: 0 },
    });
    expect(json.store.commits.count).toBeGreaterThan(0);
    expect(json.store.commits.p50Ms).toBeLessThanOrEqual(json.store.commits.maxMs);
    for (const bytes of [json.store.databaseBytes, json.memory.residentBytes]) expect(bytes).toBeGreaterThan(0);
    if (process.platform === "linux") {
      expect(json.openFiles.open).toBeGreaterThan(0);
      expect(json.connections.open).toBeGreaterThan(0);
      expect(json.connections.max).toBeGreaterThan(0);
    }
  });

  test("held deliveries and the latest deletion of old data are stated", async () => {
    const state = async () => (await send("GET", "/system")).json;
    const swept = await until(state, ({ retention }) => retention.lastRunAt !== null);
    expect(swept.retention.retentionMs).toBeGreaterThan(0);
    await send("POST", "/delivery/hold");
    expect((await state()).delivery).toMatchObject({ state: "held", heldSince: expect.stringMatching(/Z$/) });
    await send("POST", "/delivery/resume");
    expect((await state()).delivery).toMatchObject({ state: "running", heldSince: null });
  });

  test("only the root token may read the state and the bundle", async () => {
    const app = await makeApplication(send);
    const tokens = [await server.createToken("--environment=default"), await server.createToken(`--app=${app}`)];
    for (const path of ["/system", "/system/diagnostics"]) {
      for (const token of tokens) {
        expect((await send("GET", path, undefined, { token })).status).toBe(403);
      }
      expect((await send("GET", path, undefined, { token: "nonsense" })).status).toBe(401);
    }
  });
});

describe("the diagnostic bundle", () => {
  test("the bundle is a download with counts, the metrics, the log, and failing endpoints", async () => {
    const app = await makeApplication(send);
    const url = `${server.url}/inbox/${freshUid("inbox")}`;
    const endpoint = await makeEndpoint(send, app, `${url}?status=500&key=query-secret`);
    await attemptsOf(send, app, await sendMessage(send, app));
    const response = await fetch(`${server.url}/api/v1/system/diagnostics`, {
      headers: { authorization: `Bearer ${ROOT_TOKEN}` },
    });
    expect(response.headers.get("content-disposition")).toMatch(
      /^attachment; filename="boathook-diagnostics-\d{14}\.json"$/,
    );
    const bundle = (await response.json()) as {
      readonly environments: readonly { readonly name: string; readonly troubledEndpoints: readonly object[] }[];
      readonly metrics: string;
      readonly log: readonly object[];
    };
    const environment = bundle.environments.find(({ name }) => name === "default")!;
    expect(environment).toMatchObject({ applications: expect.any(Number), endpoints: { failing: 1 }, deadLetters: 1 });
    expect(environment.troubledEndpoints).toContainEqual(
      expect.objectContaining({ id: endpoint, url, state: "failing", reason: "status_5xx" }),
    );
    expect(bundle.metrics).toContain("boathook_messages_accepted_total");
    expect(bundle.log).toContainEqual(
      expect.objectContaining({ level: "warn", event: "endpoint.failing", endpointId: endpoint, url }),
    );
  });

  test("the bundle contains no payload, secret, token, header value, and no credentials or query of a URL", async () => {
    const secret = (name: string) => `known-secret-${name}`;
    const app = await makeApplication(send);
    await send("PATCH", `/app/${app}`, { metadata: { note: secret("metadata") } });
    const at = server.url.replace("://", `://${secret("user")}:${secret("password")}@`);
    const url = `${at}/inbox/${freshUid("inbox")}?status=500&token=${secret("query")}`;
    const signing = `whsec_${Buffer.from(secret("signing-key-24-bytes-long")).toString("base64")}`;
    const headers = { "x-key": secret("header"), authorization: secret("authorization") };
    await makeEndpoint(send, app, url, { headers, secret: signing });
    const messages = [
      await sendMessage(send, app, { payload: { card: secret("payload") } }),
      await sendMessage(send, app, { eventId: secret("event-id"), payload: { a: 1 } }),
    ];
    for (const message of messages) await attemptsOf(send, app, message);
    const idempotencyKey = { headers: { "idempotency-key": secret("idempotency") } };
    for (const name of ["a", "b"]) {
      await send("POST", `/app/${app}/msg`, { eventType: "a", payload: { name: secret(name) } }, idempotencyKey);
    }
    const config = { secret: secret("of-the-source") };
    const source = { name: "Shop", uid: freshUid("shop"), type: "github", config };
    const created = (await send("POST", "/ingest/api/v1/source", source)).json;
    await fetch(created.ingestUrl ?? created.url, {
      method: "POST",
      body: secret("received"),
      headers: { "x-hub-signature-256": secret("signature") },
    });
    const token = await server.createToken("--environment=default", "--name=of-a-page");
    const { status, text } = await send("GET", "/system/diagnostics");
    expect(status).toBe(200);
    for (const text64 of [signing.slice("whsec_".length), token, METRICS_TOKEN, ROOT_TOKEN]) {
      expect(text).not.toContain(text64);
    }
    expect(text).not.toContain("known-secret");
  });
});
