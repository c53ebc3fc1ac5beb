import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { checkAccess } from "../../src/api/identity/access.ts";
import { Problem } from "../../src/core/problem.ts";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { signJwt, signJwtText } from "../support/jwt.ts";
import { allOperations } from "../support/operations.ts";
import { startServer, type TestServer } from "../support/server.ts";

const JWT_SECRET = "secret-of-the-tests";

let server: TestServer;
let send: Send;
let app: string;
beforeAll(async () => {
  server = await startServer([], { BOATHOOK_JWT_SECRET: JWT_SECRET });
  send = clientOf(server.url);
  app = await makeApplication(send);
});
afterAll(() => server.stop());

async function whoami(token?: string) {
  const { status, json } = await send("GET", "/auth/whoami", undefined, token === undefined ? {} : { token });
  expect(status).toBe(200);
  return json;
}

async function access(sent: object): Promise<string> {
  return (await send("POST", `/auth/app-portal-access/${app}`, sent)).json.token;
}

const shown = allOperations().filter(({ hidden }) => !hidden);
const reading = (id: string) => shown.find((operation) => operation.id === id)!.method === "GET";

describe("whoami", () => {
  test("whoami returns every operation for the root token", async () => {
    expect(await whoami()).toEqual({
      envId: expect.stringMatching(/^org_/),
      appId: null,
      appUid: null,
      appName: null,
      permissionSource: "GlobalAuthToken",
      sessionId: null,
      payloadVersions: null,
      readOnly: false,
      expiresAt: null,
      operations: shown.map(({ id }) => id),
    });
  });

  test("whoami returns the application, expiry and operations of an application token", async () => {
    const body = await whoami(await access({ expiry: 3600, sessionId: "user_1" }));
    const { id } = (await send("GET", `/app/${app}`)).json;
    expect(body).toMatchObject({ appId: id, appUid: app, appName: app, sessionId: "user_1" });
    expect(body.permissionSource).toBe("RegionalAuthToken");
    expect(Math.abs(Date.parse(body.expiresAt) - Date.now() - 3_600_000)).toBeLessThan(60_000);
    for (const may of ["v1.endpoint.create", "v1.endpoint.get-secret", "v1.message-attempt.resend"]) {
      expect(body.operations).toContain(may);
    }
    for (const mayNot of ["v1.application.list", "v1.message.create", "v1.event-type.create"]) {
      expect(body.operations).not.toContain(mayNot);
    }
  });

  test("whoami returns only read operations and logout for a read-only token", async () => {
    const { operations } = await whoami(await access({ capabilities: ["ViewBase"] }));
    expect(operations).toContain("v1.endpoint.list");
    expect(operations).not.toContain("v1.endpoint.get-secret");
    const own = operations.filter((id: string) => /^v1\.(application|endpoint|message-attempt)\./.test(id));
    expect(own.filter((id: string) => !reading(id))).toEqual([]);
    expect(operations).toContain("v1.authentication.logout");
  });

  test("whoami accepts a token with any scopes and returns only the operations that the scopes allow", async () => {
    const path = "/management/authentication/default/api-token";
    const { token } = (await send("POST", path, { name: "t", scopes: ["endpoint:Read", "authentication:Write"] })).json;
    const { operations } = await whoami(token);
    expect(operations).toContain("v1.endpoint.list");
    expect(operations).not.toContain("v1.endpoint.create");
    expect(operations).not.toContain("v1.event-type.list");

    const portal = await send("POST", `/auth/app-portal-access/${app}`, {}, { token });
    const held = (await whoami(portal.json.token)).operations;
    expect(held).toContain("v1.endpoint.get-secret");
    expect(held).not.toContain("v1.endpoint.patch");
    expect(held).not.toContain("v1.message.list");
  });

  test("whoami accepts JWTs, including one with a very large exp", async () => {
    const { envId } = await whoami();
    const { id } = (await send("GET", `/app/${app}`)).json;
    const claims = { sub: id, org: envId, exp: 4_000_000_000 };
    expect(await whoami(signJwt(claims, JWT_SECRET))).toMatchObject({
      appId: id,
      permissionSource: "SvixJwt",
      expiresAt: "2096-10-02T07:06:40.000Z",
    });
    const endless = `{"sub":"${id}","org":"${envId}","exp":1e300}`;
    expect((await whoami(signJwtText(endless, JWT_SECRET))).expiresAt).toStartWith("9999-12-31");
  });

  test("whoami returns exactly the operations that the token may call", async () => {
    const { operations } = await whoami(await access({ capabilities: ["ViewBase", "CreateAttempts"] }));
    const identity = {
      caller: "",
      credential: { kind: "none" },
      environmentSeq: 1,
      applicationSeq: 1,
      capabilities: ["ViewBase", "CreateAttempts"],
      scopes: null,
      featureFlags: null,
      root: false,
      readOnly: false,
    } as const;
    for (const operation of shown) {
      const refused = () => checkAccess(operation, identity);
      if (operations.includes(operation.id)) refused();
      else expect(refused).toThrow(Problem);
    }
  });

  test("whoami returns 401 without a valid token", async () => {
    expect((await send("GET", "/auth/whoami", undefined, { token: null })).status).toBe(401);
    expect((await send("GET", "/auth/whoami", undefined, { token: "wrong" })).status).toBe(401);
  });
});
