import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { type Receiver, startReceiver, withStatus } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

const BEARER = { type: "bearer", token: "bearer-token-of-this-test" };
const BASIC = { type: "basic", user: "ann", password: "pässword-of-this-test" };

let server: TestServer;
let send: Send;
let receiver: Receiver;
let app: string;
beforeAll(async () => {
  receiver = startReceiver();
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
  app = await makeApplication(send);
});
afterAll(async () => {
  await server.stop();
  await receiver[Symbol.asyncDispose]();
});

const pathOf = (endpoint: string) => `/app/${app}/endpoint/${endpoint}`;

/** Sends a message to the only endpoint with this event type, and returns the `Authorization` that arrives. */
async function arriving(eventType: string): Promise<string | null> {
  await attemptsOf(send, app, await sendMessage(send, app, { eventType }));
  return receiver.received.at(-1)!.headers.get("authorization");
}

async function makeOwnEndpoint(auth: object | null): Promise<{ endpoint: string; eventType: string }> {
  const eventType = freshUid("type");
  await send("POST", "/event-type", { name: eventType, description: "" });
  return { endpoint: await makeEndpoint(send, app, receiver.url, { auth, eventTypes: [eventType] }), eventType };
}

const AUTHORIZATIONS = [
  ["bearer", BEARER, "Bearer bearer-token-of-this-test", "token"],
  ["basic", BASIC, `Basic ${Buffer.from(`ann:${BASIC.password}`).toString("base64")}`, "password"],
] as const;

describe.each(AUTHORIZATIONS)("the authentication %s of an endpoint", (type, auth, authorization, secret) => {
  const shown = { ...auth, [secret]: "[set]" };
  const text = (auth as Readonly<Record<string, string>>)[secret]!;

  test(`the authentication ${type} is sent with each delivery and its secret is never shown`, async () => {
    receiver.answering = withStatus(500);
    const { endpoint, eventType } = await makeOwnEndpoint(auth);
    expect(await arriving(eventType)).toBe(authorization);
    const attempts = await send("GET", `/app/${app}/attempt/endpoint/${endpoint}`);
    const attempt = attempts.json.data[0].id;
    const message = attempts.json.data[0].msgId;
    const path = pathOf(endpoint);
    const answers = [
      await send("GET", path),
      await send("PATCH", path, { description: "new" }),
      await send("PUT", path, { url: receiver.url, auth: shown, eventTypes: [eventType] }),
      await send("GET", `/app/${app}/endpoint`),
      await send("GET", `/endpoint?app_id=${app}`),
      attempts,
      await send("GET", `/app/${app}/msg/${message}/attempt/${attempt}`),
      await send("GET", "/audit-log"),
    ];
    for (const answer of answers) {
      expect(answer.status).toBeLessThan(300);
      expect(answer.text).not.toContain(text);
      expect(answer.text).not.toContain(authorization.split(" ")[1]!);
    }
    for (const { json } of answers.slice(0, 3)) expect(json.auth).toEqual(shown);
    expect(await arriving(eventType)).toBe(authorization);
  });

  test(`a PATCH without auth keeps the authentication ${type}, null removes it, and a PUT without auth too`, async () => {
    receiver.answering = withStatus(204);
    const { endpoint, eventType } = await makeOwnEndpoint(auth);
    await send("PATCH", pathOf(endpoint), { description: "x" });
    expect(await arriving(eventType)).toBe(authorization);
    expect((await send("PATCH", pathOf(endpoint), { auth: null })).json.auth).toBeNull();
    expect(await arriving(eventType)).toBeNull();
    expect((await send("PATCH", pathOf(endpoint), { auth })).json.auth).toEqual(shown);
    // Without its event type it would get the messages of the other tests.
    const { json } = await send("PUT", pathOf(endpoint), { url: receiver.url, eventTypes: [eventType] });
    expect(json.auth).toBeNull();
  });

  test(`the secret of the authentication ${type} is not in the stored data`, async () => {
    await makeOwnEndpoint(auth);
    expect(await server.stores(receiver.url)).toBeTrue();
    expect(await server.stores(text)).toBeFalse();
  });
});

describe("an invalid authentication of an endpoint", () => {
  const invalid: [what: string, auth: unknown, loc: string[]][] = [
    ["that is a text", "bearer", []],
    ["that is a list", [], []],
    ["without a type", { token: "t" }, ["type"]],
    ["of an unknown type", { type: "digest", token: "t" }, ["type"]],
    ["of a type with the name of a property of objects", { type: "constructor" }, ["type"]],
    ["of type null", { type: null }, ["type"]],
    ["without a token", { type: "bearer" }, ["token"]],
    ["with the token null", { type: "bearer", token: null }, ["token"]],
    ["with an empty token", { type: "bearer", token: "" }, ["token"]],
    ["with a number as token", { type: "bearer", token: 5 }, ["token"]],
    ["with a line break in the token", { type: "bearer", token: "a\r\nx: y" }, ["token"]],
    ["with a space in the token", { type: "bearer", token: "a b" }, ["token"]],
    ["with a letter outside ASCII in the token", { type: "bearer", token: "é" }, ["token"]],
    ["with a huge token", { type: "bearer", token: "a".repeat(5000) }, ["token"]],
    ["with a field of another type", { ...BEARER, password: "x" }, ["password"]],
    ["without a password", { type: "basic", user: "ann" }, ["password"]],
    ["with an empty user", { ...BASIC, user: "" }, ["user"]],
    ["with a colon in the user", { ...BASIC, user: "a:b" }, ["user"]],
    ["with a line break in the password", { ...BASIC, password: "a\nb" }, ["password"]],
    ["with a lone surrogate in the password", { ...BASIC, password: "\ud800" }, ["password"]],
    ["with the mark of a secret that is not stored", { ...BEARER, token: "[set]" }, ["token"]],
  ];
  test.each(invalid)("an authentication %s is refused at the field, and changes nothing", async (_, auth, loc) => {
    const { endpoint } = await makeOwnEndpoint(BASIC);
    const before = (await send("GET", pathOf(endpoint))).json;
    const sent = [
      await send("POST", `/app/${app}/endpoint`, { url: receiver.url, auth }),
      await send("PUT", pathOf(endpoint), { url: receiver.url, auth }),
      await send("PATCH", pathOf(endpoint), { auth }),
    ];
    for (const { status, json } of sent) {
      expect([status, json.detail[0].loc]).toEqual([422, ["body", "auth", ...loc]]);
    }
    expect((await send("GET", pathOf(endpoint))).json).toEqual(before);
  });

  test("an undeclared field of the authentication is named in boathook-ignored", async () => {
    const { headers, status } = await send("POST", `/app/${app}/endpoint`, {
      url: receiver.url,
      auth: { ...BEARER, tokn: "x" },
    });
    expect([status, headers.get("boathook-ignored")]).toEqual([201, "auth.tokn"]);
  });
});

describe("an authentication next to another Authorization", () => {
  const withUser = () => receiver.url.replace("://", "://user:word@");
  const headers = { AUTHORIZATION: "x" };

  test("an endpoint is refused if it has an authentication and an authorization header or a user in its URL", async () => {
    for (const fields of [{ url: receiver.url, headers }, { url: withUser() }]) {
      const { status, json } = await send("POST", `/app/${app}/endpoint`, { ...fields, auth: BEARER });
      expect([status, json.detail[0].loc]).toEqual([422, ["body", "auth"]]);
    }
  });

  test("an authorization header or a user in the URL is refused for an endpoint with an authentication", async () => {
    const { endpoint } = await makeOwnEndpoint(BEARER);
    const path = pathOf(endpoint);
    const refused = [
      [await send("PUT", `${path}/headers`, { headers }), "headers"],
      [await send("PATCH", `${path}/headers`, { headers }), "headers"],
      [await send("PATCH", path, { url: withUser() }), "url"],
    ] as const;
    for (const [{ status, json }, field] of refused) {
      expect([status, json.detail[0].loc]).toEqual([422, ["body", field]]);
    }
    expect((await send("PUT", `${path}/headers`, { headers: { "x-other": "1" } })).status).toBe(204);
    expect((await send("PUT", path, { url: withUser() })).status).toBe(200);
  });

  test("an authentication is refused for an endpoint with an authorization header", async () => {
    const { endpoint } = await makeOwnEndpoint(null);
    await send("PUT", `${pathOf(endpoint)}/headers`, { headers });
    const { status, json } = await send("PATCH", pathOf(endpoint), { auth: BEARER });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "auth"]]);
  });
});
