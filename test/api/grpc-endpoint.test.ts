import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ServerCredentials } from "@grpc/grpc-js";
import { Webhook } from "standardwebhooks";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import {
  type AttemptOut,
  attemptsOf,
  firstAttempt,
  makeEndpoint,
  sendMessage,
  sendMessages,
  until,
} from "../support/delivery.ts";
import { freePort } from "../support/free-port.ts";
import { type GrpcReceiver, type GrpcReply, startGrpcReceiver } from "../support/grpc-receiver.ts";
import { Authority, hasOpenssl } from "../support/pki.ts";
import { heldBack, startReceiver, withStatus } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
let receiver: GrpcReceiver;
beforeAll(async () => {
  receiver = await startGrpcReceiver();
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(async () => {
  await server.stop();
  await receiver[Symbol.asyncDispose]();
});

const url = () => `grpc://127.0.0.1:${receiver.port}`;

/** Sends a message to a new endpoint and returns its first attempt. */
const delivered = (at: string, endpoint: object = {}) => firstAttempt(send, at, endpoint);

describe("an endpoint with a gRPC URL", () => {
  test("a gRPC receiver gets the message with a valid signature, the headers of the endpoint and a deadline", async () => {
    const app = await makeApplication(send);
    const fields = { headers: { "X-Tenant": "t1" }, timeoutMs: 9_000 };
    const endpoint = await makeEndpoint(send, app, url(), fields);
    const payload = { amount: 1.5, name: "Ä" };
    const id = await sendMessage(send, app, { eventType: "invoice.paid", payload, channels: ["eu"] });
    const [attempt] = await attemptsOf(send, app, id);
    expect(attempt).toMatchObject({ url: url(), responseStatusCode: 200, response: "stored", reason: null });
    const { request, metadata, timeLeftMs } = receiver.calls.at(-1)!;
    expect(request).toMatchObject({ id, eventType: "invoice.paid", contentType: "application/json", channels: ["eu"] });
    expect(JSON.parse(request.payload.toString())).toEqual(payload);
    expect(metadata).toMatchObject({
      "webhook-id": id,
      "webhook-timestamp": String(request.timestamp),
      "x-tenant": "t1",
    });
    const { key } = (await send("GET", `/app/${app}/endpoint/${endpoint}/secret`)).json;
    const verified = new Webhook(key).verify(request.payload, metadata as Record<string, string>);
    expect(verified).toEqual(payload);
    expect(timeLeftMs).toBeLessThanOrEqual(9_000);
  });

  test.each<[reply: GrpcReply, attempt: Partial<AttemptOut>]>([
    [
      { code: 8, details: "slow down" },
      { responseStatusCode: 429, reason: "status_4xx", response: "RESOURCE_EXHAUSTED: slow down" },
    ],
    [{ code: 16 }, { responseStatusCode: 401, reason: "status_4xx", response: "UNAUTHENTICATED" }],
    [
      { code: 14, details: "later" },
      { responseStatusCode: 503, reason: "status_5xx", response: "UNAVAILABLE: later" },
    ],
  ])("the gRPC reply %j is shown as the attempt %j", async (reply, attempt) => {
    receiver.answering = () => reply;
    expect(await delivered(url())).toMatchObject(attempt);
    receiver.answering = () => ({ detail: "" });
  });

  test("a failed gRPC attempt keeps the headers that were sent, with its secrets masked", async () => {
    receiver.answering = () => ({ code: 13 });
    const app = await makeApplication(send);
    await makeEndpoint(send, app, url(), { auth: { type: "bearer", token: "t0ken" }, headers: { "X-A": "1" } });
    await attemptsOf(send, app, await sendMessage(send, app));
    receiver.answering = () => ({ detail: "" });
    const { json } = await send(
      "GET",
      `/app/${app}/attempt/endpoint/${(await send("GET", `/app/${app}/endpoint`)).json.data[0].id}`,
    );
    const detail = await send("GET", `/app/${app}/msg/${json.data[0].msgId}/attempt/${json.data[0].id}`);
    expect(detail.json.requestHeaders).toContainEqual({ name: "x-a", value: "1" });
    expect(detail.json.requestHeaders).toContainEqual({ name: "authorization", value: "***" });
    expect(detail.json.responseHeaders).toBeNull();
  });

  test("a gRPC receiver can postpone the next attempt", async () => {
    receiver.answering = () => ({ code: 8, trailers: { "grpc-retry-pushback-ms": "3600000" } });
    const attempt = await delivered(url(), { retrySchedule: ["1s"] });
    receiver.answering = () => ({ detail: "" });
    expect(Date.parse(attempt.nextAttempt!) - Date.parse(attempt.timestamp)).toBeGreaterThanOrEqual(3_600_000);
  });

  test("a gRPC call without a reply ends at its deadline with the reason timeout", async () => {
    receiver.answering = () => null;
    const attempt = await delivered(url(), { timeoutMs: 300 });
    receiver.answering = () => ({ detail: "" });
    expect(attempt).toMatchObject({ responseStatusCode: 504, reason: "timeout" });
    expect(attempt.response).toStartWith("DEADLINE_EXCEEDED");
  });

  test("an attempt that does not reach its gRPC receiver says why, and has no status", async () => {
    const none = { responseStatusCode: 0 };
    expect(await delivered(`grpc://127.0.0.1:${freePort()}`)).toMatchObject({ ...none, reason: "connection" });
    expect(await delivered("grpc://10.0.0.1:50051")).toMatchObject({ ...none, reason: "blocked" });
    expect(await delivered("grpc://nowhere.invalid:50051")).toMatchObject({ ...none, reason: "dns" });
    expect(await delivered(`grpcs://127.0.0.1:${receiver.port}`)).toMatchObject({ ...none, reason: "tls" });
  });

  test("a gRPC endpoint can have a host name, and the connection goes to its checked address", async () => {
    const attempt = await delivered(`grpc://localhost:${receiver.port}`);
    expect(attempt).toMatchObject({ responseStatusCode: 200 });
  });

  test("user and password of a gRPC URL, or a token, are sent as authorization, and the password is shown as ***", async () => {
    const at = url().replace("://", "://ann:s%40cret@");
    const attempt = await delivered(at);
    expect(receiver.calls.at(-1)!.metadata.authorization).toBe(`Basic ${btoa("ann:s@cret")}`);
    expect(attempt.url).toBe(url().replace("://", "://ann:***@"));
    await delivered(url(), { auth: { type: "bearer", token: "t0ken" } });
    expect(receiver.calls.at(-1)!.metadata.authorization).toBe("Bearer t0ken");
  });

  test("a masked gRPC URL keeps the password only for the same scheme, user, host and port", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, "grpc://ann:secret@a.example:50051");
    const patch = (at: string) => send("PATCH", `/app/${app}/endpoint/${endpoint}`, { url: at });
    expect((await patch("grpc://ann:***@a.example:50051")).status).toBe(200);
    for (const at of [
      "grpc://ann:***@b.example:50051",
      "grpcs://ann:***@a.example:50051",
      "grpc://bob:***@a.example:50051",
    ]) {
      expect(await patch(at)).toMatchObject({ status: 422, json: { detail: [{ loc: ["body", "url"] }] } });
    }
  });

  test("the password of a gRPC URL is encrypted in the stored data", async () => {
    const password = "pa55word-of-the-grpc-url";
    expect((await delivered(url().replace("://", `://ann:${password}@`))).reason).toBeNull();
    expect(await server.stores("ann:***@")).toBe(true);
    expect(await server.stores(password)).toBe(false);
  });

  test.each<[fields: object, loc: string]>([
    [{ batch: { maxMessages: 10, maxWaitMs: 100 } }, "batch"],
    [{ url: "grpc://a.example:1/path" }, "url"],
    [{ url: "gopher://a.example" }, "url"],
  ])("the settings %j, which gRPC does not support, are refused", async (fields, loc) => {
    const app = await makeApplication(send);
    const answer = await send("POST", `/app/${app}/endpoint`, { url: "grpc://a.example:1", ...fields });
    expect(answer).toMatchObject({ status: 422, json: { detail: [{ loc: ["body", loc] }] } });
  });

  test("a transformation changes payload and headers of a gRPC call, and cannot change its URL", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, url());
    const path = `/app/${app}/endpoint/${endpoint}/transformation`;
    const code =
      "function handler(webhook) { webhook.payload = {n: 2}; webhook.headers['X-New'] = 'h'; return webhook; }";
    expect((await send("PATCH", path, { code, enabled: true })).status).toBeLessThan(300);
    await attemptsOf(send, app, await sendMessage(send, app));
    expect(receiver.calls.at(-1)!.request.payload.toString()).toBe('{"n":2}');
    expect(receiver.calls.at(-1)!.metadata["x-new"]).toBe("h");
    const other = "function handler(webhook) { webhook.url = 'grpc://127.0.0.1:1'; return webhook; }";
    await send("PATCH", path, { code: other, enabled: true });
    const [attempt] = await attemptsOf(send, app, await sendMessage(send, app));
    expect(attempt).toMatchObject({ reason: "transformation", responseStatusCode: 0 });
  });

  test("a gRPC attempt whose connection ends before the response has the reason connection and no status", async () => {
    const own = await startGrpcReceiver();
    own.answering = () => {
      void own[Symbol.asyncDispose]();
      return null;
    };
    const attempt = await delivered(`grpc://127.0.0.1:${own.port}`);
    expect(attempt).toMatchObject({ responseStatusCode: 0, reason: "connection" });
    expect(attempt.response).toBe("The connection was closed before the response.");
  });

  test("a gRPC receiver gets the messages of a fifo endpoint in their order over one connection", async () => {
    await using own = await startGrpcReceiver();
    const app = await makeApplication(send);
    await makeEndpoint(send, app, `grpc://127.0.0.1:${own.port}`, { ordering: "fifo" });
    const ids = await sendMessages(send, app, 50);
    await until(
      async () => own.calls.length,
      (count) => count >= 50,
    );
    expect(own.calls.map(({ request }) => request.id)).toEqual(ids);
    expect(own.sessions()).toBe(1);
  });

  test("no message is lost when a gRPC receiver is killed and started again", async () => {
    const port = freePort();
    const first = await startGrpcReceiver(undefined, port);
    const app = await makeApplication(send);
    const retries = Array.from({ length: 20 }, () => "1s");
    await makeEndpoint(send, app, `grpc://127.0.0.1:${port}`, { retrySchedule: retries });
    const ids = await sendMessages(send, app, 300);
    await until(
      async () => first.calls.length,
      (count) => count >= 20,
    );
    await first[Symbol.asyncDispose]();
    ids.push(...(await sendMessages(send, app, 100)));
    await using second = await startGrpcReceiver(undefined, port);
    const arrived = () => new Set([...first.calls, ...second.calls].map(({ request }) => request.id));
    await until(
      async () => arrived().size,
      (count) => count >= ids.length,
    );
    expect([...arrived()].sort()).toEqual(ids.sort());
  }, 60_000);
});

describe.skipIf(!hasOpenssl)("an endpoint with a grpcs URL", () => {
  const authority = hasOpenssl ? new Authority() : null;
  let secure: GrpcReceiver;
  beforeAll(async () => {
    const { cert, key } = authority!.issue("127.0.0.1");
    const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) };
    secure = await startGrpcReceiver(ServerCredentials.createSsl(Buffer.from(authority!.ca), [pair], true));
  });
  afterAll(() => secure[Symbol.asyncDispose]());

  test("a gRPC receiver with a private authority that demands a client certificate gets the message", async () => {
    const { cert, key } = authority!.issue("client-one");
    const auth = { type: "mtls", certificate: cert, key, ca: authority!.ca };
    const attempt = await delivered(`grpcs://127.0.0.1:${secure.port}`, { auth });
    expect(attempt).toMatchObject({ responseStatusCode: 200, reason: null });
  });

  test("a gRPC receiver whose certificate is not trusted, or that is not the one named in it, gets nothing", async () => {
    const { cert, key } = authority!.issue("client-two");
    const auth = { type: "mtls", certificate: cert, key };
    const at = `grpcs://127.0.0.1:${secure.port}`;
    expect(await delivered(at, { auth })).toMatchObject({ responseStatusCode: 0, reason: "tls" });
    const named = { auth: { ...auth, ca: authority!.ca } };
    expect(await delivered(at.replace("127.0.0.1", "localhost"), named)).toMatchObject({ reason: "tls" });
  });
});

test("with a proxy for everything that goes out, gRPC deliveries fail and never bypass it", async () => {
  const proxied = await startServer(["--retry-schedule=", `--egress-proxy=http://127.0.0.1:${freePort()}`]);
  try {
    const sendProxied = clientOf(proxied.url);
    const app = await makeApplication(sendProxied);
    const before = receiver.calls.length;
    const { json } = await sendProxied("POST", `/app/${app}/endpoint`, { url: url() });
    expect(json.warnings).toMatchObject([{ code: "blocked" }]);
    const [attempt] = await attemptsOf(sendProxied, app, await sendMessage(sendProxied, app));
    expect(attempt).toMatchObject({ responseStatusCode: 0, reason: "proxy" });
    expect(receiver.calls.length).toBe(before);
  } finally {
    await proxied.stop();
  }
});

test("with endpoint-challenge, a gRPC endpoint needs no challenge, and gets its messages at once", async () => {
  const challenging = await startServer(["--endpoint-challenge=on"]);
  try {
    const sendTo = clientOf(challenging.url);
    const app = await makeApplication(sendTo);
    const { json } = await sendTo("POST", `/app/${app}/endpoint`, { url: url() });
    expect(json).toMatchObject({ verified: true, paused: false });
    const [attempt] = await attemptsOf(sendTo, app, await sendMessage(sendTo, app));
    expect(attempt).toMatchObject({ responseStatusCode: 200 });
  } finally {
    await challenging.stop();
  }
});

test("with https-only, only an encrypted gRPC URL is accepted", async () => {
  const strict = await startServer(["--https-only=true"]);
  try {
    const sendTo = clientOf(strict.url);
    const app = await makeApplication(sendTo);
    const make = (at: string) => sendTo("POST", `/app/${app}/endpoint`, { url: at });
    expect(await make("grpc://a.example:1")).toMatchObject({
      status: 422,
      json: { detail: [{ msg: "Must be a grpcs URL." }] },
    });
    expect((await make("grpcs://a.example:1")).status).toBe(201);
  } finally {
    await strict.stop();
  }
});

test("the messages of a batch that was sent before the endpoint got a gRPC URL arrive one by one", async () => {
  await using http = startReceiver();
  const response = heldBack();
  http.answering = response.answering;
  const batching = await startServer(["--retry-schedule=1s"]);
  try {
    const sendTo = clientOf(batching.url);
    const app = await makeApplication(sendTo);
    const endpoint = await makeEndpoint(sendTo, app, http.url, { batch: { maxMessages: 2, maxWaitMs: 60_000 } });
    const ids = await sendMessages(sendTo, app, 2);
    await http.arrived(1);
    const change = { url: url(), batch: null };
    expect((await sendTo("PATCH", `/app/${app}/endpoint/${endpoint}`, change)).status).toBe(200);
    response.give(withStatus(500));
    for (const id of ids) {
      const [last] = await attemptsOf(sendTo, app, id, 2);
      expect(last).toMatchObject({ responseStatusCode: 200, batchId: null });
      expect(receiver.calls.some(({ request }) => request.id === id)).toBe(true);
    }
  } finally {
    await batching.stop();
  }
});

test("the definition of the gRPC services is served without a token", async () => {
  const answer = await send("GET", "/api/../boathook.proto", undefined, { token: null });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(answer.text).toBe(await Bun.file("web/boathook.proto").text());
});
