import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { signJwt, signJwtText } from "../support/jwt.ts";
import { startServer, type TestServer } from "../support/server.ts";

const SECRET = "secret-of-the-jwts";
const ORG = "org_23rb8YdGqMT0qIzpgGwdXfHirMu";
const now = () => Math.floor(Date.now() / 1000);

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="], { BOATHOOK_JWT_SECRET: SECRET });
  send = clientOf(server.url);
});
afterAll(() => server.stop());

/** Returns a JWT as the Svix server issues it for an organization. */
const orgToken = (org = ORG, claims: object = {}) =>
  signJwt({ iat: now(), nbf: now(), exp: now() + 600, iss: "svix-server", sub: org, ...claims }, SECRET);
/** Returns a JWT as the Svix server issues it for the portal of an application. */
const appToken = (app: unknown, claims: object = {}) => orgToken(String(app), { sub: app, org: ORG, ...claims });

/** Signs claims given as JSON text, without changing them. */
const rawJwt = (claims: string) => signJwtText(claims, SECRET);

const as =
  (token: string): Send =>
  (method, path, body, options) =>
    send(method, path, body, { ...options, token });

async function statusAndCode(token: string): Promise<[number, string | undefined]> {
  const { status, json } = await send("GET", "/event-type", undefined, { token });
  return [status, json.code];
}

describe("JWTs for organizations", () => {
  test("an organization's JWT gives access to an environment that was never created by a call, even after a restart", async () => {
    const org = "org_1srOrx2ZWZBpBUvZwXKQmoEYga2";
    const uid = freshUid("app");
    expect((await as(orgToken(org))("POST", "/app", { name: "a", uid })).status).toBe(201);
    expect((await as(orgToken(org, { iat: 1 }))("GET", `/app/${uid}`)).status).toBe(200);
    await server.restart();
    expect((await as(orgToken(org))("GET", `/app/${uid}`)).status).toBe(200);
    expect((await as(orgToken("org_2srOrx2ZWZBpBUvZwXKQmoEYga2"))("GET", `/app/${uid}`)).status).toBe(404);
    expect((await send("GET", `/app/${uid}`)).status).toBe(404);
    expect((await send("GET", `/app/${uid}`, undefined, { headers: { "boathook-environment": org } })).status).toBe(
      200,
    );
  });

  test("concurrent first calls with an organization's JWT share one environment", async () => {
    const org = "org_3srOrx2ZWZBpBUvZwXKQmoEYga2";
    const mine = as(orgToken(org));
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => mine("POST", "/app", { name: "a", uid: `a${i}` })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect((await mine("GET", "/app")).json.data).toHaveLength(10);
  });

  test("an organization's JWT gives access to an existing environment with that id", async () => {
    const { json } = await send("POST", "/management/environment", { name: freshUid("env"), type: "production" });
    await send("POST", "/app", { name: "a", uid: "known" }, { headers: { "boathook-environment": json.id } });
    expect((await as(orgToken(json.id))("GET", "/app/known")).status).toBe(200);
  });

  test("an organization's JWT cannot manage environments, and its environment cannot be renamed", async () => {
    expect((await as(orgToken())("GET", "/management/environment")).status).toBe(403);
    expect(await statusAndCode(orgToken())).toEqual([200, undefined]);
    expect((await send("PUT", `/management/environment/${ORG}`, { name: "other" })).status).toBe(409);
  });

  test("an organization's JWT in the form token|environment is accepted only with its own environment", async () => {
    expect(await statusAndCode(`${orgToken()}|${ORG}`)).toEqual([200, undefined]);
    expect(await statusAndCode(`${orgToken()}|default`)).toEqual([404, "environment_not_found"]);
  });
});

describe("JWTs for applications", () => {
  let app: { id: string; uid: string };
  beforeAll(async () => {
    app = (await as(orgToken())("POST", "/app", { name: "a", uid: freshUid("app") })).json;
    await as(orgToken())("POST", "/app", { name: "other", uid: "other" });
    await as(orgToken())("POST", "/event-type", { name: "flagged", description: "", featureFlag: "beta" });
  });

  test("an application's JWT has the rights of an application token", async () => {
    const mine = as(appToken(app.id));
    expect((await mine("GET", `/app/${app.uid}`)).json.id).toBe(app.id);
    expect((await mine("POST", `/app/${app.id}/endpoint`, { url: "https://example.com" })).status).toBe(201);
    expect((await mine("GET", "/app/other")).status).toBe(404);
    expect((await mine("GET", "/app")).status).toBe(403);
    expect((await mine("POST", `/app/${app.id}/msg`, {})).status).toBe(403);
  });

  test("an application's JWT sees only event types without a feature flag or with one of its flags", async () => {
    expect((await as(appToken(app.id))("GET", "/event-type/flagged")).status).toBe(404);
    expect((await as(appToken(app.id, { feature_flags: ["beta"] }))("GET", "/event-type/flagged")).status).toBe(200);
    expect((await as(appToken(app.id, { feature_flags: "beta" }))("GET", "/event-type/flagged")).status).toBe(404);
  });

  test("a request with an application's JWT returns 401 if the application is missing or in another organization", async () => {
    expect(await statusAndCode(appToken("app_1srOrx2ZWZBpBUvZwXKQmoEYga2"))).toEqual([401, "authentication_failed"]);
    expect(await statusAndCode(appToken(app.id, { org: "org_1srOrx2ZWZBpBUvZwXKQmoEYga2" }))).toEqual([
      401,
      "authentication_failed",
    ]);
    const { json } = await as(orgToken())("POST", "/app", { name: "a" });
    const token = appToken(json.id);
    expect((await statusAndCode(token))[0]).toBe(200);
    await as(orgToken())("DELETE", `/app/${json.id}`);
    expect((await statusAndCode(token))[0]).toBe(401);
  });

  test("expire-all revokes application JWTs issued before the call, and they stay revoked after a restart", async () => {
    const old = appToken(app.id, { iat: now() - 10 });
    const ageless = appToken(app.id, { iat: undefined });
    expect((await statusAndCode(old))[0]).toBe(200);
    expect((await as(orgToken())("POST", `/auth/app/${app.uid}/expire-all`, { sessionIds: ["x"] })).status).toBe(204);
    expect((await statusAndCode(old))[0]).toBe(200);
    await as(orgToken())("POST", `/auth/app/${app.uid}/expire-all`, {});
    await as(orgToken())("POST", `/auth/app/${app.uid}/expire-all`, { expiry: 600 });
    expect([await statusAndCode(old), await statusAndCode(ageless)]).toEqual([
      [401, "authentication_failed"],
      [401, "authentication_failed"],
    ]);
    await server.restart();
    expect((await statusAndCode(old))[0]).toBe(401);
    expect((await statusAndCode(appToken(app.id, { iat: now() + 5 })))[0]).toBe(200);
  });
});

describe("logging out with a JWT", () => {
  test("logging out revokes only the JWT of the request, even after a restart", async () => {
    const [mine, other] = [orgToken(ORG, { iat: 1 }), orgToken(ORG, { iat: 2 })];
    expect((await as(mine)("POST", "/auth/logout")).status).toBe(204);
    expect([(await statusAndCode(mine))[0], (await statusAndCode(other))[0]]).toEqual([401, 200]);
    await server.restart();
    expect([(await statusAndCode(mine))[0], (await statusAndCode(other))[0]]).toEqual([401, 200]);
  });
});

describe("JWTs of an issuer whose clock differs", () => {
  test("the nbf, exp and iat of a JWT are checked with a leeway of 60 seconds", async () => {
    expect(await statusAndCode(orgToken(ORG, { iat: now() + 50, nbf: now() + 50 }))).toEqual([200, undefined]);
    expect(await statusAndCode(orgToken(ORG, { exp: now() - 30 }))).toEqual([200, undefined]);
  });

  test("a JWT that was used to log out stays revoked during the leeway after its exp", async () => {
    const mine = orgToken(ORG, { exp: now() - 20 });
    expect((await as(mine)("POST", "/auth/logout")).status).toBe(204);
    expect((await statusAndCode(mine))[0]).toBe(401);
    const list = await server.run("token", "list");
    const ends = list.split("\n").filter((line) => line.includes(ORG) && line.includes("revoked"));
    expect(ends.some((line) => Date.parse(/\d{4}-\S+Z(?= +revoked)/.exec(line)?.[0] ?? "") > Date.now())).toBe(true);
  });
});

describe("JWTs with fractional or very large times", () => {
  // JSON text, because a JavaScript number cannot represent all of these values.
  const ends = [
    ["1900000000.1234", "2030-03-17T17:46:40.124Z"],
    ["253402300800", "9999-12-31T23:59:59.999Z"],
    ["9007199254740993000", "9999-12-31T23:59:59.999Z"],
    ["1.7e308", "9999-12-31T23:59:59.999Z"],
  ] as const;
  for (const [exp, shown] of ends) {
    test(`a JWT that expires at ${exp} is valid and can be used to log out`, async () => {
      const mine = rawJwt(`{"sub":"${ORG}","exp":${exp}}`);
      expect(await statusAndCode(mine)).toEqual([200, undefined]);
      const { json } = await as(mine)("GET", "/auth/whoami");
      expect(json.expiresAt).toBe(shown);
      expect((await as(mine)("POST", "/auth/logout")).status).toBe(204);
      expect(await statusAndCode(mine)).toEqual([401, "authentication_failed"]);
    });
  }

  test("a JWT that was used to log out is shown as revoked in the list of tokens", async () => {
    const org = "org_4srOrx2ZWZBpBUvZwXKQmoEYga2";
    await as(rawJwt(`{"sub":"${org}","exp":1e300}`))("POST", "/auth/logout");
    expect(await server.run("token", "list")).toMatch(new RegExp(`${org} .*9999-12-31T23:59:59.999Z +revoked`));
  });

  test("an application's JWT with fractional and very large times can be used to log out", async () => {
    const { json } = await as(orgToken())("POST", "/app", { name: "a" });
    const mine = rawJwt(`{"sub":"${json.id}","org":"${ORG}","iat":1e300,"exp":1900000000.5}`);
    expect(await statusAndCode(mine)).toEqual([200, undefined]);
    expect((await as(mine)("POST", "/auth/logout")).status).toBe(204);
    expect((await statusAndCode(mine))[0]).toBe(401);
  });

  test("the nbf of a JWT may be a fraction, and a request with a JWT whose nbf is in the distant future returns 401", async () => {
    expect(await statusAndCode(rawJwt(`{"sub":"${ORG}","nbf":1700000000.75}`))).toEqual([200, undefined]);
    expect((await statusAndCode(rawJwt(`{"sub":"${ORG}","nbf":1e300}`)))[0]).toBe(401);
  });

  for (const claim of ["exp", "nbf"]) {
    for (const value of ["1e999", '"1900000000"', "null", "[]", "true"]) {
      test(`a request with a JWT whose ${claim} is ${value} returns 401`, async () => {
        expect(await statusAndCode(rawJwt(`{"sub":"${ORG}","${claim}":${value}}`))).toEqual([
          401,
          "authentication_failed",
        ]);
      });
    }
  }

  test("a request with a JWT whose exp is negative returns 401", async () => {
    for (const exp of ["-1", "-0.5", "-1e300"]) {
      expect((await statusAndCode(rawJwt(`{"sub":"${ORG}","exp":${exp}}`)))[0]).toBe(401);
    }
  });
});

describe("invalid JWTs", () => {
  const wrong: [string, () => string, number, string][] = [
    ["that is signed with another secret", () => signJwt({ sub: ORG }, "other"), 401, "authentication_failed"],
    ["that has expired", () => orgToken(ORG, { exp: now() - 61 }), 401, "authentication_failed"],
    ["that is not valid yet", () => orgToken(ORG, { nbf: now() + 600 }), 401, "authentication_failed"],
    ["with the algorithm none", () => signJwt({ sub: ORG }, SECRET, { alg: "none" }), 401, "authentication_failed"],
    ["with the algorithm HS512", () => signJwt({ sub: ORG }, SECRET, { alg: "HS512" }), 401, "authentication_failed"],
    ["without a subject", () => orgToken(ORG, { sub: undefined }), 400, "bad_token"],
    ["with the subject of a user", () => orgToken("user_1"), 400, "bad_token"],
    ["with a subject that is a number", () => orgToken(ORG, { sub: 1 }), 400, "bad_token"],
    ["with a subject of 304 characters", () => orgToken(`org_${"a".repeat(300)}`), 400, "bad_token"],
    ["for an application without an organization", () => orgToken("app_1"), 400, "bad_token"],
    [
      "for an application whose organization is an application",
      () => appToken("app_1", { org: "app_2" }),
      400,
      "bad_token",
    ],
    ["whose text is the JWT secret", () => SECRET, 401, "authentication_failed"],
  ];
  for (const [what, make, status, code] of wrong) {
    test(`a request with a JWT ${what} returns ${status}`, async () => {
      expect(await statusAndCode(make())).toEqual([status, code]);
    });
  }

  test("a request with a JWT returns 401 as soon as the leeway after its exp is over", async () => {
    const token = orgToken(ORG, { exp: now() - 58 });
    expect((await statusAndCode(token))[0]).toBe(200);
    while ((await statusAndCode(token))[0] === 200) await Bun.sleep(100);
    expect(await statusAndCode(token)).toEqual([401, "authentication_failed"]);
  });

  test("a request with a JWT returns 401 if the server has no JWT secret", async () => {
    const other = await startServer();
    try {
      const { status } = await clientOf(other.url)("GET", "/app", undefined, { token: orgToken() });
      expect(status).toBe(401);
    } finally {
      await other.stop();
    }
  });
});

test("a server with a JWT secret still accepts its own tokens", async () => {
  const uid = await makeApplication(send);
  const token = await server.createToken("--app", uid);
  expect((await as(token)("GET", `/app/${uid}`)).status).toBe(200);
});
