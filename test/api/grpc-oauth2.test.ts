import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { type AttemptOut, attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { freePort } from "../support/free-port.ts";
import { type GrpcReceiver, startGrpcReceiver } from "../support/grpc-receiver.ts";
import { startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { startTokenServer, type TokenServer } from "../support/token-server.ts";

const UNAUTHENTICATED = 16;

let server: TestServer;
let send: Send;
let receiver: GrpcReceiver;
let tokens: TokenServer;
let app: string;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());
beforeEach(async () => {
  receiver = await startGrpcReceiver();
  tokens = startTokenServer();
  app = await makeApplication(send);
});
afterEach(async () => {
  await receiver[Symbol.asyncDispose]();
  await tokens[Symbol.asyncDispose]();
});

const url = () => `grpc://127.0.0.1:${receiver.port}`;

async function deliver(): Promise<AttemptOut> {
  const [attempt] = await attemptsOf(send, app, await sendMessage(send, app));
  return attempt!;
}

const authorizations = () => receiver.calls.map(({ metadata }) => metadata.authorization);

describe("an endpoint with a gRPC URL and an OAuth 2.0 client", () => {
  test("gRPC calls carry an access token, which is fetched once and reused", async () => {
    await makeEndpoint(send, app, url(), { auth: tokens.auth({ clientId: "c", scope: "a b" }) });
    for (let i = 0; i < 3; i++) expect(await deliver()).toMatchObject({ responseStatusCode: 200, reason: null });
    expect(authorizations()).toEqual(["Bearer token-1", "Bearer token-1", "Bearer token-1"]);
    expect(tokens.requests).toHaveLength(1);
    expect(Object.fromEntries(tokens.requests[0]!.form)).toEqual({ grant_type: "client_credentials", scope: "a b" });
  });

  test("UNAUTHENTICATED drops the token, and the same attempt calls once more with a new one", async () => {
    await makeEndpoint(send, app, url(), { auth: tokens.auth() });
    await deliver();
    receiver.answering = ({ metadata }) =>
      metadata.authorization === "Bearer token-2" ? { detail: "" } : { code: UNAUTHENTICATED };
    expect(await deliver()).toMatchObject({ responseStatusCode: 200, reason: null });
    expect(authorizations()).toEqual(["Bearer token-1", "Bearer token-1", "Bearer token-2"]);
  });

  test("a receiver that always returns UNAUTHENTICATED gets two calls per attempt, which fails with 401", async () => {
    receiver.answering = () => ({ code: UNAUTHENTICATED });
    await makeEndpoint(send, app, url(), { auth: tokens.auth() });
    expect(await deliver()).toMatchObject({ reason: "status_4xx", responseStatusCode: 401 });
    expect(authorizations()).toEqual(["Bearer token-1", "Bearer token-2"]);
  });

  test("a gRPC and an HTTP endpoint with the same client share one access token", async () => {
    await using http = startReceiver();
    const auth = tokens.auth();
    await makeEndpoint(send, app, url(), { auth });
    await makeEndpoint(send, app, http.url, { auth });
    await attemptsOf(send, app, await sendMessage(send, app), 2);
    expect(authorizations()).toEqual(["Bearer token-1"]);
    expect(http.received.map(({ headers }) => headers.get("authorization"))).toEqual(["Bearer token-1"]);
    expect(tokens.requests).toHaveLength(1);
  });

  test("a token endpoint that fails makes the attempt fail with the reason auth, and nothing is called", async () => {
    tokens.answering = () => Response.json({ error: "invalid_client" }, { status: 401 });
    await makeEndpoint(send, app, url(), { auth: tokens.auth() });
    expect(await deliver()).toMatchObject({ reason: "auth", responseStatusCode: 0 });
    expect(receiver.calls).toHaveLength(0);
  });

  test("the message's own authorization header is sent as metadata instead of the token", async () => {
    const transformationsParams = { headers: { authorization: "own" } };
    await makeEndpoint(send, app, url(), { auth: tokens.auth() });
    await attemptsOf(send, app, await sendMessage(send, app, { transformationsParams }));
    expect(authorizations()).toEqual(["own"]);
  });

  test("the stored headers of a failed call show the token as ***", async () => {
    receiver.answering = () => ({ code: 13 });
    const endpoint = await makeEndpoint(send, app, url(), { auth: tokens.auth() });
    await deliver();
    const { json } = await send("GET", `/app/${app}/attempt/endpoint/${endpoint}`);
    const [{ id, msgId }] = json.data;
    const detail = await send("GET", `/app/${app}/msg/${msgId}/attempt/${id}`);
    expect(detail.json.requestHeaders).toContainEqual({ name: "authorization", value: "***" });
    expect(JSON.stringify(detail.json)).not.toContain("token-1");
  });
});

test("with a proxy for everything that goes out, no token is fetched for a gRPC call that cannot be made", async () => {
  const proxied = await startServer(["--retry-schedule=", `--egress-proxy=http://127.0.0.1:${freePort()}`]);
  try {
    const sendProxied = clientOf(proxied.url);
    const own = await makeApplication(sendProxied);
    await makeEndpoint(sendProxied, own, url(), { auth: tokens.auth() });
    const [attempt] = await attemptsOf(sendProxied, own, await sendMessage(sendProxied, own));
    expect(attempt).toMatchObject({ responseStatusCode: 0, reason: "proxy" });
    expect(tokens.requests).toHaveLength(0);
  } finally {
    await proxied.stop();
  }
});
