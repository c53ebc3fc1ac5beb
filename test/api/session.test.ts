import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { auditLog } from "../support/audit.ts";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { signJwt } from "../support/jwt.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";
import { cookieOf, logIn } from "../support/session.ts";

const JWT_SECRET = "secret-of-the-jwts-in-this-test";

let server: TestServer;
let send: Send;
let envId: string;
let tokens: string;
beforeAll(async () => {
  server = await startServer([], { BOATHOOK_JWT_SECRET: JWT_SECRET });
  send = clientOf(server.url);
  envId = (await send("GET", "/auth/whoami")).json.envId;
  tokens = `/management/authentication/${envId}/api-token`;
});
afterAll(() => server.stop());

async function newToken(body: object = {}): Promise<{ readonly id: string; readonly token: string }> {
  return (await send("POST", tokens, { name: "laptop", ...body })).json;
}

describe("a login", () => {
  test("a login with a token sets a cookie that scripts and other sites cannot use", async () => {
    const { id, token } = await newToken({ expiry: 3600 });
    const headers = { "user-agent": "Test browser" };
    const answer = await send("POST", "/session", { token }, { token: null, headers });
    expect(answer.status).toBe(201);
    const port = new URL(server.url).port;
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        new RegExp(`^boathook_session_${port}=[\\w-]{43}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict$`),
      ),
    ]);
    const session = answer.json;
    expect(session).toEqual({
      id: expect.stringMatching(/^sess_\w{27}$/),
      type: "token",
      name: "laptop",
      email: null,
      tokenId: id,
      createdAt: expect.any(String),
      lastUsedAt: session.createdAt,
      expiresAt: (await send("GET", `${tokens}/${id}`)).json.expiresAt,
      userAgent: "Test browser",
      address: "127.0.0.1",
      current: true,
      csrf: expect.stringMatching(/^[\w-]{43}$/),
      envId,
      envName: "default",
      root: false,
      readOnly: false,
      operations: (await send("GET", "/auth/whoami", undefined, { token })).json.operations,
    });
    const secret = cookieOf(answer).split("=")[1]!;
    expect(answer.text).not.toContain(secret);
    expect(answer.text).not.toContain(token);
    expect(
      (await send("GET", "/session", undefined, { token: null, headers: { cookie: cookieOf(answer) } })).json,
    ).toEqual(session);
  });

  test("the cookie is marked Secure if the page is reached over HTTPS", async () => {
    for (const headers of [
      { "x-forwarded-proto": "https" },
      { "sec-fetch-site": "same-origin", origin: "https://x.example" },
    ]) {
      const answer = await send("POST", "/session", { token: ROOT_TOKEN }, { token: null, headers });
      expect(answer.headers.getSetCookie()[0]).toEndWith("; SameSite=Strict; Secure");
    }
  });

  test("a login needs a valid token for a whole environment", async () => {
    const uid = await makeApplication(send);
    const portal = (await send("POST", `/auth/app-portal-access/${uid}`, {})).json.token;
    const expired = await newToken();
    await send("POST", `${tokens}/${expired.id}/expire`, {});
    const logInWith = (body: unknown) => send("POST", "/session", body, { token: null });
    expect((await logInWith({ token: portal })).json).toEqual({
      code: "insufficient_access",
      detail: expect.stringContaining("belongs to one application"),
    });
    expect((await logInWith({ token: portal })).headers.getSetCookie()).toEqual([]);
    expect(await logInWith({ token: "wrong" })).toMatchObject({ status: 401, json: { code: "authentication_failed" } });
    expect(await logInWith({ token: expired.token })).toMatchObject({ status: 401 });
    for (const body of [{}, { token: null }, { token: "" }, { token: 7 }, { token: "x".repeat(8193) }, []]) {
      expect((await logInWith(body)).status).toBe(422);
    }
    expect((await logInWith("{")).status).toBeGreaterThanOrEqual(400);
  });

  test("a login ends the session that its cookie replaces", async () => {
    const first = await logIn(server.url);
    const answer = await first.send("POST", "/session", { token: ROOT_TOKEN });
    expect(answer.status).toBe(201);
    expect(cookieOf(answer)).not.toBe(first.cookie);
    expect((await first.send("GET", "/session")).status).toBe(401);
  });

  test("a token has at most twenty sessions, and a new one replaces the one that was used least recently", async () => {
    const { token } = await newToken();
    const all = [];
    for (let i = 0; i < 21; i++) all.push(await logIn(server.url, token));
    const statuses = await Promise.all(all.map(async (one) => (await one.send("GET", "/session")).status));
    expect(statuses).toEqual([401, ...Array.from({ length: 20 }, () => 200)]);
  });
});

describe("a request with the cookie of a session", () => {
  test("a session can do what its token can do, in the environment that a root session selects", async () => {
    const root = await logIn(server.url);
    const uid = freshUid("session");
    expect((await root.send("POST", "/app", { name: "a", uid })).status).toBe(201);
    expect((await root.send("GET", `/app/${uid}`)).status).toBe(200);
    await send("POST", "/management/environment", { name: "Session test", type: "development" });
    const elsewhere = { headers: { "boathook-environment": "Session test" } };
    expect((await root.send("GET", `/app/${uid}`, undefined, elsewhere)).status).toBe(404);
    expect((await root.send("GET", "/session", undefined, elsewhere)).json).toMatchObject({
      envName: "Session test",
      root: true,
      type: "root",
    });

    const { token } = await newToken({ scopes: ["application:Read"] });
    const limited = await logIn(server.url, token);
    expect((await limited.send("GET", `/app/${uid}`)).status).toBe(200);
    expect((await limited.send("DELETE", `/app/${uid}`)).status).toBe(403);
    expect((await limited.send("GET", "/session/list")).status).toBe(403);
    expect((await limited.send("GET", "/session")).status).toBe(200);
  });

  test("a token takes precedence over the cookie, also if it is invalid", async () => {
    const root = await logIn(server.url);
    const { token } = await newToken();
    const options = { token, headers: { "boathook-csrf": "", "sec-fetch-site": "cross-site" } };
    expect((await root.send("POST", "/app", { name: "a" }, options)).status).toBe(201);
    expect((await root.send("GET", "/session", undefined, options)).status).toBe(404);
    expect((await root.send("GET", "/app", undefined, { token: "wrong" })).status).toBe(401);
    // Browsers add the credentials of a proxy to every request.
    expect((await root.send("GET", "/app", undefined, { headers: { authorization: "Basic eDp5" } })).status).toBe(200);
  });

  test("a change with the cookie needs the CSRF token of the session", async () => {
    const [one, other] = [await logIn(server.url), await logIn(server.url)];
    for (const csrf of ["", "1", other.session.csrf, `${one.session.csrf}x`]) {
      const headers = { "boathook-csrf": csrf };
      const answer = await one.send("POST", "/app", { name: "a" }, { headers });
      expect(answer).toMatchObject({ status: 403, json: { code: "csrf_failed" } });
    }
    const { cookie } = one;
    expect((await send("DELETE", "/session", undefined, { token: null, headers: { cookie } })).status).toBe(403);
    expect((await send("GET", "/session", undefined, { token: null, headers: { cookie } })).status).toBe(200);
  });

  test("pages of other origins cannot use the cookie", async () => {
    const { host } = new URL(server.url);
    const root = await logIn(server.url);
    const statusOf = async (method: string, headers: Record<string, string>) =>
      (await root.send(method, "/app", method === "GET" ? undefined : { name: "a" }, { headers })).status;
    for (const site of ["cross-site", "same-site", "something"]) {
      expect(await statusOf("GET", { "sec-fetch-site": site })).toBe(403);
      expect(await statusOf("POST", { "sec-fetch-site": site })).toBe(403);
    }
    expect(await statusOf("GET", { "sec-fetch-site": "none" })).toBe(200);
    expect(await statusOf("POST", { "sec-fetch-site": "none" })).toBe(403);
    expect(await statusOf("POST", { "sec-fetch-site": "same-origin", origin: "https://elsewhere.example" })).toBe(201);
    for (const origin of ["https://evil.example", "null", `http://evil.${host}`, "http://127.0.0.1:1"]) {
      expect(await statusOf("POST", { origin })).toBe(403);
      expect((await send("POST", "/session", { token: ROOT_TOKEN }, { token: null, headers: { origin } })).status).toBe(
        403,
      );
    }
    expect(await statusOf("POST", { origin: `http://${host}` })).toBe(201);
    expect(await statusOf("POST", { origin: `https://${host}` })).toBe(201);
  });

  test("a preflight request does not allow other origins to send the cookie", async () => {
    const answer = await fetch(`${server.url}/api/v1/app`, {
      method: "OPTIONS",
      headers: {
        origin: "https://evil.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "boathook-csrf",
      },
    });
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
  });

  test("malformed cookies get 401", async () => {
    const { cookie } = await logIn(server.url);
    const [name, secret] = cookie.split("=") as [string, string];
    for (const text of [
      `${name}=`,
      `${name}=x`,
      name,
      `${name}=${secret}x`,
      `x${name}=${secret}`,
      `${name}=${"A".repeat(43)}`,
    ]) {
      expect((await send("GET", "/session", undefined, { token: null, headers: { cookie: text } })).status).toBe(401);
    }
    const among = `a=1; b="x;y"; ${cookie}; c`;
    expect((await send("GET", "/session", undefined, { token: null, headers: { cookie: among } })).status).toBe(200);
  });

  test("a session from a JWT works as long as the JWT is accepted, also in the leeway after its end", async () => {
    const exp = Math.floor(Date.now() / 1000) - 30;
    const one = await logIn(server.url, signJwt({ sub: "org_sessions", exp }, JWT_SECRET));
    expect(Date.parse(one.session.expiresAt)).toBe((exp + 60) * 1000);
    expect((await one.send("GET", "/session")).status).toBe(200);
  });

  test("a session from a JWT works until the JWT is revoked", async () => {
    const jwt = signJwt({ sub: "org_sessions", exp: Math.floor(Date.now() / 1000) + 3600 }, JWT_SECRET);
    const one = await logIn(server.url, jwt);
    expect(one.session).toMatchObject({ type: "jwt", name: "org_sessions", envName: "org_sessions" });
    await server.restart();
    expect((await one.send("POST", "/app", { name: "a" })).status).toBe(201);
    await send("POST", "/auth/logout", undefined, { token: jwt });
    expect((await one.send("GET", "/app")).status).toBe(401);
  });
});

describe("the end of a session", () => {
  test("a session survives a restart and ends when its token is revoked, also by the command line", async () => {
    const { id, token } = await newToken();
    const [one, other] = [await logIn(server.url, token), await logIn(server.url, (await newToken()).token)];
    await server.restart();
    expect((await one.send("GET", "/app")).status).toBe(200);
    await server.run("token", "revoke", id);
    expect((await one.send("GET", "/app")).status).toBe(401);
    expect((await other.send("GET", "/app")).status).toBe(200);
    await send("POST", `${tokens}/${other.session.tokenId}/expire`, {});
    expect((await other.send("GET", "/app")).status).toBe(401);
  });

  test("logging out ends the session, deletes the cookie and keeps the token", async () => {
    const { token } = await newToken();
    for (const [method, path] of [
      ["DELETE", "/session"],
      ["POST", "/auth/logout"],
    ] as const) {
      const one = await logIn(server.url, token);
      const answer = await one.send(method, path);
      expect(answer.status).toBe(204);
      if (method === "DELETE")
        expect(answer.headers.getSetCookie()[0]).toMatch(/^boathook_session_\d+=; Path=\/; Max-Age=0;/);
      expect((await one.send("GET", "/session")).status).toBe(401);
      expect((await send("GET", "/app", undefined, { token })).status).toBe(200);
    }
    expect((await send("DELETE", "/session")).status).toBe(404);
  });

  test("sessions are listed and can be ended, each by the callers of its environment", async () => {
    const { token } = await newToken({ name: "list" });
    const [root, mine, second] = [
      await logIn(server.url),
      await logIn(server.url, token),
      await logIn(server.url, token),
    ];
    const idsFor = async ({ send: as }: typeof mine) =>
      (await as("GET", "/session/list?limit=250")).json.data.map(
        ({ id, current }: { id: string; current: boolean }) => [id, current],
      );
    expect(await idsFor(root)).toContainEqual([root.session.id, true]);
    expect(await idsFor(root)).toContainEqual([mine.session.id, false]);
    expect(await idsFor(mine)).toContainEqual([mine.session.id, true]);
    expect(await idsFor(mine)).not.toContainEqual([root.session.id, false]);
    expect((await mine.send("DELETE", `/session/${root.session.id}`)).status).toBe(404);
    expect((await mine.send("DELETE", `/session/${second.session.id}`)).status).toBe(204);
    expect((await mine.send("DELETE", `/session/${second.session.id}`)).status).toBe(404);
    expect((await second.send("GET", "/session")).status).toBe(401);
    expect((await root.send("DELETE", `/session/${mine.session.id}`)).status).toBe(204);
    expect((await mine.send("GET", "/session")).status).toBe(401);
    const page = (await root.send("GET", "/session/list?limit=1")).json;
    expect(page).toMatchObject({ data: [{ id: root.session.id }], done: false });
    expect(await auditLog(send, {}, 1)).toMatchObject([
      { action: "session.delete", subject: { sessionId: mine.session.id }, actor: { type: "root" } },
    ]);
  });

  test("the audit log names the token of a session", async () => {
    const { id, token } = await newToken({ name: "deploy laptop" });
    const one = await logIn(server.url, token);
    await one.send("POST", "/app", { name: "a" });
    expect(await auditLog(send, {}, 1)).toMatchObject([
      { action: "v1.application.create", actor: { type: "token", id, name: "deploy laptop" } },
    ]);
  });

  test("the audit log records a login, a logout and no login that failed", async () => {
    const { id, token } = await newToken({ name: "recorded laptop" });
    const one = await logIn(server.url, token);
    const actor = { type: "token", id, name: "recorded laptop" };
    const subject = { sessionId: one.session.id };
    expect(await auditLog(send, {}, 1)).toMatchObject([{ action: "session.create", actor, subject, outcome: "done" }]);
    const failed = { token: `${token}x` };
    expect((await send("POST", "/session", failed, { token: null })).status).toBe(401);
    expect((await one.send("DELETE", "/session")).status).toBe(204);
    expect(await auditLog(send, {}, 2)).toMatchObject([
      { action: "session.log-out", actor, subject, outcome: "done" },
      { action: "session.create", actor, subject },
    ]);
  });

  test("a live stream with the cookie ends when the session ends", async () => {
    const one = await logIn(server.url);
    const { cookie } = one;
    const response = await fetch(`${server.url}/api/v1/live`, {
      headers: { cookie, "sec-fetch-site": "same-origin" },
      signal: AbortSignal.timeout(20_000),
    });
    expect(response.status).toBe(200);
    expect((await one.send("DELETE", "/session")).status).toBe(204);
    expect(await response.text()).toEndWith(`event: end\ndata: {"reason":"token"}\n\n`);
  });
});

test("a session from a JWT ends when the secret that signs JWTs changes", async () => {
  const own = await startServer([], { BOATHOOK_JWT_SECRET: JWT_SECRET });
  try {
    const one = await logIn(own.url, signJwt({ sub: "org_sessions" }, JWT_SECRET));
    expect((await one.send("GET", "/session")).status).toBe(200);
    await own.restart({ BOATHOOK_JWT_SECRET: `${JWT_SECRET}!` });
    expect((await one.send("GET", "/session")).status).toBe(401);
  } finally {
    await own.stop();
  }
});

test("after ten failed logins an address gets 429, even with a valid token", async () => {
  const own = await startServer();
  try {
    const attempt = (token: string) => clientOf(own.url)("POST", "/session", { token }, { token: null });
    for (let i = 0; i < 10; i++) expect((await attempt(`wrong ${i}`)).status).toBe(401);
    const answer = await attempt(ROOT_TOKEN);
    expect(answer).toMatchObject({ status: 429, json: { code: "rate_limited" } });
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  } finally {
    await own.stop();
  }
});

test("the cookie has the path of the public URL, and over HTTPS a name that begins with __Secure-", async () => {
  const own = await startServer(["--public-url=https://hooks.example/path"]);
  try {
    const answer = await clientOf(`${own.url}/path`)("POST", "/session", { token: ROOT_TOKEN }, { token: null });
    expect(answer.json.address).toBe("127.0.0.1");
    const cookie = answer.headers.getSetCookie()[0]!;
    expect(cookie).toMatch(/^__Secure-boathook_session=[\w-]+; Path=\/path\/; .*; HttpOnly; SameSite=Strict; Secure$/);
    const headers = { cookie: cookieOf(answer), "sec-fetch-site": "same-origin" };
    const get = (cookies: string) =>
      clientOf(own.url)("GET", "/session", undefined, { token: null, headers: { ...headers, cookie: cookies } });
    expect((await get(headers.cookie)).status).toBe(200);
    expect((await get(headers.cookie.replace("__Secure-", ""))).status).toBe(401);
    const logInFrom = (origin: string) =>
      clientOf(own.url)(
        "POST",
        "/session",
        { token: ROOT_TOKEN },
        { token: null, headers: { origin, host: new URL(origin).host } },
      );
    expect(await logInFrom("http://10.0.0.5:8071")).toMatchObject({
      status: 400,
      json: { code: "https_required", detail: expect.stringContaining("https://hooks.example/path/ui/") },
    });
    for (const origin of ["http://localhost:8071", "https://hooks.example"])
      expect((await logInFrom(origin)).status).toBe(201);
  } finally {
    await own.stop();
  }
});

test("a session of a root token ends when the token is replaced", async () => {
  const own = await startServer();
  try {
    const one = await logIn(own.url);
    await own.restart();
    expect((await one.send("GET", "/session")).status).toBe(200);
    const next = "another-root-token-0123456789-0123456789";
    await own.restart({ BOATHOOK_ROOT_TOKEN: next });
    expect((await one.send("GET", "/session")).status).toBe(401);
    const list = await clientOf(own.url)("GET", "/session/list", undefined, { token: next });
    expect(list.json.data).toEqual([]);
  } finally {
    await own.stop();
  }
});

test("inboxes and the door do not store the cookie of a session", async () => {
  const { cookie } = await logIn(server.url);
  const secret = cookie.split("=")[1]!;
  const headers = { cookie: `a=1; ${cookie}; b=2` };
  await fetch(`${server.url}/inbox/inbox-of-the-session-test`, { headers });
  const inbox = await send("GET", "/inbox/inbox-of-the-session-test");
  expect(inbox.json.data[0].headers.cookie).toBe("a=1; b=2");
  const settings = { name: "s", type: "stripe", config: { secret: "x" } };
  const source = (await send("POST", "/ingest/api/v1/source", settings)).json;
  await fetch(source.ingestUrl, { method: "POST", headers, body: "{}" });
  const log = `/ingest/api/v1/source/${source.id}/log`;
  const { data } = (await send("GET", log)).json;
  const entry = await send("GET", `${log}/${data[0].id}`);
  expect(entry.text).toContain("a=1; b=2");
  expect(entry.text).not.toContain(secret);
});

test("a page that a source returns cannot use the session of whoever opens it", async () => {
  const answer = {
    headers: { "Content-Type": "text/html", "Content-Security-Policy": "script-src *" },
    body: "<script>fetch('/api/v1/app')</script>",
  };
  const settings = { name: "s", type: "generic-webhook", config: {}, answer };
  const { json } = await send("POST", "/ingest/api/v1/source", settings);
  const response = await fetch(json.ingestUrl, { method: "POST", body: "{}" });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html"]);
  expect(response.headers.get("content-security-policy")).toBe("sandbox; default-src 'none'");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
});
