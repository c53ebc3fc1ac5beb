import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { type AttemptOut, attemptsOf, makeEndpoint, sendMessage, sendMessages } from "../support/delivery.ts";
import { ok, type Receiver, startReceiver, withStatus } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { CLIENT_SECRET, issues, startTokenServer, type TokenServer } from "../support/token-server.ts";

let server: TestServer;
let send: Send;
let receiver: Receiver;
let tokens: TokenServer;
let app: string;
beforeAll(async () => {
  server = await startServer(["--retry-schedule=", "--log-level=debug"]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());
beforeEach(async () => {
  receiver = startReceiver();
  tokens = startTokenServer();
  app = await makeApplication(send);
});
afterEach(async () => {
  await receiver[Symbol.asyncDispose]();
  await tokens[Symbol.asyncDispose]();
});

async function deliver(): Promise<AttemptOut> {
  const [attempt] = await attemptsOf(send, app, await sendMessage(send, app));
  return attempt!;
}

const authorizations = () => receiver.received.map(({ headers }) => headers.get("authorization"));

/** Responds with 401 unless the request carries one of these tokens. */
function accepts(...valid: string[]) {
  receiver.answering = ({ headers }) =>
    new Response(null, { status: valid.includes(headers.get("authorization") ?? "") ? 204 : 401 });
}

describe("an endpoint with an OAuth 2.0 client", () => {
  test("deliveries carry an access token, which is fetched once and reused", async () => {
    await makeEndpoint(send, app, receiver.url, { auth: tokens.auth({ clientId: "c", scope: "a b" }) });
    for (let i = 0; i < 3; i++) expect((await deliver()).reason).toBeNull();
    expect(authorizations()).toEqual(["Bearer token-1", "Bearer token-1", "Bearer token-1"]);
    expect(tokens.requests).toHaveLength(1);
    expect(Object.fromEntries(tokens.requests[0]!.form)).toEqual({ grant_type: "client_credentials", scope: "a b" });
    expect(tokens.requests[0]!.authorization).toBe(`Basic ${btoa(`c:${CLIENT_SECRET}`)}`);
  });

  test("concurrent deliveries share one request for a token", async () => {
    tokens.answering = issues({ expires_in: 0 });
    await makeEndpoint(send, app, receiver.url, { auth: tokens.auth(), concurrency: 10 });
    // When its deliveries have arrived, those of the other endpoint have begun.
    await makeEndpoint(send, app, receiver.url, { concurrency: 10 });
    // An endpoint gets several slots once it has responded.
    await attemptsOf(send, app, await sendMessage(send, app), 2);
    const { promise: isOpen, resolve: open } = Promise.withResolvers<void>();
    tokens.answering = async (nth) => {
      await isOpen;
      return issues()(nth);
    };
    const messages = await sendMessages(send, app, 10);
    await receiver.arrived(12);
    open();
    await receiver.arrived(22);
    for (const message of messages) await attemptsOf(send, app, message, 2);
    expect(tokens.requests).toHaveLength(2);
  });

  test("a token is renewed 30 s before it expires, so one that is valid for 30 s is used once", async () => {
    tokens.answering = issues({ expires_in: 30 });
    await makeEndpoint(send, app, receiver.url, { auth: tokens.auth() });
    await deliver();
    await deliver();
    expect(authorizations()).toEqual(["Bearer token-1", "Bearer token-2"]);
  });

  test("a 401 of the receiver drops the token, and the same attempt tries once more with a new one", async () => {
    await makeEndpoint(send, app, receiver.url, { auth: tokens.auth() });
    await deliver();
    accepts("Bearer token-2");
    expect((await deliver()).reason).toBeNull();
    expect(authorizations()).toEqual(["Bearer token-1", "Bearer token-1", "Bearer token-2"]);
  });

  test("a receiver that always responds with 401 gets two requests per attempt, which fails with 401", async () => {
    receiver.answering = withStatus(401);
    await makeEndpoint(send, app, receiver.url, { auth: tokens.auth() });
    expect(await deliver()).toMatchObject({ reason: "status_4xx", responseStatusCode: 401 });
    expect(authorizations()).toEqual(["Bearer token-1", "Bearer token-2"]);
    expect(tokens.requests).toHaveLength(2);
  });

  test("the message's own authorization header is sent instead of the token", async () => {
    const transformationsParams = { headers: { authorization: "own" } };
    await makeEndpoint(send, app, receiver.url, { auth: tokens.auth() });
    await attemptsOf(send, app, await sendMessage(send, app, { transformationsParams }));
    expect(authorizations()).toEqual(["own"]);
  });

  test("the secret can be sent in the form", async () => {
    await makeEndpoint(send, app, receiver.url, { auth: tokens.auth({ clientId: "c", clientAuth: "body" }) });
    await deliver();
    expect(tokens.requests[0]!.authorization).toBeNull();
    expect(Object.fromEntries(tokens.requests[0]!.form)).toMatchObject({
      client_id: "c",
      client_secret: CLIENT_SECRET,
    });
  });

  test("the secret is shown as [set], and sending that back keeps it for the same token endpoint only", async () => {
    const auth = tokens.auth();
    const shown = { ...auth, clientSecret: "[set]" };
    const path = `/app/${app}/endpoint/${await makeEndpoint(send, app, receiver.url, { auth })}`;
    expect((await send("GET", path)).json.auth).toEqual(shown);
    const changed = { ...shown, scope: "c" };
    expect((await send("PATCH", path, { auth: changed })).json.auth).toEqual(changed);
    await deliver();
    expect(tokens.requests[0]!.authorization).toEndWith(btoa(`${auth.clientId}:${CLIENT_SECRET}`));
    const elsewhere = await send("PATCH", path, { auth: { ...shown, tokenUrl: "https://other.example/token" } });
    expect([elsewhere.status, elsewhere.json.detail[0].loc]).toEqual([422, ["body", "auth", "clientSecret"]]);
  });
});

describe("a token endpoint that fails", () => {
  const failures: [what: string, answering: (nth: number) => Response, detail: string][] = [
    ["responds with 500", () => new Response("text of the server", { status: 500 }), "responded with 500."],
    ["refuses the client", () => Response.json({ error: "invalid_client" }, { status: 401 }), "401 (invalid_client)."],
    ["redirects", () => Response.redirect("http://127.0.0.1:1/"), "Redirects are not followed."],
    ["sends a web page", () => new Response("text of the server"), "is not a JSON object."],
    ["sends 1 MB", () => Response.json({ access_token: "t", text: "x".repeat(1e6) }), "is too large."],
    ["sends a token with a line break", issues({ access_token: "a\nb" }), "contains no valid access_token."],
  ];
  test.each(failures)(
    "an attempt fails with the reason auth if the token endpoint %s",
    async (_, answering, detail) => {
      tokens.answering = answering;
      const endpoint = await makeEndpoint(send, app, receiver.url, { auth: tokens.auth() });
      const attempt = await deliver();
      expect(attempt).toMatchObject({ reason: "auth", responseStatusCode: 0 });
      expect(attempt.response).toEndWith(detail);
      const { text } = await send("GET", `/app/${app}/attempt/endpoint/${endpoint}`);
      for (const hidden of ["text of the server", CLIENT_SECRET]) expect(text).not.toContain(hidden);
      expect(receiver.received).toHaveLength(0);
      tokens.answering = issues();
      expect((await deliver()).reason).toBeNull();
    },
  );

  test("an attempt fails with the reason auth within its timeout if the token endpoint hangs", async () => {
    tokens.answering = () => new Promise(() => {});
    await makeEndpoint(send, app, receiver.url, { auth: tokens.auth(), timeoutMs: 200 });
    expect(await deliver()).toMatchObject({
      reason: "auth",
      response: "The token endpoint did not respond in time.",
    });
    tokens.answering = issues();
    expect((await deliver()).reason).toBeNull();
  });

  test.each([
    ["is not reachable", "http://127.0.0.1:1/token", "Token endpoint: The connection was refused."],
    ["has a private address", "http://10.1.2.3/token", "Token endpoint: The address 10.1.2.3 is not public."],
  ])("an attempt fails with the reason auth if the token endpoint %s", async (_, tokenUrl, detail) => {
    await makeEndpoint(send, app, receiver.url, { auth: tokens.auth({ tokenUrl }) });
    const attempt = await deliver();
    expect(attempt.reason).toBe("auth");
    expect(attempt.response).toStartWith(detail);
  });

  test("an attempt fails with the reason auth if a token cannot be renewed after a 401", async () => {
    receiver.answering = withStatus(401);
    tokens.answering = (nth) => (nth === 1 ? issues()(nth) : new Response(null, { status: 503 }));
    await makeEndpoint(send, app, receiver.url, { auth: tokens.auth() });
    expect((await deliver()).reason).toBe("auth");
    receiver.answering = ok;
  });
});

describe("an invalid OAuth 2.0 client of an endpoint", () => {
  test.each([
    ["tokenUrl", { tokenUrl: "ftp://x.example/" }],
    ["tokenUrl", { tokenUrl: "https://user:word@x.example/" }],
    ["tokenUrl", { tokenUrl: "https://x.example/#a" }],
    ["tokenUrl", { tokenUrl: null }],
    ["clientId", { clientId: "" }],
    ["clientId", { clientId: "a\nb" }],
    ["clientSecret", { clientSecret: "[set]" }],
    ["scope", { scope: "" }],
    ["scope", { scope: 'a"b' }],
    ["clientAuth", { clientAuth: "header" }],
    ["extraParams", { extraParams: { grant_type: "password" } }],
    ["extraParams", { extraParams: ["a"] }],
    ["extraParams", { extraParams: Object.fromEntries(["a", "b", "c", "d"].map((name) => [name, "x".repeat(4096)])) }],
    ["extraHeaders", { extraHeaders: { Authorization: "x" } }],
    ["extraHeaders", { extraHeaders: { Host: "x" } }],
    ["extraHeaders", { extraHeaders: { "X-A": "a\r\nb: c" } }],
    ["clientSecret", { clientAuth: "privateKeyJwt" }],
    ["clientSecret", { clientSecret: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----" }],
    ["assertionSeconds", { assertionSeconds: 0 }],
    ["assertionSeconds", { assertionSeconds: 1.5 }],
    ["token", { token: "t" }],
  ])("an invalid %s in %j is refused at that field", async (field, fields) => {
    const { status, json } = await send("POST", `/app/${app}/endpoint`, {
      url: receiver.url,
      auth: tokens.auth(fields),
    });
    expect([status, json.detail[0].loc.slice(0, 3)]).toEqual([422, ["body", "auth", field]]);
  });

  test("the token endpoint must be an https URL if all endpoints must", async () => {
    const strict = await startServer(["--https-only"]);
    try {
      const sendStrict = clientOf(strict.url);
      const path = `/app/${await makeApplication(sendStrict)}/endpoint`;
      const body = { url: "https://hook.example/", auth: tokens.auth() };
      for (const { status, json } of [
        await sendStrict("POST", path, body),
        await sendStrict("PUT", `${path}/${freshUid("ep")}`, body),
      ]) {
        expect([status, json.detail[0].loc]).toEqual([422, ["body", "auth", "tokenUrl"]]);
      }
    } finally {
      await strict.stop();
    }
  });
});
