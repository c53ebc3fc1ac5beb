import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer([], { BOATHOOK_METRICS_TOKEN: "token-of-the-metrics" });
  send = clientOf(server.url);
});
afterAll(() => server.stop());

/**
 * Polls until the status matches. A change by another process may take a second to become visible.
 */
async function until(status: number, ask: () => Promise<{ status: number }>): Promise<void> {
  while ((await ask()).status !== status) await Bun.sleep(50);
}

describe("requests with and without a valid token", () => {
  const headers: [string, Record<string, string>][] = [
    ["no authorization header", {}],
    ["a wrong token", { authorization: "Bearer nope" }],
    ["an empty token", { authorization: "Bearer " }],
    ["another scheme", { authorization: `Basic ${ROOT_TOKEN}` }],
    ["no scheme", { authorization: ROOT_TOKEN }],
    ["a very long token", { authorization: `Bearer ${"x".repeat(8000)}` }],
  ];
  for (const [what, sent] of headers) {
    test(`a request with ${what} returns 401`, async () => {
      for (const [method, path] of [
        ["GET", "/app"],
        ["POST", "/app/x/msg"],
        ["GET", "/live"],
        ["DELETE", "/dead-letter"],
      ] as const) {
        const { status, json } = await send(method, path, undefined, { token: null, headers: sent });
        expect([status, json.code]).toEqual([401, "authentication_failed"]);
      }
    });
  }

  test("the error for a wrong token has the same detail as in the Svix API", async () => {
    expect((await send("GET", "/app", undefined, { token: "nope" })).json.detail).toBe("Invalid token");
  });

  test("the authorization scheme is case-insensitive", async () => {
    const headers = { authorization: `bearer ${ROOT_TOKEN}` };
    expect((await send("GET", "/app", undefined, { token: null, headers })).status).toBe(200);
  });

  test("the health checks and the OpenAPI document need no token", async () => {
    for (const path of ["/health", "/health/ping", "/openapi.json"]) {
      expect((await send("GET", path, undefined, { token: null })).status).toBeLessThan(300);
    }
  });

  test("the metrics require the metrics token if one is set", async () => {
    const ask = (headers: Record<string, string>) => fetch(`${server.url}/metrics`, { headers });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: `Bearer ${ROOT_TOKEN}` })).status).toBe(401);
    const answer = await ask({ authorization: "Bearer token-of-the-metrics" });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toStartWith("text/plain");
  });
});

describe("environment tokens", () => {
  test("an environment token can access only its own environment", async () => {
    const token = await server.createToken("--environment", "production");
    const { json } = await send("POST", "/app", { name: "a", uid: freshUid() }, { token });
    expect((await send("GET", `/app/${json.id}`, undefined, { token })).status).toBe(200);
    expect((await send("GET", `/app/${json.id}`)).status).toBe(404);
    expect((await send("GET", `/app/${json.uid}`)).status).toBe(404);
    const headers = { "boathook-environment": "production" };
    expect((await send("GET", `/app/${json.id}`, undefined, { headers })).json).toEqual(json);
  });

  test("the environment header has no effect with an environment token", async () => {
    const token = await server.createToken("--environment", "staging");
    const headers = { "boathook-environment": "default" };
    const { json } = await send("POST", "/app", { name: "a" }, { token, headers });
    expect((await send("GET", `/app/${json.id}`)).status).toBe(404);
  });

  test("a request with a revoked or expired token returns 401", async () => {
    const token = await server.createToken();
    const ask = () => send("GET", "/app", undefined, { token });
    expect((await ask()).status).toBe(200);
    const id = /tok_[A-Za-z0-9]{27}/.exec((await server.run("token", "list")).split("\n").at(-1) ?? "")?.[0];
    await server.run("token", "revoke", String(id));
    await until(401, ask);

    const short = await server.createToken("--expires", "1s");
    await until(401, () => send("GET", "/app", undefined, { token: short }));
  });
});

describe("the root token with an environment header", () => {
  test("a request with the root token for an unknown environment returns 404", async () => {
    for (const environment of ["nope", "org_17MeGibBYAlEAyJrb2g70ismFAs", ""]) {
      const { status, json } = await send("GET", "/app", undefined, {
        headers: { "boathook-environment": environment },
      });
      expect([status, json.code]).toEqual([404, "environment_not_found"]);
    }
  });
});

describe("application tokens", () => {
  let own: string;
  let other: string;
  let token: string;
  let endpoint: string;
  let message: string;
  beforeAll(async () => {
    own = await makeApplication(send);
    other = await makeApplication(send);
    token = await server.createToken("--app", own);
    for (const app of [own, other]) {
      endpoint = (await send("POST", `/app/${app}/endpoint`, { url: "https://example.com", uid: "e" })).json.id;
      message = (await send("POST", `/app/${app}/msg`, { eventType: "a", payload: {}, eventId: "m" })).json.id;
    }
  });

  test("an application token can read and change its own application", async () => {
    const mine = (method: string, path: string, body?: unknown) => send(method, path, body, { token });
    expect((await mine("GET", `/app/${own}`)).status).toBe(200);
    expect((await mine("GET", `/app/${own}/msg/m`)).status).toBe(200);
    expect((await mine("GET", `/app/${own}/attempt/msg/m`)).status).toBe(200);
    expect((await mine("GET", `/app/${own}/attempt/endpoint/e`)).status).toBe(200);
    expect((await mine("GET", `/app/${own}/dead-letter`)).status).toBe(200);
    expect((await mine("GET", "/event-type")).status).toBe(200);
    expect((await mine("POST", `/app/${own}/endpoint`, { url: "https://example.com" })).status).toBe(201);
    expect((await mine("PATCH", `/app/${own}/endpoint/e`, { description: "mine" })).status).toBe(200);
    expect((await mine("GET", `/app/${own}/endpoint/e/secret`)).status).toBe(200);
  });

  test("a request with an application token for any resource of another application returns 404", async () => {
    const paths: [string, string, unknown?][] = [
      ["GET", `/app/${other}`],
      ["GET", `/app/${other}/msg`],
      ["GET", `/app/${other}/msg/m`],
      ["GET", `/app/${other}/endpoint`],
      ["GET", `/app/${other}/endpoint/e`],
      ["GET", `/app/${other}/endpoint/e/secret`],
      ["PATCH", `/app/${other}/endpoint/e`, {}],
      ["DELETE", `/app/${other}/endpoint/e`],
      ["GET", `/app/${other}/attempt/msg/m`],
      ["GET", `/app/${other}/dead-letter`],
      ["POST", `/app/${other}/msg/m/endpoint/e/resend`],
      ["GET", `/app/${own}/endpoint/${endpoint}`],
      ["GET", `/app/${own}/msg/${message}`],
    ];
    for (const [method, path, body] of paths) {
      const { status, json } = await send(method, path, body, { token });
      expect([path, status, json.code]).toEqual([path, 404, "not_found"]);
    }
  });

  test("calling an environment operation with an application token returns 403, even with an unknown id or an invalid body", async () => {
    const paths: [string, string, unknown?][] = [
      ["GET", "/app"],
      ["POST", "/app", { name: "a" }],
      ["PUT", `/app/${own}`, { name: "a" }],
      ["PATCH", `/app/${own}`, { name: "a" }],
      ["DELETE", `/app/${own}`],
      ["DELETE", "/app/nope"],
      ["POST", `/app/${own}/msg`, { eventType: "a", payload: {} }],
      ["POST", "/app/nope/msg", "not even json"],
      ["POST", `/app/${own}/msg/batch`, {}],
      ["DELETE", `/app/${own}/msg/m/content`],
      ["POST", "/event-type", {}],
      ["DELETE", "/event-type/a"],
      ["GET", "/dead-letter"],
      ["GET", "/dead-letter/summary"],
      ["DELETE", "/dead-letter"],
      ["POST", "/dead-letter/redrive", {}],
      ["GET", "/background-task/x"],
      ["GET", "/overview"],
      ["GET", "/live"],
      ["GET", "/inbox/some-inbox-token"],
    ];
    for (const [method, path, body] of paths) {
      const { status, json } = await send(method, path, body, { token });
      expect([path, status, json.code]).toEqual([path, 403, "insufficient_access"]);
    }
  });
});

test("a request with a token that is a prefix or an extension of a valid one returns 401", async () => {
  expect((await send("GET", "/app", undefined, { token: `${ROOT_TOKEN}x` })).status).toBe(401);
  expect((await send("GET", "/app", undefined, { token: ROOT_TOKEN.slice(0, -1) })).status).toBe(401);
});
