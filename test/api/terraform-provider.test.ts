import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Answer, clientOf, freshUid, type Send } from "../support/client.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

/**
 * The requests that the Terraform provider `svix/svix` sends when it creates, reads, changes and
 * destroys its resources. Terraform fails if a response differs from what was planned, so a change
 * must show exactly what it set, and null for what it left out.
 */
let server: TestServer;
let send: Send;
let environment: string;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
  const { status, json } = await send("POST", "/management/environment", {
    name: freshUid("env"),
    type: "development",
  });
  expect(status).toBe(201);
  environment = json.id;
});
afterAll(() => server.stop());

/** Sends a request as the provider does: with the environment after the token, and a key if it creates. */
function ask(method: string, path: string, body?: unknown): Promise<Answer> {
  const headers = {
    "user-agent": "svix-libs/1.99.1/go go/go1.26.8/tf-provider-v0.3.5",
    "content-type": "application/json",
    ...(method === "POST" && { "idempotency-key": freshUid("key") }),
  };
  return send(method, path, body, { token: `${ROOT_TOKEN}|${environment}`, headers });
}

async function asked(status: number, method: string, path: string, body?: unknown): Promise<Answer["json"]> {
  const answer = await ask(method, path, body);
  expect({ method, path, status: answer.status, text: answer.text }).toMatchObject({ status });
  return answer.json;
}

describe("the requests of Terraform's provider", () => {
  test("svix_environment: an environment is created, read, renamed with the same id, and deleted", async () => {
    const name = freshUid("staging");
    const made = await asked(201, "POST", "/management/environment", { name, type: "development" });
    expect(made).toMatchObject({ name, type: "development", region: "self-hosted" });
    expect(made.id).toStartWith("org_");
    const path = `/management/environment/${made.id}`;
    expect(await asked(200, "GET", path)).toEqual(made);
    const renamed = await asked(200, "PUT", path, { name: `${name}-2` });
    expect(renamed).toMatchObject({ id: made.id, name: `${name}-2`, type: "development", createdAt: made.createdAt });
    await asked(204, "DELETE", path);
    expect((await ask("GET", path)).status).toBe(404);
  });

  test("svix_event_type: a change clears the fields that it leaves out, and a destroyed type can be created again", async () => {
    const name = freshUid("invoice");
    const bare = { archived: false, deprecated: false, description: "Paid", name };
    const full = {
      ...{ ...bare, archived: true, deprecated: true, featureFlag: "beta", groupName: "invoice" },
      schemas: { "1": { title: "Invoice", type: "object", properties: { id: { type: "string" } }, required: ["id"] } },
    };
    const none = { featureFlag: null, groupName: null, schemas: null };
    expect(await asked(201, "POST", "/event-type", full)).toMatchObject(full);
    expect(await asked(200, "GET", `/event-type/${name}`)).toMatchObject(full);
    const { name: _, ...change } = bare;
    expect(await asked(200, "PUT", `/event-type/${name}`, change)).toMatchObject({ ...bare, ...none });
    await asked(204, "DELETE", `/event-type/${name}?expunge=false`);
    expect(await asked(201, "POST", "/event-type", bare)).toMatchObject({ ...bare, ...none });
  });

  test("svix_event_type_openapi_import: the names of the imported types are returned, and each can be deleted", async () => {
    const names = [freshUid("user.created"), freshUid("user.deleted")].sort();
    const spec = (description: string) =>
      `openapi: 3.1.0\ninfo: {title: Hooks, version: "1"}\nwebhooks:\n${names
        .map((name) => `  ${name}:\n    post: {description: ${description}}\n`)
        .join("")}`;
    for (const description of ["First", "Second"]) {
      const body = { replaceAll: false, specRaw: spec(description) };
      const { data } = await asked(200, "POST", "/event-type/import/openapi", body);
      expect(data.modified.toSorted()).toEqual(names);
      expect(await asked(200, "GET", `/event-type/${names[0]}`)).toMatchObject({ description, archived: false });
    }
    for (const name of names) await asked(204, "DELETE", `/event-type/${name}`);
  });

  test("svix_api_token: a token without scopes shows null, and is refused once it has been destroyed", async () => {
    const path = `/management/authentication/${environment}/api-token`;
    const made = await asked(200, "POST", path, { name: "ci" });
    expect(made).toMatchObject({ name: "ci", scopes: null, expiresAt: null });
    const patched = await asked(200, "PATCH", `${path}/${made.id}`, { name: "ci-2", scopes: ["event-type:Read"] });
    expect(patched).toMatchObject({ name: "ci-2", scopes: ["event-type:Read"] });
    const own = () => send("GET", "/event-type", undefined, { token: `${made.token}|${environment}` });
    expect((await own()).status).toBe(200);
    await asked(204, "POST", `${path}/${made.id}/expire`, { expiry: 0 });
    expect((await own()).status).toBe(401);
  });

  test("svix_api_token: a change without an id, which the provider sends, is a 404 and changes no token", async () => {
    const path = `/management/authentication/${environment}/api-token`;
    const made = await asked(200, "POST", path, { name: "kept" });
    expect(await ask("PATCH", `${path}/`, { name: "changed", scopes: [] })).toMatchObject({ status: 404 });
    expect(await asked(200, "GET", `${path}/${made.id}`)).toMatchObject({ name: "kept" });
  });

  test("svix_operational_webhooks_endpoint: a change clears the fields that it leaves out and keeps the secret", async () => {
    const path = "/operational-webhook/endpoint";
    const filterTypes = [
      ...["background_task.finished", "endpoint.created", "endpoint.deleted", "endpoint.disabled", "endpoint.enabled"],
      ...["endpoint.updated", "message.attempt.exhausted", "message.attempt.failing", "message.attempt.recovered"],
    ];
    const bare = { description: "", disabled: false, filterTypes, metadata: {}, url: "https://ops.example.com/hooks" };
    const full = { ...bare, description: "ops", metadata: { team: "a" }, rateLimit: 10, uid: freshUid("ops") };
    const made = await asked(201, "POST", path, full);
    expect(made).toMatchObject(full);
    const { key } = await asked(200, "GET", `${path}/${made.id}/secret`);
    expect(key).toStartWith("whsec_");
    const changed = await asked(200, "PUT", `${path}/${made.id}`, bare);
    expect(changed).toMatchObject({ ...bare, rateLimit: null, uid: null });
    expect(changed.metadata).toEqual({});
    expect(await asked(200, "GET", `${path}/${made.id}/secret`)).toEqual({ key });
    await asked(204, "DELETE", `${path}/${made.id}`);
  });

  test("svix_ingest_source and svix_ingest_endpoint: both are created, changed and deleted", async () => {
    const path = "/ingest/api/v1/source";
    const uid = freshUid("stripe");
    const source = await asked(201, "POST", path, {
      name: "Stripe",
      uid,
      type: "stripe",
      config: { secret: "whsec_a" },
    });
    expect(source).toMatchObject({ name: "Stripe", uid, type: "stripe" });
    expect(source.ingestUrl).toContain("/in/");
    expect(source.config).toEqual({ secret: "[set]" });
    const change = { name: "Stripe 2", uid, type: "stripe", config: { secret: "whsec_b" } };
    const changed = await asked(200, "PUT", `${path}/${source.id}`, change);
    expect(changed).toMatchObject({ id: source.id, name: "Stripe 2", ingestUrl: source.ingestUrl });

    const endpoints = `${path}/${source.id}/endpoint`;
    const bare = { description: "", disabled: false, metadata: {}, url: "https://billing.example.com/" };
    const full = { ...bare, description: "billing", metadata: { a: "1" }, rateLimit: 5, uid: freshUid("billing") };
    const endpoint = await asked(201, "POST", endpoints, full);
    expect(endpoint).toMatchObject(full);
    const { key } = await asked(200, "GET", `${endpoints}/${endpoint.id}/secret`);
    const bared = await asked(200, "PUT", `${endpoints}/${endpoint.id}`, bare);
    expect(bared).toMatchObject({ ...bare, rateLimit: null, uid: null });
    expect(bared.metadata).toEqual({});
    expect(await asked(200, "GET", `${endpoints}/${endpoint.id}/secret`)).toEqual({ key });
    await asked(204, "DELETE", `${endpoints}/${endpoint.id}`);
    await asked(204, "DELETE", `${path}/${source.id}`);
  });

  test("svix_ingest_source: every type that the provider offers can be created", async () => {
    const types = [
      ...["generic-webhook", "cron", "adobe-sign", "beehiiv", "brex", "clerk", "docusign", "github", "guesty"],
      ...["hubspot", "incident-io", "lithic", "nash", "pleo", "replicate", "resend", "safebase", "sardine"],
      ...["segment", "shopify", "slack", "stripe", "stych", "svix", "zoom"],
    ];
    const configs: Readonly<Record<string, object>> = {
      "generic-webhook": {},
      "adobe-sign": { config: { clientId: "client" } },
      cron: { config: { schedule: "0 4 * * *", payload: '{"n":1}', contentType: "application/json" } },
    };
    const secret = { config: { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" } };
    for (const type of types) {
      const made = await asked(201, "POST", "/ingest/api/v1/source", {
        name: type,
        type,
        ...(configs[type] ?? secret),
      });
      expect(made).toMatchObject({ type, name: type });
    }
  });

  test.each([
    ["svix_environment_settings", "PATCH", "/management/environment-settings"],
    ["svix_autoconfig", "PUT", "/app/app_1/endpoint/ep_1/auto-config"],
  ])("%s, which Boathook does not have, gets a 404 with a reason", async (_, method, path) => {
    expect(await ask(method, path, {})).toMatchObject({ status: 404, json: { code: "not_found" } });
  });
});
