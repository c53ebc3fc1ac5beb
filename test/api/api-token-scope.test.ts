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

interface CreatedToken {
  readonly id: string;
  readonly token: string;
  readonly scopes: string[] | null;
}

/** Creates a token with these scopes, using the token `by` or, by default, the root token. */
async function makeToken(scopes: readonly string[] | null, by?: string): Promise<CreatedToken> {
  const { status, json, text } = await send(
    "POST",
    path,
    { name: "made", scopes },
    by === undefined ? {} : { token: by },
  );
  if (status !== 200) throw new Error(`No token: ${status} ${text}`);
  return json;
}

const sendAs =
  (token: string): Send =>
  (method, where, body, options) =>
    send(method, where, body, { ...options, token });

const pathOf = ({ id }: CreatedToken) => `${path}/${id}`;

function missingScopesBody(...names: string[]): object {
  const detail = `The token lacks the scope${names.length > 1 ? "s" : ""} ${names.map((name) => `\`${name}\``).join(" and ")}.`;
  return { code: "insufficient_access", detail };
}

function expectMissingScopes(answer: Answer, ...names: string[]): void {
  expect([answer.status, answer.json]).toEqual([403, missingScopesBody(...names)]);
}

describe("scopes of an API token", () => {
  test("every response that describes a token contains its scopes as they were sent", async () => {
    const scopes = ["application:Read", "EVENT_TYPE:read", "messageAttempt:*", "*:Write", "application:Read"];
    const token = await makeToken(scopes);
    expect(token.scopes).toEqual(scopes);
    expect((await send("GET", pathOf(token))).json.scopes).toEqual(scopes);
    expect((await send("GET", path)).json.data[0].scopes).toEqual(scopes);
    expect((await send("PUT", pathOf(token), { name: "new" })).json).toMatchObject({ name: "new", scopes });
    const others = ["message:write"];
    expect((await send("PATCH", pathOf(token), { scopes: others })).json).toMatchObject({
      name: "new",
      scopes: others,
    });
    expect(await server.run("token", "list")).toContain("message:write");
  });

  test("a token that is created without `scopes`, or with null, has null scopes", async () => {
    expect((await makeToken(null)).scopes).toBeNull();
    expect((await send("POST", path, { name: "a" })).json.scopes).toBeNull();
  });

  const bad: [what: string, scopes: unknown, loc: string][] = [
    ["an empty list of scopes", [], "body.scopes"],
    ["a string as its scopes", "message:Read", "body.scopes"],
    ["an object as its scopes", { 0: "message:Read" }, "body.scopes"],
    ["a number in its scopes", ["message:Read", 1], "body.scopes.[1]"],
    ["null in its scopes", [null], "body.scopes.[0]"],
    ["a list in its scopes", [["message:Read"]], "body.scopes.[0]"],
    ["101 scopes", Array.from({ length: 101 }, () => "message:Read"), "body.scopes"],
    ["an empty scope", [""], "body.scopes.[0]"],
    ["a scope without an action", ["message:Read", "read"], "body.scopes.[1]"],
    ["a scope for an unknown resource", ["message:Read", "*:Read", "invoice:Read"], "body.scopes.[2]"],
    ["a scope for an unknown action", ["message:Delete"], "body.scopes.[0]"],
    ["a scope for a resource that needs no token", ["health:Read"], "body.scopes.[0]"],
    ["a very long scope", [`message${"-".repeat(1_000_000)}:Read`], "body.scopes.[0]"],
  ];
  for (const [what, scopes, loc] of bad) {
    test(`creating or patching a token with ${what} returns 422`, async () => {
      const token = await makeToken(["message:Read"]);
      for (const [method, where] of [["POST", path] as const, ["PATCH", pathOf(token)] as const]) {
        const { status, json } = await send(method, where, { name: "bad", scopes });
        expect([status, json.detail?.[0].loc.join(".")]).toEqual([422, loc]);
      }
      expect((await send("GET", pathOf(token))).json).toMatchObject({ name: "made", scopes: ["message:Read"] });
    });
  }

  test("the response to invalid scopes has an error for each of the first 20, with the valid resources and actions", async () => {
    const { json } = await send("POST", path, { name: "a", scopes: ["invoice:Read", "message:Read", "message:Send"] });
    expect(json.detail.map(({ loc }: { loc: string[] }) => loc.at(-1))).toEqual(["[0]", "[2]"]);
    expect(json.detail[0].msg).toContain("application, audit-log, authentication");
    expect(json.detail[1].msg).toContain("Actions: Read, Write.");
    const many = await send("POST", path, { name: "a", scopes: Array.from({ length: 100 }, () => "x:y") });
    expect([many.status, many.json.detail.length]).toEqual([422, 20]);
  });

  test("creating a token with an unknown scope returns 422, even if the caller's token has limited scopes", async () => {
    const { token } = await makeToken(["authentication:Write"]);
    expect((await sendAs(token)("POST", path, { name: "a", scopes: ["invoice:Read"] })).status).toBe(422);
  });

  test("the scopes of a token are the same after a restart", async () => {
    const token = await makeToken(["application:Read"]);
    await server.restart();
    expect((await sendAs(token.token)("GET", "/app")).status).toBe(200);
    expectMissingScopes(await sendAs(token.token)("POST", "/app", { name: "a" }), "application:Write");
    expect((await send("GET", pathOf(token))).json.scopes).toEqual(["application:Read"]);
  });
});

describe("enforcement of scopes", () => {
  /** All operations except logout, which would revoke the token and has a test below. */
  const operations = allOperations().filter(({ access, id }) => access !== "public" && !id.endsWith(".logout"));

  /** Calls an operation with unknown ids and returns the status and the body. */
  async function callOperation(
    { id, method, path: where, bodyExample }: Operation,
    token: string,
  ): Promise<[number, unknown]> {
    // A token can grant only scopes that it has, as a test below shows.
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

  /**
   * Expects that, with a token of these scopes, exactly the operations that need other scopes
   * return 403.
   */
  async function expectScopesEnforced(scopes: readonly string[], chosen: readonly Operation[]): Promise<void> {
    const { token } = await makeToken(scopes);
    for (const operation of chosen) {
      const missing = missingScopes(parseScopes(scopes), neededScopes(operation));
      const [status, json] = await callOperation(operation, token);
      if (operation.access === "root") expect([operation.id, status]).toEqual([operation.id, 403]);
      else if (missing.length === 0)
        expect([operation.id, status >= 500 || status === 403]).toEqual([operation.id, false]);
      else expect([operation.id, status, json]).toEqual([operation.id, 403, missingScopesBody(...missing)]);
    }
  }

  test("a token with *:Read can call every operation that needs only Read scopes, and no other operation", async () => {
    await expectScopesEnforced(["*:Read"], operations);
    const changing = operations.filter(({ method }) => method !== "GET" && method !== "HEAD");
    const allowed = changing.filter((one) => missingScopes(parseScopes(["*:Read"]), neededScopes(one)).length === 0);
    expect(allowed.map(({ id }) => id).sort()).toEqual([
      "endpoint.filter-preview",
      "endpoint.filter-test",
      "event-type.validate",
      "ingest.endpoint.filter-preview",
      "ingest.endpoint.filter-test",
      "message.precheck-recipients",
      "session.log-out",
      "v1.environment.export",
      "v1.message.precheck",
    ]);
  });

  test("a token can be used to log out, whatever its scopes", async () => {
    const { token } = await makeToken(["audit-log:Read"]);
    expect((await sendAs(token)("POST", "/auth/logout")).status).toBe(204);
    expect((await sendAs(token)("GET", "/audit-log")).status).toBe(401);
  });

  test("a token with *:Write cannot call operations that need a Read scope", async () => {
    await expectScopesEnforced(
      ["*:Write"],
      operations.filter(({ method }) => method === "GET" || method === "HEAD"),
    );
  });

  test("a token with endpoint:* can call only operations that need endpoint scopes", async () => {
    await expectScopesEnforced(["endpoint:*"], operations);
  });

  test("a token with exactly the scopes that an operation needs can call the operation", async () => {
    const chosen = operations.filter((one) => one.access !== "root" && neededScopes(one).length > 0);
    for (const operation of chosen) await expectScopesEnforced(neededScopes(operation), [operation]);
  });

  test("a token whose only scope is not needed by any operation cannot read anything", async () => {
    await expectScopesEnforced(
      ["audit-log:Write"],
      operations.filter(({ method }) => method === "GET"),
    );
  });

  test("a call with a token that lacks scopes returns 403 with all missing scopes, before the body is parsed", async () => {
    const { token } = await makeToken(["application:Read"]);
    expectMissingScopes(
      await sendAs(token)("POST", "/environment/import", "{"),
      "environment:Write",
      "event-type:Write",
      "payload-version:Write",
    );
    expectMissingScopes(await sendAs(token)("POST", `/app/${app}/msg`, "{"), "message:Write");
  });

  test("sending a message creates a missing application only if the token has application:Write", async () => {
    const uid = freshUid("brought");
    const body = { eventType: "a", payload: {}, application: { name: "New", uid } };
    const sender = sendAs((await makeToken(["message:Write", "application:Read"])).token);
    expectMissingScopes(await sender("POST", `/app/${uid}/msg`, body), "application:Write");
    expect((await send("GET", `/app/${uid}`)).status).toBe(404);
    expect((await sender("POST", `/app/${app}/msg`, body)).status).toBe(202);
    const both = sendAs((await makeToken(["message:Write", "application:Write"])).token);
    expect((await both("POST", `/app/${uid}/msg`, body)).status).toBe(202);
  });

  test("sending an example with a custom payload also requires message:Write", async () => {
    const endpoint = (await send("POST", `/app/${app}/endpoint`, { url: "https://example.com" })).json.id;
    const example = `/app/${app}/endpoint/${endpoint}/send-example`;
    const own = { eventType: "svix.ping", payload: {} };
    const { token } = await makeToken(["endpoint:Write"]);
    expect((await sendAs(token)("POST", example, { eventType: "svix.ping" })).status).toBe(200);
    expectMissingScopes(await sendAs(token)("POST", example, own), "message:Write");
    const both = await makeToken(["endpoint:Write", "message:Write"]);
    expect((await sendAs(both.token)("POST", example, own)).status).toBe(200);
  });

  test("scopes apply to a token in every form in which it can be sent", async () => {
    const { token } = await makeToken(["application:Read"]);
    const org = (await send("GET", "/management/environment/default")).json.id;
    for (const text of [token, `${token}|default`, `${token}|${org}`]) {
      expect((await sendAs(text)("GET", "/app")).status).toBe(200);
      expectMissingScopes(await sendAs(text)("DELETE", `/app/${app}`), "application:Write");
      expectMissingScopes(await sendAs(text)("GET", "/overview"), "overview:Read");
      expectMissingScopes(await sendAs(text)("GET", "/live"), "overview:Read");
    }
  });
});

describe("changing the scopes of an API token", () => {
  test("a change of scopes applies to the next request", async () => {
    const token = await makeToken(["application:Read"]);
    const mine = sendAs(token.token);
    expect((await mine("GET", "/app")).status).toBe(200);
    await send("PATCH", pathOf(token), { scopes: ["event-type:Read"] });
    expectMissingScopes(await mine("GET", "/app"), "application:Read");
    expect((await mine("GET", "/event-type")).status).toBe(200);
    expect((await send("PATCH", pathOf(token), { scopes: null })).json.scopes).toBeNull();
    expect((await mine("POST", "/app", { name: "a" })).status).toBe(201);
    await send("PATCH", pathOf(token), { scopes: ["*:Read"] });
    expectMissingScopes(await mine("POST", "/app", { name: "a" }), "application:Write");
  });

  test("neither a PUT nor a PATCH of a token's name changes its scopes", async () => {
    const token = await makeToken(["application:Read"]);
    await send("PATCH", pathOf(token), { name: "new" });
    await send("PUT", pathOf(token), { name: "newer", scopes: null });
    expect((await send("GET", pathOf(token))).json).toMatchObject({ name: "newer", scopes: ["application:Read"] });
    expectMissingScopes(await sendAs(token.token)("POST", "/app", { name: "a" }), "application:Write");
  });

  test("concurrent PATCHes of a token's name and of its scopes are both applied", async () => {
    const token = await makeToken(["application:Read"]);
    await Promise.all([
      send("PATCH", pathOf(token), { name: "both" }),
      send("PATCH", pathOf(token), { scopes: ["message:Read"] }),
    ]);
    expect((await send("GET", pathOf(token))).json).toMatchObject({ name: "both", scopes: ["message:Read"] });
  });

  test("a repeated call with a token that has lost a scope returns 403 instead of the stored response", async () => {
    const token = await makeToken(["application:*"]);
    const headers = { "idempotency-key": freshUid("key") };
    const ask = () => sendAs(token.token)("POST", "/app", { name: "once" }, { headers });
    const first = await ask();
    expect((await ask()).json).toEqual(first.json);
    await send("PATCH", pathOf(token), { scopes: ["application:Read"] });
    expectMissingScopes(await ask(), "application:Write");
  });

  test("a change of scopes closes the live stream, and reconnecting without the scope returns 403", async () => {
    const token = await makeToken(["overview:Read"]);
    const headers = { authorization: `Bearer ${token.token}` };
    const stream = await fetch(`${server.url}/api/v1/live`, { headers });
    expect(stream.status).toBe(200);
    await send("PATCH", pathOf(token), { scopes: ["application:Read"] });
    expect(await stream.text()).toStartWith("event: overview\n");
    expect((await fetch(`${server.url}/api/v1/live`, { headers })).status).toBe(403);
  });

  test("patching the scopes of an application token returns 422", async () => {
    const { token } = (await send("POST", `/auth/app-portal-access/${app}`, { sessionId: freshUid("s") })).json;
    const [portal] = (await send("GET", `${path}?app_id=${app}`)).json.data;
    for (const scopes of [["application:Read"], null]) {
      const { status, json } = await send("PATCH", pathOf(portal), { scopes });
      expect([status, json.detail[0].loc]).toEqual([422, ["body", "scopes"]]);
    }
    expect((await sendAs(token)("GET", `/app/${app}`)).status).toBe(200);
  });
});

describe("granting scopes with a token that has scopes", () => {
  const own = ["authentication:*", "message:*", "event-type:Read"];
  let mine: CreatedToken;
  let me: Send;
  beforeAll(async () => {
    mine = await makeToken(own);
    me = sendAs(mine.token);
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
    test(`a token with ${own.join(", ")} ${beyond.length === 0 ? "can" : "cannot"} grant ${scopes.join(", ")}`, async () => {
      const other = await makeToken(["message:Read"]);
      for (const [method, where] of [["POST", path] as const, ["PATCH", pathOf(other)] as const]) {
        const answer = await me(method, where, { name: "given", scopes });
        if (beyond.length > 0) expectMissingScopes(answer, ...beyond);
        else expect([answer.status, answer.json.scopes]).toEqual([200, scopes]);
      }
    });
  }

  test("a token with scopes cannot create an unrestricted token or widen its own scopes", async () => {
    const other = await makeToken(["message:Read"]);
    const calls: [string, string, object][] = [
      ["POST", path, { name: "a" }],
      ["POST", path, { name: "a", scopes: null }],
      ["PATCH", pathOf(other), { scopes: null }],
      ["PATCH", pathOf(mine), { scopes: null }],
      ["PATCH", pathOf(mine), { scopes: ["*:*"] }],
      ["PATCH", pathOf(mine), { scopes: [...own, "application:Read"] }],
    ];
    for (const [method, where, body] of calls) {
      const { status, json } = await me(method, where, body);
      expect([where, status, json.code]).toEqual([where, 403, "insufficient_access"]);
    }
    expect((await me("GET", pathOf(mine))).json.scopes).toEqual(own);
    expect((await me("GET", pathOf(other))).json.scopes).toEqual(["message:Read"]);
  });

  test("a token cannot change or expire another token that has more scopes", async () => {
    const everything = await makeToken(null);
    const more = await makeToken(["message:Read", "application:Read"]);
    for (const token of [everything, more]) {
      const before = (await send("GET", pathOf(token))).json;
      const calls: [string, string, object][] = [
        ["PUT", pathOf(token), { name: "taken" }],
        ["PATCH", pathOf(token), { name: "taken" }],
        ["PATCH", pathOf(token), { scopes: ["message:Read"] }],
        ["POST", `${pathOf(token)}/expire`, {}],
      ];
      for (const [method, where, body] of calls) expect((await me(method, where, body)).status).toBe(403);
      expect((await me("GET", pathOf(token))).json).toEqual(before);
    }
  });

  test("a token can change and expire another token whose scopes are within its own", async () => {
    const other = await makeToken(["message:Read"]);
    expect((await me("PUT", pathOf(other), { name: "b" })).json.name).toBe("b");
    expect((await me("POST", `${pathOf(other)}/expire`, {})).status).toBe(204);
    expect((await sendAs(other.token)("GET", `/app/${app}/msg`)).status).toBe(401);
  });

  test("a token can remove scopes from itself but cannot restore them", async () => {
    const token = await makeToken(["authentication:*", "message:*"]);
    const itself = sendAs(token.token);
    expect((await itself("PATCH", pathOf(token), { scopes: ["authentication:*"] })).status).toBe(200);
    expectMissingScopes(await itself("GET", `/app/${app}/msg`), "message:Read");
    expectMissingScopes(
      await itself("PATCH", pathOf(token), { scopes: ["authentication:*", "message:*"] }),
      "message:*",
    );
  });

  test("portal access has the scopes of its creator, even after a restart", async () => {
    const endpoint = await send("POST", `/app/${app}/endpoint`, { url: "https://example.com" });
    expect(endpoint.status).toBe(201);
    for (const form of ["app-portal-access", "dashboard-access"]) {
      const granted = await me("POST", `/auth/${form}/${app}`, {});
      expect(granted.status).toBe(200);
      const customer = sendAs(granted.json.token);
      const check = async () => {
        expect((await customer("GET", `/app/${app}/msg`)).status).toBe(200);
        expectMissingScopes(await customer("GET", `/app/${app}/endpoint`), "endpoint:Read");
        expectMissingScopes(await customer("DELETE", `/app/${app}/endpoint/${endpoint.json.id}`), "endpoint:Write");
        expectMissingScopes(await customer("GET", `/app/${app}`), "application:Read");
        expect((await customer("GET", "/app")).status).toBe(403);
      };
      await check();
      await server.restart();
      await check();
      expect((await send("GET", `${path}?app_id=${app}`)).json.data[0].scopes).toEqual(own);
    }
  });

  test("portal access is limited by the requested capabilities and by its creator's scopes", async () => {
    const broad = sendAs((await makeToken(["*:*"])).token);
    const { token } = (await broad("POST", `/auth/app-portal-access/${app}`, { readOnly: true })).json;
    expect((await sendAs(token)("GET", `/app/${app}/endpoint`)).status).toBe(200);
    expect((await sendAs(token)("POST", `/app/${app}/endpoint`, { url: "https://example.com" })).status).toBe(403);
    expect((await send("GET", `${path}?app_id=${app}`)).json.data[0].scopes).toEqual(["ViewBase", "*:*"]);
  });

  test("granting portal access without application:Write does not create the application", async () => {
    const uid = freshUid("portal");
    const body = { application: { name: "New", uid } };
    expectMissingScopes(await me("POST", `/auth/app-portal-access/${uid}`, body), "application:Write");
    expect((await send("GET", `/app/${uid}`)).status).toBe(404);
  });
});

test("the OpenAPI document lists the scopes that each operation needs", async () => {
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
    if (names.length === 0) {
      expect([operationId, responses[403]?.description]).toEqual([operationId, "The token is not allowed to do this."]);
    }
  }
});
