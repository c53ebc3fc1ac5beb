import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { selfSigned } from "../support/certificate.ts";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { startTokenServer, type TokenServer } from "../support/token-server.ts";

const one = selfSigned("one.example");
const two = selfSigned("two.example");

let server: TestServer;
let send: Send;
let receiver: Receiver;
let tokens: TokenServer;
let app: string;
beforeAll(async () => {
  receiver = startReceiver();
  tokens = startTokenServer();
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
  app = await makeApplication(send);
});
afterAll(async () => {
  await server.stop();
  await receiver[Symbol.asyncDispose]();
  await tokens[Symbol.asyncDispose]();
});

async function pathOfNew(url = receiver.url, fields: object = {}): Promise<string> {
  return `/app/${app}/endpoint/${await makeEndpoint(send, app, url, fields)}`;
}

const configOf = (fields: object = {}) => ({
  ...{ grantType: "clientCredentials", authMethod: "clientSecretBasic", clientId: "c", clientSecret: "s3cret" },
  ...{ tokenUrl: tokens.tokenUrl, scopes: ["a", "b"], extraParams: { audience: "x" } },
  ...fields,
});

describe("the OAuth operations of an endpoint", () => {
  test("an OAuth client is set, shown without its secret, used, and removed", async () => {
    const own = await makeApplication(send);
    const path = `/app/${own}/endpoint/${await makeEndpoint(send, own, receiver.url)}`;
    expect((await send("GET", `${path}/oauth`)).status).toBe(404);
    expect((await send("GET", `${path}/oauth-config`)).json).toEqual({ enabled: false, config: null });

    expect((await send("PUT", `${path}/oauth`, configOf())).status).toBe(204);
    const { clientSecret: _, ...shown } = configOf({ extraHeaders: null });
    const [config, enabled] = [await send("GET", `${path}/oauth`), await send("GET", `${path}/oauth-config`)];
    expect(config.json).toEqual(shown);
    expect(enabled.json).toEqual({ enabled: true, config: shown });
    for (const { text } of [config, enabled]) expect(text).not.toContain("s3cret");
    expect((await send("GET", path)).json.auth).toEqual({
      ...{ type: "oauth2", tokenUrl: tokens.tokenUrl, clientId: "c", clientSecret: "[set]" },
      ...{ scope: "a b", clientAuth: "basic", extraParams: { audience: "x" } },
    });
    await attemptsOf(send, own, await sendMessage(send, own));
    expect(receiver.received.at(-1)!.headers.get("authorization")).toStartWith("Bearer token-");
    expect(Object.fromEntries(tokens.requests.at(-1)!.form)).toMatchObject({ scope: "a b", audience: "x" });

    for (let i = 0; i < 2; i++) expect((await send("DELETE", `${path}/oauth`)).status).toBe(204);
    expect((await send("GET", path)).json.auth).toBeNull();
  });

  test("a PUT without a secret keeps the stored one for the same token endpoint", async () => {
    const path = await pathOfNew();
    const without = configOf({ clientSecret: undefined, authMethod: "clientSecretPost" });
    const missing = await send("PUT", `${path}/oauth`, without);
    expect([missing.status, missing.json.detail[0].loc]).toEqual([422, ["body", "clientSecret"]]);
    await send("PUT", `${path}/oauth`, configOf());
    expect((await send("PUT", `${path}/oauth`, without)).status).toBe(204);
    const moved = await send("PUT", `${path}/oauth`, { ...without, tokenUrl: "https://other.example/" });
    expect(moved.status).toBe(422);
  });

  test.each([
    ["RS256", "rsa"],
    ["ES256", "ec"],
  ] as const)(
    "a client that signs its assertions with %s is set with a key in PEM or DER",
    async (signingAlgorithm, type) => {
      const { privateKey } =
        type === "rsa"
          ? generateKeyPairSync("rsa", { modulusLength: 2048 })
          : generateKeyPairSync("ec", { namedCurve: "P-256" });
      const forms = [
        Buffer.from(privateKey.export({ type: "pkcs8", format: "pem" }) as string),
        privateKey.export({ type: "pkcs8", format: "der" }),
      ];
      for (const bytes of forms) {
        const path = await pathOfNew();
        const jwtParams = {
          secretBase64: bytes.toString("base64"),
          signingAlgorithm,
          secretId: "k",
          tokenExpirySecs: 60,
        };
        const config = configOf({ authMethod: "privateKeyJwt", clientSecret: undefined, jwtParams });
        expect((await send("PUT", `${path}/oauth`, config)).status).toBe(204);
        const { auth } = (await send("GET", path)).json;
        expect(auth).toMatchObject({
          clientAuth: "privateKeyJwt",
          clientSecret: "[set]",
          keyId: "k",
          assertionSeconds: 60,
        });
        expect((await send("GET", `${path}/oauth`)).json.authMethod).toBe("privateKeyJwt");
        const other = { ...jwtParams, signingAlgorithm: signingAlgorithm === "RS256" ? "ES256" : "RS256" };
        const refused = await send("PUT", `${path}/oauth`, { ...config, jwtParams: other });
        expect([refused.status, refused.json.detail[0].loc]).toEqual([422, ["body", "jwtParams", "secretBase64"]]);
      }
    },
  );

  test.each([
    [{ grantType: "refreshToken" }, ["grantType"]],
    [{ grantType: "password" }, ["grantType"]],
    [{ authMethod: "none" }, ["authMethod"]],
    [{ tokenUrl: "x" }, ["tokenUrl"]],
    [{ clientId: "" }, ["clientId"]],
    [{ scopes: "a" }, ["scopes"]],
    [{ scopes: ['a"'] }, ["scope"]],
    [{ extraHeaders: { Host: "x" } }, ["extraHeaders"]],
  ])("the configuration %j is refused at its field", async (fields, loc) => {
    const { status, json } = await send("PUT", `${await pathOfNew()}/oauth`, configOf(fields));
    expect([status, json.detail[0].loc]).toEqual([422, ["body", ...loc]]);
  });

  test("an endpoint that authenticates in another way is a conflict", async () => {
    const path = await pathOfNew(receiver.url, { auth: { type: "bearer", token: "t" } });
    expect((await send("PUT", `${path}/oauth`, configOf())).status).toBe(409);
    expect((await send("DELETE", `${path}/oauth`)).status).toBe(204);
    expect((await send("GET", path)).json.auth).toEqual({ type: "bearer", token: "[set]" });
  });
});

describe("the certificate operations of an endpoint", () => {
  const HTTPS = "https://hook.example/";

  test("a client certificate is set, shown without its key, and removed, and the CA stays", async () => {
    const path = await pathOfNew(HTTPS);
    expect((await send("GET", `${path}/mtls`)).status).toBe(404);
    expect((await send("GET", `${path}/mtls-config`)).json).toEqual({ enabled: false, config: null });
    expect((await send("PUT", `${path}/ca`, { cert: two.cert })).status).toBe(204);
    expect((await send("PUT", `${path}/mtls`, { identity: one.key + one.cert })).status).toBe(204);
    const config = { certificate: one.cert.trim() };
    const answers = [await send("GET", `${path}/mtls`), await send("GET", `${path}/mtls-config`)];
    expect(answers.map(({ json }) => json)).toEqual([config, { enabled: true, config }]);
    for (const { text } of answers) expect(text).not.toContain("PRIVATE KEY");
    expect((await send("GET", path)).json).toMatchObject({
      auth: { type: "mtls", ...config, key: "[set]" },
      tls: { ca: two.cert },
    });
    for (let i = 0; i < 2; i++) expect((await send("DELETE", `${path}/mtls`)).status).toBe(204);
    expect((await send("GET", path)).json).toMatchObject({ auth: null, tls: { ca: two.cert } });
  });

  test("a CA in the client certificate's settings is shown, kept with it, and replaced", async () => {
    const auth = { type: "mtls", certificate: one.cert, key: one.key, ca: two.cert };
    const path = await pathOfNew(HTTPS, { auth });
    expect((await send("GET", `${path}/ca`)).json).toEqual({ cert: two.cert });
    await send("PUT", `${path}/mtls`, { identity: two.cert + two.key });
    expect((await send("GET", path)).json.auth.ca).toBe(two.cert);
    expect((await send("PUT", `${path}/ca`, { cert: one.cert })).status).toBe(204);
    expect((await send("GET", `${path}/ca`)).json).toEqual({ cert: one.cert });
    expect((await send("PUT", `${path}/ca`, { cert: null })).status).toBe(204);
    expect((await send("GET", `${path}/ca`)).json).toEqual({ cert: null });
    await send("PATCH", path, { auth });
    await send("DELETE", `${path}/mtls`);
    expect((await send("GET", path)).json).toMatchObject({ auth: null, tls: { ca: two.cert } });
  });

  test.each([
    ["mtls", { identity: "" }, "identity"],
    ["mtls", { identity: one.cert }, "identity"],
    ["mtls", { identity: one.key }, "identity"],
    ["mtls", { identity: one.key + two.cert }, "identity"],
    ["mtls", { identity: one.key + two.key + one.cert }, "identity"],
    ["mtls", { identity: null }, "identity"],
    ["ca", { cert: "x" }, "cert"],
    ["ca", { cert: selfSigned("old", 2021).cert }, "cert"],
    ["ca", { cert: 5 }, "cert"],
  ])("PUT %s refuses an invalid value at its field", async (name, body, field) => {
    const { status, json, text } = await send("PUT", `${await pathOfNew(HTTPS)}/${name}`, body);
    expect([status, json.detail[0].loc]).toEqual([422, ["body", field]]);
    expect(text).not.toContain(one.key.split("\n")[1]);
  });
});
