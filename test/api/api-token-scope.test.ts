import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Operation } from "../../src/api/http/operation.ts";
import { neededScopes } from "../../src/api/identity/access.ts";
import { missingScopes, parseScopes, type ScopeName } from "../../src/core/scope.ts";
import { type Answer, clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { allOperations } from "../support/operations.ts";
import { startServer, type TestServer } from "../support/server.ts";

const path = "/management/authentication/default/api-token";

let server: TestServer;
let send: Send;
let app: string;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
  app = await makeApplication(send);
});
afterAll(() => server.stop());

interface Made {
  readonly id: string;
  readonly token: string;
  readonly scopes: string[] | null;
}

/** Makes a token with these scopes. */
async function made(scopes: readonly string[] | null, by?: string): Promise<Made> {
  const { status, json, text } = await send(
    "POST",
    path,
    { name: "made", scopes },
    by === undefined ? {} : { token: by },
  );
  if (status !== 200) throw new Error(`No token: ${status} ${text}`);
  return json;
}

/** Sends with another token. */
const as =
  (token: string): Send =>
  (method, where, body, options) =>
    send(method, where, body, { ...options, token });

const one = ({ id }: Made) => `${path}/${id}`;

function lacking(...names: string[]): object {
  const detail = `The token lacks the scope${names.length > 1 ? "s" : ""} ${names.map((name) => `\`${name}\``).join(" and ")}.`;
  return { code: "insufficient_access", detail };
}

function expectLacking(answer: Answer, ...names: string[]): void {
  expect([answer.status, answer.json]).toEqual([403, lacking(...names)]);
}

describe("the scopes of a token", () => {
  test("are told as they were sent, wherever the token is shown", async () => {
    const scopes = ["application:Read", "EVENT_TYPE:read", "messageAttempt:*", "*:Write", "application:Read"];
    const token = await made(scopes);
    expect(token.scopes).toEqual(scopes);
    expect((await send("GET", one(token))).json.scopes).toEqual(scopes);
    expect((await send("GET", path)).json.data[0].scopes).toEqual(scopes);
    expect((await send("PUT", one(token), { name: "new" })).json).toMatchObject({ name: "new", scopes });
    const others = ["message:write"];
    expect((await send("PATCH", one(token), { scopes: others })).json).toMatchObject({ name: "new", scopes: others });
    expect(await server.run("token", "list")).toContain("message:write");
  });

  test("are none when they are null or absent", async () => {
    expect((await made(null)).scopes).toBeNull();
    expect((await send("POST", path, { name: "a" })).json.scopes).toBeNull();
  });

  const bad: [what: string, scopes: unknown, loc: string][] = [
    ["an empty list", [], "body.scopes"],
    ["a text", "message:Read", "body.scopes"],
    ["an object", { 0: "message:Read" }, "body.scopes"],
    ["a number among them", ["message:Read", 1], "body.scopes.[1]"],
    ["null among them", [null], "body.scopes.[0]"],
    ["a list among them", [["message:Read"]], "body.scopes.[0]"],
    ["more than there can be", Array.from({ length: 101 }, () => "message:Read"), "body.scopes"],
    ["an empty text", [""], "body.scopes.[0]"],
    ["no action", ["message:Read", "read"], "body.scopes.[1]"],
    ["an unknown resource", ["message:Read", "*:Read", "invoice:Read"], "body.scopes.[2]"],
    ["an unknown action", ["message:Delete"], "body.scopes.[0]"],
    ["a resource that needs no token", ["health:Read"], "body.scopes.[0]"],
    ["a very long text", [`message${"-".repeat(1_000_000)}:Read`], "body.scopes.[0]"],
  ];
  for (const [what, scopes, loc] of bad) {
    test(`are refused with ${what}, when it is made and when it is changed`, async () => {
      const token = await made(["message:Read"]);
      for (const [method, where] of [["POST", path] as const, ["PATCH", one(token)] as const]) {
        const { status, json } = await send(method, where, { name: "bad", scopes });
        expect([status, json.detail?.[0].loc.join(".")]).toEqual([422, loc]);
      }
      expect((await send("GET", one(token))).json).toMatchObject({ name: "made", scopes: ["message:Read"] });
    });
  }

  test("are refused with a word on what there is, at every place, but not without end", async () => {
    const { json } = await send("POST", path, { name: "a", scopes: ["invoice:Read", "message:Read", "message:Send"] });
    expect(json.detail.map(({ loc }: { loc: string[] }) => loc.at(-1))).toEqual(["[0]", "[2]"]);
    expect(json.detail[0].msg).toContain("application, audit-log, authentication");
    expect(json.detail[1].msg).toContain("Actions: Read, Write.");
    const many = await send("POST", path, { name: "a", scopes: Array.from({ length: 100 }, () => "x:y") });
    expect([many.status, many.json.detail.length]).toEqual([422, 20]);
  });

  test("that are refused are not refused to those alone who may not give them", async () => {
    const { token } = await made(["authentication:Write"]);
    expect((await as(token)("POST", path, { name: "a", scopes: ["invoice:Read"] })).status).toBe(422);
  });

  test("outlive a restart", async () => {
    const token = await made(["application:Read"]);
    await server.restart();
    expect((await as(token.token)("GET", "/app")).status).toBe(200);
    expectLacking(await as(token.token)("POST", "/app", { name: "a" }), "application:Write");
    expect((await send("GET", one(token))).json.scopes).toEqual(["application:Read"]);
  });
});

describe("a token with scopes", () => {
  /** Less the one that ends the token; there is a test for that below. */
  const operations = allOperations().filter(({ access, id }) => access !== "public" && !id.endsWith(".logout"));

  /** The status and the body of an operation on things that are not there. */
  async function tried({ id, method, path: where, bodyExample }: Operation, token: string): Promise<[number, unknown]> {
    // What it may make may itself be beyond it; there is a test for that below.
    const body = id.endsWith("create-api-token") ? { name: "a", scopes: ["authentication:Write"] } : bodyExample;
    const response = await fetch(server.url + where.replace(/:\w+/g, "there-is-none"), {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(method !== "GET" && body !== undefined && { body: JSON.stringify(body) }),
    });
    if (response.headers.get("content-type") !== "text/event-stream") {
      const text = await response.text();
      return [response.status, text === "" ? null : JSON.parse(text)];
    }
    await response.body?.cancel();
    return [response.status, null];
  }

  async function expectOnly(scopes: readonly string[], chosen: readonly Operation[]): Promise<void> {
    const { token } = await made(scopes);
    for (const operation of chosen) {
      const missing = missingScopes(parseScopes(scopes), neededScopes(operation));
      const [status, json] = await tried(operation, token);
      if (operation.access === "root") expect([operation.id, status]).toEqual([operation.id, 403]);
      else if (missing.length === 0)
        expect([operation.id, status >= 500 || status === 403]).toEqual([operation.id, false]);
      else expect([operation.id, status, json]).toEqual([operation.id, 403, lacking(...missing)]);
    }
  }

  test("to read everything may read everything, and nothing else of all that can be done", async () => {
    await expectOnly(["*:Read"], operations);
    const changing = operations.filter(({ method }) => method !== "GET" && method !== "HEAD");
    const refused = changing.filter((one) => missingScopes(parseScopes(["*:Read"]), neededScopes(one)).length > 0);
    expect(changing.length - refused.length).toBe(2);
  });

  test("may end itself, whatever it may do", async () => {
    const { token } = await made(["audit-log:Read"]);
    expect((await as(token)("POST", "/auth/logout")).status).toBe(204);
    expect((await as(token)("GET", "/audit-log")).status).toBe(401);
  });

  test("to write everything may read nothing", async () => {
    await expectOnly(
      ["*:Write"],
      operations.filter(({ method }) => method === "GET" || method === "HEAD"),
    );
  });

  test("for one resource has to do with no other", async () => {
    await expectOnly(["endpoint:*"], operations);
  });

  test("may do what needs just these", async () => {
    const chosen = operations.filter((one) => one.access !== "root" && neededScopes(one).length > 0);
    for (const operation of chosen) await expectOnly(neededScopes(operation), [operation]);
  });

  test("may do nothing with scopes that no operation needs", async () => {
    await expectOnly(
      ["audit-log:Write"],
      operations.filter(({ method }) => method === "GET"),
    );
  });

  test("is refused before its body is looked at, with every scope that it lacks", async () => {
    const { token } = await made(["application:Read"]);
    expectLacking(await as(token)("POST", "/environment/import", "{"), "environment:Write", "event-type:Write");
    expectLacking(await as(token)("POST", `/app/${app}/msg`, "{"), "message:Write");
  });

  test("does not bring along an application with its message, unless it may make one", async () => {
    const uid = freshUid("brought");
    const body = { eventType: "a", payload: {}, application: { name: "New", uid } };
    const sender = as((await made(["message:Write", "application:Read"])).token);
    expectLacking(await sender("POST", `/app/${uid}/msg`, body), "application:Write");
    expect((await send("GET", `/app/${uid}`)).status).toBe(404);
    expect((await sender("POST", `/app/${app}/msg`, body)).status).toBe(202);
    const both = as((await made(["message:Write", "application:Write"])).token);
    expect((await both("POST", `/app/${uid}/msg`, body)).status).toBe(202);
  });

  test("sends an example to an endpoint, but a payload of its own only if it may send messages", async () => {
    const endpoint = (await send("POST", `/app/${app}/endpoint`, { url: "https://example.com" })).json.id;
    const example = `/app/${app}/endpoint/${endpoint}/send-example`;
    const own = { eventType: "svix.ping", payload: {} };
    const { token } = await made(["endpoint:Write"]);
    expect((await as(token)("POST", example, { eventType: "svix.ping" })).status).toBe(200);
    expectLacking(await as(token)("POST", example, own), "message:Write");
    const both = await made(["endpoint:Write", "message:Write"]);
    expect((await as(both.token)("POST", example, own)).status).toBe(200);
  });

  test("has them in every form that a token is sent in", async () => {
    const { token } = await made(["application:Read"]);
    const org = (await send("GET", "/management/environment/default")).json.id;
    for (const text of [token, `${token}|default`, `${token}|${org}`]) {
      expect((await as(text)("GET", "/app")).status).toBe(200);
      expectLacking(await as(text)("DELETE", `/app/${app}`), "application:Write");
      expectLacking(await as(text)("GET", "/overview"), "overview:Read");
      expectLacking(await as(text)("GET", "/live"), "overview:Read");
    }
  });
});

describe("a change of scopes", () => {
  test("holds at once, whatever was asked before", async () => {
    const token = await made(["application:Read"]);
    const mine = as(token.token);
    expect((await mine("GET", "/app")).status).toBe(200);
    await send("PATCH", one(token), { scopes: ["event-type:Read"] });
    expectLacking(await mine("GET", "/app"), "application:Read");
    expect((await mine("GET", "/event-type")).status).toBe(200);
    expect((await send("PATCH", one(token), { scopes: null })).json.scopes).toBeNull();
    expect((await mine("POST", "/app", { name: "a" })).status).toBe(201);
    await send("PATCH", one(token), { scopes: ["*:Read"] });
    expectLacking(await mine("POST", "/app", { name: "a" }), "application:Write");
  });

  test("is not made by a change of the name, nor by a PUT, which knows no scopes", async () => {
    const token = await made(["application:Read"]);
    await send("PATCH", one(token), { name: "new" });
    await send("PUT", one(token), { name: "newer", scopes: null });
    expect((await send("GET", one(token))).json).toMatchObject({ name: "newer", scopes: ["application:Read"] });
    expectLacking(await as(token.token)("POST", "/app", { name: "a" }), "application:Write");
  });

  test("and one of the name at the same time are both made", async () => {
    const token = await made(["application:Read"]);
    await Promise.all([
      send("PATCH", one(token), { name: "both" }),
      send("PATCH", one(token), { scopes: ["message:Read"] }),
    ]);
    expect((await send("GET", one(token))).json).toMatchObject({ name: "both", scopes: ["message:Read"] });
  });

  test("takes away the answer that an idempotency key would repeat", async () => {
    const token = await made(["application:*"]);
    const headers = { "idempotency-key": freshUid("key") };
    const ask = () => as(token.token)("POST", "/app", { name: "once" }, { headers });
    const first = await ask();
    expect((await ask()).json).toEqual(first.json);
    await send("PATCH", one(token), { scopes: ["application:Read"] });
    expectLacking(await ask(), "application:Write");
  });

  test("ends the live streams of the environment's tokens, so that they ask anew", async () => {
    const token = await made(["overview:Read"]);
    const headers = { authorization: `Bearer ${token.token}` };
    const stream = await fetch(`${server.url}/api/v1/live`, { headers });
    expect(stream.status).toBe(200);
    await send("PATCH", one(token), { scopes: ["application:Read"] });
    expect(await stream.text()).toStartWith("event: overview\n");
    expect((await fetch(`${server.url}/api/v1/live`, { headers })).status).toBe(403);
  });

  test("is not for the token of an application", async () => {
    const { token } = (await send("POST", `/auth/app-portal-access/${app}`, { sessionId: freshUid("s") })).json;
    const [portal] = (await send("GET", `${path}?app_id=${app}`)).json.data;
    for (const scopes of [["application:Read"], null]) {
      const { status, json } = await send("PATCH", one(portal), { scopes });
      expect([status, json.detail[0].loc]).toEqual([422, ["body", "scopes"]]);
    }
    expect((await as(token)("GET", `/app/${app}`)).status).toBe(200);
  });
});

describe("with a token that has scopes", () => {
  const own = ["authentication:*", "message:*", "event-type:Read"];
  let mine: Made;
  let me: Send;
  beforeAll(async () => {
    mine = await made(own);
    me = as(mine.token);
  });

  const given: [scopes: string[], beyond: string[]][] = [
    [["message:Read"], []],
    [["MESSAGE:write", "eventType:Read"], []],
    [["message:*"], []],
    [own, []],
    [["event-type:Write"], ["event-type:Write"]],
    [["event-type:*"], ["event-type:*"]],
    [["*:Read"], ["*:Read"]],
    [
      ["message:Read", "application:Read", "*:*"],
      ["application:Read", "*:*"],
    ],
  ];
  for (const [scopes, beyond] of given) {
    test(`${scopes.join(", ")} ${beyond.length === 0 ? "can" : "cannot"} be given to another`, async () => {
      const other = await made(["message:Read"]);
      for (const [method, where] of [["POST", path] as const, ["PATCH", one(other)] as const]) {
        const answer = await me(method, where, { name: "given", scopes });
        if (beyond.length > 0) expectLacking(answer, ...beyond);
        else expect([answer.status, answer.json.scopes]).toEqual([200, scopes]);
      }
    });
  }

  test("none is made without scopes, and none loses them", async () => {
    const other = await made(["message:Read"]);
    const calls: [string, string, object][] = [
      ["POST", path, { name: "a" }],
      ["POST", path, { name: "a", scopes: null }],
      ["PATCH", one(other), { scopes: null }],
      ["PATCH", one(mine), { scopes: null }],
      ["PATCH", one(mine), { scopes: ["*:*"] }],
      ["PATCH", one(mine), { scopes: [...own, "application:Read"] }],
    ];
    for (const [method, where, body] of calls) {
      const { status, json } = await me(method, where, body);
      expect([where, status, json.code]).toEqual([where, 403, "insufficient_access"]);
    }
    expect((await me("GET", one(mine))).json.scopes).toEqual(own);
    expect((await me("GET", one(other))).json.scopes).toEqual(["message:Read"]);
  });

  test("those that may do more are neither changed nor ended", async () => {
    const everything = await made(null);
    const more = await made(["message:Read", "application:Read"]);
    for (const token of [everything, more]) {
      const before = (await send("GET", one(token))).json;
      const calls: [string, string, object][] = [
        ["PUT", one(token), { name: "taken" }],
        ["PATCH", one(token), { name: "taken" }],
        ["PATCH", one(token), { scopes: ["message:Read"] }],
        ["POST", `${one(token)}/expire`, {}],
      ];
      for (const [method, where, body] of calls) expect((await me(method, where, body)).status).toBe(403);
      expect((await me("GET", one(token))).json).toEqual(before);
    }
  });

  test("those that may do no more are changed and ended", async () => {
    const other = await made(["message:Read"]);
    expect((await me("PUT", one(other), { name: "b" })).json.name).toBe("b");
    expect((await me("POST", `${one(other)}/expire`, {})).status).toBe(204);
    expect((await as(other.token)("GET", `/app/${app}/msg`)).status).toBe(401);
  });

  test("it can be left with less, and never gets that back by itself", async () => {
    const token = await made(["authentication:*", "message:*"]);
    const itself = as(token.token);
    expect((await itself("PATCH", one(token), { scopes: ["authentication:*"] })).status).toBe(200);
    expectLacking(await itself("GET", `/app/${app}/msg`), "message:Read");
    expectLacking(await itself("PATCH", one(token), { scopes: ["authentication:*", "message:*"] }), "message:*");
  });

  test("access to the portal is granted within its scopes, over a restart", async () => {
    const endpoint = await send("POST", `/app/${app}/endpoint`, { url: "https://example.com" });
    expect(endpoint.status).toBe(201);
    for (const form of ["app-portal-access", "dashboard-access"]) {
      const granted = await me("POST", `/auth/${form}/${app}`, {});
      expect(granted.status).toBe(200);
      const customer = as(granted.json.token);
      const check = async () => {
        expect((await customer("GET", `/app/${app}/msg`)).status).toBe(200);
        expectLacking(await customer("GET", `/app/${app}/endpoint`), "endpoint:Read");
        expectLacking(await customer("DELETE", `/app/${app}/endpoint/${endpoint.json.id}`), "endpoint:Write");
        expectLacking(await customer("GET", `/app/${app}`), "application:Read");
        expect((await customer("GET", "/app")).status).toBe(403);
      };
      await check();
      await server.restart();
      await check();
      expect((await send("GET", `${path}?app_id=${app}`)).json.data[0].scopes).toEqual(own);
    }
  });

  test("access to the portal has the capabilities that are asked for as well", async () => {
    const broad = as((await made(["*:*"])).token);
    const { token } = (await broad("POST", `/auth/app-portal-access/${app}`, { readOnly: true })).json;
    expect((await as(token)("GET", `/app/${app}/endpoint`)).status).toBe(200);
    expect((await as(token)("POST", `/app/${app}/endpoint`, { url: "https://example.com" })).status).toBe(403);
    expect((await send("GET", `${path}?app_id=${app}`)).json.data[0].scopes).toEqual(["ViewBase", "*:*"]);
  });

  test("no application comes into being on the way to the portal, unless it may make one", async () => {
    const uid = freshUid("portal");
    const body = { application: { name: "New", uid } };
    expectLacking(await me("POST", `/auth/app-portal-access/${uid}`, body), "application:Write");
    expect((await send("GET", `/app/${uid}`)).status).toBe(404);
  });
});

test("the document says of each operation which scopes it needs", async () => {
  const { paths } = (await send("GET", "/openapi.json")).json;
  const documented = Object.values<
    Record<string, { operationId: string; responses: Record<string, { description: string }> }>
  >(paths).flatMap((methods) => Object.values(methods));
  const needs = new Map(allOperations().map((operation) => [operation.id, operation]));
  expect(documented.length).toBeGreaterThan(70);
  for (const { operationId, responses } of documented) {
    const { access } = needs.get(operationId)!;
    if (access === "public" || access === "root") continue;
    const names: readonly ScopeName[] = neededScopes(needs.get(operationId)!);
    for (const name of names)
      expect([operationId, responses[403]?.description]).toEqual([operationId, expect.stringContaining(`\`${name}\``)]);
  }
});
