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

/** As the Svix server makes them for an organisation. */
const orgToken = (org = ORG, claims: object = {}) =>
  signJwt({ iat: now(), nbf: now(), exp: now() + 600, iss: "svix-server", sub: org, ...claims }, SECRET);
/** As the Svix server makes them for the portal of an application. */
const appToken = (app: unknown, claims: object = {}) => orgToken(String(app), { sub: app, org: ORG, ...claims });

/** The claims are sent as they are written. */
const rawJwt = (claims: string) => signJwtText(claims, SECRET);

const as =
  (token: string): Send =>
  (method, path, body, options) =>
    send(method, path, body, { ...options, token });

async function answer(token: string): Promise<[number, string | undefined]> {
  const { status, json } = await send("GET", "/event-type", undefined, { token });
  return [status, json.code];
}

describe("a JWT of an organisation", () => {
  test("opens an environment of its own that needs no creation, the same each time and over a restart", async () => {
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

  test("makes one environment, also when the first calls come at the same time", async () => {
    const org = "org_3srOrx2ZWZBpBUvZwXKQmoEYga2";
    const mine = as(orgToken(org));
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => mine("POST", "/app", { name: "a", uid: `a${i}` })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect((await mine("GET", "/app")).json.data).toHaveLength(10);
  });

  test("opens an environment that was made here by its id", async () => {
    const { json } = await send("POST", "/management/environment", { name: freshUid("env"), type: "production" });
    await send("POST", "/app", { name: "a", uid: "known" }, { headers: { "boathook-environment": json.id } });
    expect((await as(orgToken(json.id))("GET", "/app/known")).status).toBe(200);
  });

  test("does not manage environments, and its environment keeps its name", async () => {
    expect((await as(orgToken())("GET", "/management/environment")).status).toBe(403);
    expect(await answer(orgToken())).toEqual([200, undefined]);
    expect((await send("PUT", `/management/environment/${ORG}`, { name: "other" })).status).toBe(409);
  });

  test("may name its environment as the Terraform provider does, and no other", async () => {
    expect(await answer(`${orgToken()}|${ORG}`)).toEqual([200, undefined]);
    expect(await answer(`${orgToken()}|default`)).toEqual([404, "not_found"]);
  });
});

describe("a JWT of an application", () => {
  let app: { id: string; uid: string };
  beforeAll(async () => {
    app = (await as(orgToken())("POST", "/app", { name: "a", uid: freshUid("app") })).json;
    await as(orgToken())("POST", "/app", { name: "other", uid: "other" });
    await as(orgToken())("POST", "/event-type", { name: "flagged", description: "", featureFlag: "beta" });
  });

  test("has the rights of an application's token", async () => {
    const mine = as(appToken(app.id));
    expect((await mine("GET", `/app/${app.uid}`)).json.id).toBe(app.id);
    expect((await mine("POST", `/app/${app.id}/endpoint`, { url: "https://example.com" })).status).toBe(201);
    expect((await mine("GET", "/app/other")).status).toBe(404);
    expect((await mine("GET", "/app")).status).toBe(403);
    expect((await mine("POST", `/app/${app.id}/msg`, {})).status).toBe(403);
  });

  test("sees the event types of its flags", async () => {
    expect((await as(appToken(app.id))("GET", "/event-type/flagged")).status).toBe(404);
    expect((await as(appToken(app.id, { feature_flags: ["beta"] }))("GET", "/event-type/flagged")).status).toBe(200);
    expect((await as(appToken(app.id, { feature_flags: "beta" }))("GET", "/event-type/flagged")).status).toBe(404);
  });

  test("is of no use without its application, or with that of another organisation", async () => {
    expect(await answer(appToken("app_1srOrx2ZWZBpBUvZwXKQmoEYga2"))).toEqual([401, "authentication_failed"]);
    expect(await answer(appToken(app.id, { org: "org_1srOrx2ZWZBpBUvZwXKQmoEYga2" }))).toEqual([
      401,
      "authentication_failed",
    ]);
    const { json } = await as(orgToken())("POST", "/app", { name: "a" });
    const token = appToken(json.id);
    expect((await answer(token))[0]).toBe(200);
    await as(orgToken())("DELETE", `/app/${json.id}`);
    expect((await answer(token))[0]).toBe(401);
  });

  test("ends with expire-all when it was issued before, over a restart", async () => {
    const old = appToken(app.id, { iat: now() - 10 });
    const ageless = appToken(app.id, { iat: undefined });
    expect((await answer(old))[0]).toBe(200);
    expect((await as(orgToken())("POST", `/auth/app/${app.uid}/expire-all`, { sessionIds: ["x"] })).status).toBe(204);
    expect((await answer(old))[0]).toBe(200);
    await as(orgToken())("POST", `/auth/app/${app.uid}/expire-all`, {});
    await as(orgToken())("POST", `/auth/app/${app.uid}/expire-all`, { expiry: 600 });
    expect([await answer(old), await answer(ageless)]).toEqual([
      [401, "authentication_failed"],
      [401, "authentication_failed"],
    ]);
    await server.restart();
    expect((await answer(old))[0]).toBe(401);
    expect((await answer(appToken(app.id, { iat: now() + 5 })))[0]).toBe(200);
  });
});

describe("a JWT that was logged out", () => {
  test("is of no use any more, over a restart, and others are", async () => {
    const [mine, other] = [orgToken(ORG, { iat: 1 }), orgToken(ORG, { iat: 2 })];
    expect((await as(mine)("POST", "/auth/logout")).status).toBe(204);
    expect([(await answer(mine))[0], (await answer(other))[0]]).toEqual([401, 200]);
    await server.restart();
    expect([(await answer(mine))[0], (await answer(other))[0]]).toEqual([401, 200]);
  });
});

describe("a JWT whose times are no whole numbers, or enormous ones", () => {
  // As text: what a number cannot hold would not be sent otherwise.
  const ends = [
    ["1900000000.1234", "2030-03-17T17:46:40.124Z"],
    ["253402300800", "9999-12-31T23:59:59.999Z"],
    ["9007199254740993000", "9999-12-31T23:59:59.999Z"],
    ["1.7e308", "9999-12-31T23:59:59.999Z"],
  ] as const;
  for (const [exp, shown] of ends) {
    test(`is good until ${exp}, and can be logged out for ever`, async () => {
      const mine = rawJwt(`{"sub":"${ORG}","exp":${exp}}`);
      expect(await answer(mine)).toEqual([200, undefined]);
      const { json } = await as(mine)("GET", "/auth/whoami");
      expect(json.expiresAt).toBe(shown);
      expect((await as(mine)("POST", "/auth/logout")).status).toBe(204);
      expect(await answer(mine)).toEqual([401, "authentication_failed"]);
    });
  }

  test("stands in the list of tokens when it has been logged out", async () => {
    const org = "org_4srOrx2ZWZBpBUvZwXKQmoEYga2";
    await as(rawJwt(`{"sub":"${org}","exp":1e300}`))("POST", "/auth/logout");
    expect(await server.run("token", "list")).toMatch(new RegExp(`${org} .*9999-12-31T23:59:59.999Z +revoked`));
  });

  test("of an application can be logged out as well", async () => {
    const { json } = await as(orgToken())("POST", "/app", { name: "a" });
    const mine = rawJwt(`{"sub":"${json.id}","org":"${ORG}","iat":1e300,"exp":1900000000.5}`);
    expect(await answer(mine)).toEqual([200, undefined]);
    expect((await as(mine)("POST", "/auth/logout")).status).toBe(204);
    expect((await answer(mine))[0]).toBe(401);
  });

  test("may begin at a fraction of a second", async () => {
    expect(await answer(rawJwt(`{"sub":"${ORG}","nbf":1700000000.75}`))).toEqual([200, undefined]);
    expect((await answer(rawJwt(`{"sub":"${ORG}","nbf":1e300}`)))[0]).toBe(401);
  });

  for (const claim of ["exp", "nbf"]) {
    for (const value of ["1e999", '"1900000000"', "null", "[]", "true"]) {
      test(`is refused with the ${claim} ${value}`, async () => {
        expect(await answer(rawJwt(`{"sub":"${ORG}","${claim}":${value}}`))).toEqual([401, "authentication_failed"]);
      });
    }
  }

  test("is refused with a negative end", async () => {
    for (const exp of ["-1", "-0.5", "-1e300"]) {
      expect((await answer(rawJwt(`{"sub":"${ORG}","exp":${exp}}`)))[0]).toBe(401);
    }
  });
});

describe("a JWT is refused", () => {
  const wrong: [string, () => string, number, string][] = [
    ["of another secret", () => signJwt({ sub: ORG }, "other"), 401, "authentication_failed"],
    ["that has expired", () => orgToken(ORG, { exp: now() - 1 }), 401, "authentication_failed"],
    ["that is not valid yet", () => orgToken(ORG, { nbf: now() + 600 }), 401, "authentication_failed"],
    ["without an algorithm", () => signJwt({ sub: ORG }, SECRET, { alg: "none" }), 401, "authentication_failed"],
    ["with another algorithm", () => signJwt({ sub: ORG }, SECRET, { alg: "HS512" }), 401, "authentication_failed"],
    ["without a subject", () => orgToken(ORG, { sub: undefined }), 400, "bad_token"],
    ["whose subject is neither", () => orgToken("user_1"), 400, "bad_token"],
    ["whose subject is no text", () => orgToken(ORG, { sub: 1 }), 400, "bad_token"],
    ["whose subject is much too long", () => orgToken(`org_${"a".repeat(300)}`), 400, "bad_token"],
    ["of an application without an organisation", () => orgToken("app_1"), 400, "bad_token"],
    ["of an application in an application", () => appToken("app_1", { org: "app_2" }), 400, "bad_token"],
    ["that is the secret", () => SECRET, 401, "authentication_failed"],
  ];
  for (const [what, make, status, code] of wrong) {
    test(what, async () => {
      expect(await answer(make())).toEqual([status, code]);
    });
  }

  test("as soon as it has expired, although it was good before", async () => {
    const token = orgToken(ORG, { exp: now() + 2 });
    expect((await answer(token))[0]).toBe(200);
    while ((await answer(token))[0] === 200) await Bun.sleep(100);
    expect(await answer(token)).toEqual([401, "authentication_failed"]);
  });

  test("by a server that has no secret for it", async () => {
    const other = await startServer();
    try {
      const { status } = await clientOf(other.url)("GET", "/app", undefined, { token: orgToken() });
      expect(status).toBe(401);
    } finally {
      await other.stop();
    }
  });
});

test("other tokens work as before", async () => {
  const uid = await makeApplication(send);
  const token = await server.createToken("--app", uid);
  expect((await as(token)("GET", `/app/${uid}`)).status).toBe(200);
});
