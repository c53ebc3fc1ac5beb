import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { auditLog } from "../support/audit.ts";
import { type Answer, clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
let app: string;
beforeAll(async () => {
  server = await startServer(["--retry-schedule=", "--public-url=https://hooks.example.com/base"]);
  send = clientOf(server.url);
  app = await makeApplication(send);
  for (const uid of ["e", "to-be-deleted"]) {
    await send("POST", `/app/${app}/endpoint`, { url: `${server.url}/inbox/portal-inbox`, uid });
  }
  await send("POST", `/app/${app}/msg`, { eventType: "a", payload: {}, eventId: "m" });
});
afterAll(() => server.stop());

async function access(sent: object = {}, application = app): Promise<{ url: string; token: string }> {
  const { status, json } = await send("POST", `/auth/app-portal-access/${application}`, sent);
  expect(status).toBe(200);
  return json;
}

const withToken =
  (token: string): Send =>
  (method, path, body, options) =>
    send(method, path, body, { ...options, token });

async function statusOf(token: string): Promise<number> {
  return (await send("GET", `/app/${app}`, undefined, { token })).status;
}

describe("granting portal access", () => {
  test("granting portal access returns an application token and a link with that token in its fragment", async () => {
    const { url, token } = await access();
    expect((await send("GET", `/app/${app}`, undefined, { token })).json.uid).toBe(app);
    expect((await send("GET", "/app", undefined, { token })).status).toBe(403);
    const { origin, pathname, search, hash } = new URL(url);
    expect([origin, pathname, search]).toEqual(["https://hooks.example.com", "/base/portal/", ""]);
    expect(hash).toStartWith("#key=");
    expect(JSON.parse(atob(hash.slice("#key=".length)))).toEqual({
      appId: expect.stringMatching(/^app_[A-Za-z0-9]{27}$/),
      token,
      region: "self-hosted",
    });
  });

  test("portal access can be granted without a body, and at the old path", async () => {
    for (const path of ["app-portal-access", "dashboard-access"]) {
      const { status, json } = await send("POST", `/auth/${path}/${app}`);
      expect([status, await statusOf(json.token)]).toEqual([200, 200]);
    }
    expect((await send("POST", `/auth/dashboard-access/${app}`, "anything")).status).toBe(200);
  });

  test("a portal token expires after seven days by default or after the requested time", async () => {
    const ends = async (sessionId: string) => {
      const { json } = await send("GET", `/management/authentication/default/api-token?app_id=${app}&limit=250`);
      const [found] = json.data.filter((token: { sessionId: string }) => token.sessionId === sessionId);
      return (Date.parse(found.expiresAt) - Date.parse(found.createdAt)) / 1000;
    };
    await access({ sessionId: "long" });
    await access({ sessionId: "short", expiry: 3600 });
    expect([await ends("long"), await ends("short")]).toEqual([604_800, 3600]);
  });

  test("concurrent grants of portal access create a missing application only once", async () => {
    const uid = freshUid("portal");
    const granted = await Promise.all([1, 2, 3].map(() => access({ application: { name: "New", uid } }, uid)));
    for (const { token } of granted) {
      expect((await send("GET", `/app/${uid}`, undefined, { token })).json.name).toBe("New");
    }
    await access({ application: { name: "Ignored", uid: "another" } }, uid);
    expect((await send("GET", `/app/${uid}`)).json.name).toBe("New");
  });

  const bodies: [string, unknown, string][] = [
    ["an array as the body", [], "body"],
    ["an expiry that is too short", { expiry: 3599 }, "expiry"],
    ["an expiry that is too long", { expiry: 604_801 }, "expiry"],
    ["an expiry of the wrong type", { expiry: "3600" }, "expiry"],
    ["an unknown capability", { capabilities: ["ViewBase", "Everything"] }, "capabilities"],
    ["capabilities without ViewBase", { capabilities: ["ManageEndpoint"] }, "capabilities"],
    ["an empty list of capabilities", { capabilities: [] }, "capabilities"],
    ["readOnly of the wrong type", { readOnly: "yes" }, "readOnly"],
    ["an invalid feature flag", { featureFlags: ["a b"] }, "featureFlags"],
    ["26 feature flags", { featureFlags: Array.from({ length: 26 }, (_, i) => `flag-${i}`) }, "featureFlags"],
    ["an empty session id", { sessionId: "" }, "sessionId"],
    ["a space in the session id", { sessionId: "a b" }, "sessionId"],
    ["a session id of 65 characters", { sessionId: "a".repeat(65) }, "sessionId"],
  ];
  for (const [what, body, field] of bodies) {
    test(`granting portal access with ${what} returns 422`, async () => {
      const { status, json } = await send("POST", `/auth/app-portal-access/${app}`, body);
      expect([status, json.detail[0].loc.join(".")]).toEqual([422, expect.stringContaining(field)]);
    });
  }

  test("granting portal access treats null fields as absent", async () => {
    const nothing = { application: null, readOnly: null, capabilities: null, expiry: null, sessionId: null };
    expect(await statusOf((await access(nothing)).token)).toBe(200);
  });

  test("granting portal access returns 404 for an unknown application, and 422 if the uid in `application` is missing or differs from the path", async () => {
    expect((await send("POST", "/auth/app-portal-access/nope", {})).status).toBe(404);
    const wrong = await send("POST", "/auth/app-portal-access/nope", { application: { name: "a", uid: "other" } });
    expect([wrong.status, wrong.json.detail[0].type]).toEqual([422, "application_uid_mismatch"]);
    const missing = await send("POST", "/auth/app-portal-access/nope", { application: { name: "a" } });
    expect([missing.status, missing.json.detail[0].type]).toEqual([422, "application_uid_missing"]);
  });

  test("a call repeated with its idempotency key returns the same portal token, which is not stored in plain text", async () => {
    const headers = { "idempotency-key": freshUid("key") };
    const ask = () => send("POST", `/auth/app-portal-access/${app}`, {}, { headers });
    const first = await ask();
    expect((await ask()).json).toEqual(first.json);
    expect(await server.stores(app)).toBe(true);
    expect(await server.stores(first.json.token)).toBe(false);
  });

  test("deleting an application revokes its portal tokens", async () => {
    const gone = await makeApplication(send);
    const { token } = await access({}, gone);
    const seen = () => send("GET", "/event-type", undefined, { token });
    expect((await seen()).status).toBe(200);
    await send("DELETE", `/app/${gone}`);
    expect((await seen()).status).toBe(401);
  });
});

describe("capabilities of portal access", () => {
  const viewCalls: [string, string, unknown?][] = [
    ["GET", "/app/APP"],
    ["GET", "/app/APP/endpoint"],
    ["GET", "/app/APP/endpoint/e/headers"],
    ["GET", "/app/APP/endpoint/e/stats"],
    ["GET", "/app/APP/msg/m"],
    ["GET", "/app/APP/attempt/endpoint/e"],
    ["GET", "/event-type"],
  ];
  const viewSecretCalls: [string, string, unknown?][] = [["GET", "/app/APP/endpoint/e/secret"]];
  const rotateCalls: [string, string, unknown?][] = [["POST", "/app/APP/endpoint/e/secret/rotate", {}]];
  const resendCalls: [string, string, unknown?][] = [
    ["POST", "/app/APP/msg/m/endpoint/e/resend"],
    ["POST", "/app/APP/endpoint/e/recover", { since: new Date(Date.now() - 60_000).toISOString() }],
  ];
  const editCalls: [string, string, unknown?][] = [
    ["POST", "/app/APP/endpoint", { url: "https://example.com" }],
    ["PUT", "/app/APP/endpoint/e", { url: `https://example.com` }],
    ["PATCH", "/app/APP/endpoint/e", { description: "new" }],
    ["PUT", "/app/APP/endpoint/e/headers", { headers: {} }],
    ["PATCH", "/app/APP/endpoint/e/headers", { headers: {} }],
    ["DELETE", "/app/APP/endpoint/nope"],
  ];
  const groups = {
    view: viewCalls,
    "view secrets": viewSecretCalls,
    "rotate secrets": rotateCalls,
    "resend messages": resendCalls,
    "edit endpoints": editCalls,
  };
  type Group = keyof typeof groups;

  const cases: [string, object, Group[]][] = [
    ["no options", {}, ["view", "view secrets", "rotate secrets", "resend messages", "edit endpoints"]],
    ["ViewBase", { capabilities: ["ViewBase"] }, ["view"]],
    ["ViewEndpointSecret", { capabilities: ["ViewBase", "ViewEndpointSecret"] }, ["view", "view secrets"]],
    [
      "ManageEndpointSecret",
      { capabilities: ["ViewBase", "ManageEndpointSecret"] },
      ["view", "view secrets", "rotate secrets"],
    ],
    ["CreateAttempts", { capabilities: ["ViewBase", "CreateAttempts"] }, ["view", "resend messages"]],
    [
      "ManageEndpoint",
      { capabilities: ["ViewBase", "ManageEndpoint"] },
      ["view", "view secrets", "rotate secrets", "edit endpoints"],
    ],
    ["ManageTransformations", { capabilities: ["ViewBase", "ManageTransformations"] }, ["view"]],
    ["readOnly", { readOnly: true }, ["view"]],
    [
      "readOnly and explicit capabilities",
      { readOnly: true, capabilities: ["ViewBase", "ViewEndpointSecret", "ManageEndpoint"] },
      ["view", "view secrets"],
    ],
  ];
  for (const [what, sent, allowed] of cases) {
    test(`a portal token with ${what} can only ${new Intl.ListFormat("en").format(allowed)}`, async () => {
      const mine = withToken((await access(sent)).token);
      for (const [group, calls] of Object.entries(groups) as [Group, typeof viewCalls][]) {
        for (const [method, path, body] of calls) {
          const { status, json } = await mine(method, path.replace("APP", app), body);
          if (allowed.includes(group)) expect([path, [403, 500].includes(status)]).toEqual([path, false]);
          else expect([path, status, json.code]).toEqual([path, 403, "insufficient_access"]);
        }
      }
    });
  }

  test("the capabilities of a portal token are the same after a restart", async () => {
    const { token } = await access({ readOnly: true });
    await server.restart();
    expect(await statusOf(token)).toBe(200);
    expect((await withToken(token)("POST", `/app/${app}/endpoint`, { url: "https://example.com" })).status).toBe(403);
  });
});

test("an application token sees only event types without a feature flag or with one of its flags", async () => {
  const [open, beta, secret] = [freshUid("open"), freshUid("beta"), freshUid("secret")];
  await send("POST", "/event-type", { name: open, description: "" });
  await send("POST", "/event-type", { name: beta, description: "", featureFlags: ["x", "beta"] });
  await send("POST", "/event-type", { name: secret, description: "", featureFlag: "secret" });
  const seen = async (token: string): Promise<string[]> => {
    const { json } = await send("GET", "/event-type?limit=250", undefined, { token });
    const names: string[] = json.data.map(({ name }: { name: string }) => name);
    for (const name of [open, beta, secret]) {
      const { status } = await send("GET", `/event-type/${name}`, undefined, { token });
      expect([name, status]).toEqual([name, names.includes(name) ? 200 : 404]);
    }
    return names.filter((name) => [open, beta, secret].includes(name));
  };
  expect(await seen((await access()).token)).toEqual([open]);
  expect(await seen((await access({ featureFlags: ["beta", "other"] })).token)).toEqual([beta, open].sort());
  expect(await seen(await server.createToken())).toEqual([open, beta, secret].sort());
});

test("an application token can subscribe endpoints only to visible event types, but existing subscriptions are kept", async () => {
  const [seen, hidden] = [freshUid("seen"), freshUid("hidden")];
  await send("POST", "/event-type", { name: seen, description: "", featureFlags: ["fa"] });
  await send("POST", "/event-type", { name: hidden, description: "", featureFlags: ["fb"] });
  const customer = withToken((await access({ featureFlags: ["fa"] })).token);
  const url = "https://example.com/";
  const path = `/app/${app}/endpoint`;
  const make = (eventTypes: string[]) => customer("POST", path, { url, eventTypes });
  const { status, json } = await make([seen]);
  expect(status).toBe(201);
  const unknown = freshUid("never");
  const never = await make([unknown]);
  expect(never.status).toBe(422);
  const change = { url, eventTypes: [seen, hidden] };
  for (const [method, where] of [
    ["POST", path],
    ["PUT", `${path}/${json.id}`],
    ["PATCH", `${path}/${json.id}`],
    ["PUT", `${path}/${freshUid("new")}`],
  ] as const) {
    // A hidden event type cannot be distinguished from a missing one.
    const { status, text } = await customer(method, where, change);
    expect([status, text.replaceAll(hidden, unknown)]).toEqual([never.status, never.text]);
  }

  await send("PATCH", `${path}/${json.id}`, change);
  const renamed = await customer("PUT", `${path}/${json.id}`, { ...change, description: "mine" });
  expect([renamed.status, renamed.json.eventTypes]).toEqual([200, [seen, hidden]]);
  await send("PATCH", `/event-type/${hidden}`, { archived: true });
  expect((await customer("PATCH", `${path}/${json.id}`, change)).status).toBe(422);
});

describe("logout", () => {
  test("logging out revokes only the token of the request, even after a restart", async () => {
    const [mine, other] = [(await access({ readOnly: true })).token, (await access()).token];
    expect(await statusOf(mine)).toBe(200);
    const answer = await withToken(mine)("POST", "/auth/logout");
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect([await statusOf(mine), await statusOf(other)]).toEqual([401, 200]);
    expect((await withToken(mine)("POST", "/auth/logout")).status).toBe(401);
    await server.restart();
    expect([await statusOf(mine), await statusOf(other)]).toEqual([401, 200]);
  });

  test("logging out revokes an environment token but returns 403 with the root token", async () => {
    const token = await server.createToken();
    expect((await withToken(token)("POST", "/auth/logout", {})).status).toBe(204);
    expect(await statusOf(token)).toBe(401);
    const { status, json } = await send("POST", "/auth/logout");
    expect([status, json.code]).toEqual([403, "insufficient_access"]);
    expect((await send("GET", "/app")).status).toBe(200);
  });
});

describe("expire-all", () => {
  const expireAll = (body?: unknown): Promise<Answer> => send("POST", `/auth/app/${app}/expire-all`, body);

  test("expire-all revokes every token of the application, even after a restart", async () => {
    const other = await makeApplication(send);
    const tokens = [
      (await access()).token,
      (await access({ sessionId: "s" })).token,
      await server.createToken("--app", app),
    ];
    const others = (await access({}, other)).token;
    for (const token of tokens) expect(await statusOf(token)).toBe(200);
    expect((await expireAll({})).status).toBe(204);
    for (const token of tokens) expect(await statusOf(token)).toBe(401);
    expect((await send("GET", `/app/${other}`, undefined, { token: others })).status).toBe(200);
    expect(await statusOf((await access()).token)).toBe(200);
    await server.restart();
    for (const token of tokens) expect(await statusOf(token)).toBe(401);
  });

  test("expire-all with sessionIds revokes only the tokens of those sessions", async () => {
    const [a, b, none] = [await access({ sessionId: "a" }), await access({ sessionId: "b" }), await access()];
    expect((await expireAll({ sessionIds: ["a", "x"] })).status).toBe(204);
    expect([await statusOf(a.token), await statusOf(b.token), await statusOf(none.token)]).toEqual([401, 200, 200]);
    // According to the Svix documentation, an empty list means all sessions.
    expect((await expireAll({ sessionIds: [] })).status).toBe(204);
    expect([await statusOf(b.token), await statusOf(none.token)]).toEqual([401, 401]);
  });

  test("expire-all with an expiry shortens the life of tokens but never extends it", async () => {
    const { token } = await access();
    expect((await expireAll({ expiry: 60 })).status).toBe(204);
    expect(await statusOf(token)).toBe(200);
    expect((await expireAll()).status).toBe(204);
    expect((await expireAll({ expiry: 60 })).status).toBe(204);
    expect(await statusOf(token)).toBe(401);
  });

  test("expire-all returns 404 for an unknown application and 422 for an invalid body", async () => {
    expect((await send("POST", "/auth/app/nope/expire-all", {})).status).toBe(404);
    for (const body of [
      { expiry: -1 },
      { expiry: 259_201 },
      { expiry: "1" },
      { sessionIds: "a" },
      { sessionIds: [""] },
      [],
      1,
    ]) {
      expect((await expireAll(body)).status).toBe(422);
    }
  });
});

describe("managing API tokens", () => {
  const path = "/management/authentication/default/api-token";

  test("API tokens can be created, read in masked form, renamed and expired", async () => {
    const { status, json } = await send("POST", path, { name: "ci", scopes: null });
    expect([status, json.token]).toEqual([200, expect.stringMatching(/^bhk_/)]);
    const one = `${path}/${json.id}`;
    const { token, ...rest } = json;
    const censored = { censoredToken: `bhk_***${token.slice(-4)}`, ...rest };
    expect((await send("GET", one)).json).toEqual(censored);
    expect((await send("GET", path)).json.data[0]).toEqual(censored);
    expect((await send("PUT", one, { name: "ci 2" })).json).toEqual({ ...censored, name: "ci 2" });
    expect((await send("PATCH", one, {})).json.name).toBe("ci 2");
    expect((await send("PATCH", one, { name: "ci 3" })).json.name).toBe("ci 3");
    expect((await send("GET", "/app", undefined, { token: json.token })).status).toBe(200);

    expect((await send("POST", `${one}/expire`, {})).status).toBe(204);
    expect((await send("GET", "/app", undefined, { token })).status).toBe(401);
    const ids = async (query: string) =>
      (await send("GET", `${path}?limit=250${query}`)).json.data.map((t: { id: string }) => t.id);
    expect(await ids("")).not.toContain(json.id);
    expect(await ids("&include_ended=true")).toContain(json.id);
    const { expiresAt, revokedAt } = (await send("GET", one)).json;
    expect([expiresAt, revokedAt]).toEqual([revokedAt, expect.any(String)]);
  });

  test("the latest use of an API token is shown", async () => {
    const { json } = await send("POST", path, { name: "used" });
    const lastUse = async () => (await send("GET", `${path}/${json.id}`)).json.lastUsedAt;
    expect(await lastUse()).toBeNull();
    const before = Date.now();
    await send("GET", "/app", undefined, { token: json.token });
    // The use is stored after the response.
    const last = await until(lastUse, (at) => at !== null);
    expect(Date.parse(last)).toBeGreaterThanOrEqual(before);
  });

  test("API tokens are found by state and by a part of the name", async () => {
    const create = async (name: string, more = {}) => (await send("POST", path, { name, ...more })).json.id;
    const [active, revoked] = [await create("Finder one"), await create("finder TWO")];
    await send("POST", `${path}/${revoked}/expire`, { expiry: 0 });
    const found = async (query: string) => {
      const { data } = (await send("GET", `${path}?search=FINDER&limit=250${query}`)).json;
      return data.map(({ id }: { id: string }) => id);
    };
    expect(await found("")).toEqual([active]);
    expect(await found("&include_ended=true")).toEqual([revoked, active]);
    expect(await found("&state=active")).toEqual([active]);
    expect(await found("&state=revoked")).toEqual([revoked]);
    expect(await found("&state=expired&include_ended=true")).toEqual([]);
    expect((await send("GET", `${path}?state=gone`)).status).toBe(400);
    expect((await send("GET", `${path}?search=${"x".repeat(201)}`)).status).toBe(422);
  });

  test("an API token can be limited to an application, and to scopes or reading in it", async () => {
    const own = await makeApplication(send);
    const { status, json } = await send("POST", path, { name: "of one", appId: own, scopes: ["endpoint:Read"] });
    expect(status).toBe(200);
    expect(json.appId).toStartWith("app_");
    const [change] = await auditLog(send);
    expect(change).toMatchObject({ subject: { appId: json.appId, tokenId: json.id } });
    const statusAt = async (method: string, where: string) =>
      (await send(method, where, { url: "https://example.com" }, { token: json.token })).status;
    expect((await send("GET", `/app/${own}/endpoint`, undefined, { token: json.token })).status).toBe(200);
    expect(await statusAt("POST", `/app/${own}/endpoint`)).toBe(403);
    expect((await send("GET", `/app/${own}`, undefined, { token: json.token })).status).toBe(403);
    expect((await send("GET", `/app/${app}/endpoint`, undefined, { token: json.token })).status).toBe(404);
    expect((await send("GET", "/app", undefined, { token: json.token })).status).toBe(403);

    expect((await send("POST", path, { name: "x", appId: "nope" })).status).toBe(404);
    expect((await send("POST", path, { name: "x", appId: 1 })).status).toBe(422);
    expect((await send("POST", path, { name: "x", appId: null })).json.appId).toBeNull();
    const scoped = (await send("POST", path, { name: "s", scopes: ["authentication:*"] })).json.token;
    expect((await send("POST", path, { name: "x", appId: own }, { token: scoped })).status).toBe(403);
  });

  test("an API token can be created with an expiry, and can be made to expire after a delay", async () => {
    const { json } = await send("POST", path, { name: "short", expiry: 3600 });
    expect(Date.parse(json.expiresAt) - Date.parse(json.createdAt)).toBe(3_600_000);
    expect((await send("POST", `${path}/${json.id}/expire`, { expiry: 60 })).status).toBe(204);
    expect((await send("GET", "/app", undefined, { token: json.token })).status).toBe(200);
  });

  test("the list of API tokens contains application tokens only with app_id", async () => {
    const own = await makeApplication(send);
    await access({ sessionId: "listed", capabilities: ["ViewBase"] }, own);
    const { json } = await send("GET", `${path}?app_id=${own}`);
    expect(json.data).toHaveLength(1);
    expect(json.data[0]).toMatchObject({ sessionId: "listed", scopes: ["ViewBase"] });
    const all = (await send("GET", `${path}?limit=250&include_ended=true`)).json.data;
    for (const { appId } of all) expect(appId).toBeNull();
    expect((await send("GET", `${path}?app_id=nope`)).status).toBe(404);
  });

  test("API tokens are listed newest first and can be paged in both directions", async () => {
    const made: string[] = [];
    for (const name of ["one", "two", "three"]) made.unshift((await send("POST", path, { name })).json.id);
    const first = (await send("GET", `${path}?limit=2`)).json;
    const second = (await send("GET", `${path}?limit=1&iterator=${first.iterator}`)).json;
    expect([...first.data, ...second.data].map(({ id }: { id: string }) => id)).toEqual(made);
    const back = (await send("GET", `${path}?limit=2&iterator=${second.prevIterator}`)).json;
    expect(back.data).toEqual(first.data);
    expect((await send("GET", `${path}?iterator=app_x`)).status).toBe(422);
  });

  test("creating an API token with an invalid name, expiry or scope returns 422", async () => {
    for (const body of [{ name: "a", scopes: ["read"] }, {}, { name: null }, { name: "a", expiry: 0 }, []]) {
      expect((await send("POST", path, body)).status).toBe(422);
    }
  });

  test("an environment token can manage only the API tokens of its own environment", async () => {
    const mine = freshUid("env");
    const token = await server.createToken("--environment", mine);
    const { json } = await send("POST", path, { name: "theirs" });
    const calls: [string, string, unknown?][] = [
      ["GET", path],
      ["POST", path, { name: "a" }],
      ["GET", `${path}/${json.id}`],
      ["GET", `/management/authentication/${mine}/api-token/${json.id}`],
      ["PUT", `/management/authentication/${mine}/api-token/${json.id}`, { name: "a" }],
      ["POST", `/management/authentication/${mine}/api-token/${json.id}/expire`, {}],
      ["GET", "/management/authentication/nope/api-token"],
    ];
    for (const [method, where, body] of calls) {
      expect([where, (await send(method, where, body, { token })).status]).toEqual([where, 404]);
    }
    const own = `/management/authentication/${mine}/api-token`;
    expect((await send("POST", own, { name: "a" }, { token })).status).toBe(200);
    expect((await send("GET", own)).json.data.map(({ name }: { name: string }) => name)).toEqual(["a", ""]);
    const application = (await access()).token;
    expect((await send("GET", own, undefined, { token: application })).status).toBe(403);
  });
});

test("granting or expiring portal access with an application token returns 403, even for unknown applications", async () => {
  const { token } = await access();
  for (const path of [`/auth/app-portal-access/${app}`, "/auth/dashboard-access/nope", `/auth/app/${app}/expire-all`]) {
    const { status, json } = await send("POST", path, "{", { token });
    expect([path, status, json.code]).toEqual([path, 403, "insufficient_access"]);
  }
});

test("the audit log records who granted portal access and which token was used to log out", async () => {
  const own = await makeApplication(send);
  const { token } = await access({}, own);
  await withToken(token)("POST", "/auth/logout");
  const [logout, granted] = await auditLog(send, {}, 2);
  expect(granted).toMatchObject({
    actor: { type: "root" },
    action: "v1.authentication.app-portal-access",
    subject: { appId: (await send("GET", `/app/${own}`)).json.id, tokenId: expect.stringMatching(/^tok_/) },
  });
  expect(logout).toMatchObject({
    action: "v1.authentication.logout",
    actor: { type: "token", id: granted?.subject.tokenId ?? "" },
  });
});
