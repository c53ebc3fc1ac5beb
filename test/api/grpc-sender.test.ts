import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { status } from "@grpc/grpc-js";
import { clientTls } from "../../src/core/pem.ts";
import { TlsCredentials } from "../../src/edge/grpc/credentials.ts";
import { type Certificate, selfSigned } from "../support/certificate.ts";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint, until } from "../support/delivery.ts";
import { freePort } from "../support/free-port.ts";
import { SendCall, type SentMessage } from "../support/grpc-sender.ts";
import { install } from "../support/installation.ts";
import { startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const TOKENS = "/management/authentication/default/api-token";

let server: TestServer;
let send: Send;
let port: number;
beforeAll(async () => {
  port = freePort();
  server = await startServer([`--grpc-port=${port}`, "--max-body=64KiB"]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const message = (app: string, change: SentMessage = {}): SentMessage => ({
  ...{ app, eventType: "a.b", payload: json({ n: 1 }) },
  ...change,
});

describe("messages that are sent over gRPC", () => {
  test("a message over gRPC is stored as it was sent, and its result has its id", async () => {
    const app = await makeApplication(send);
    await using call = new SendCall(port);
    const payload = Buffer.from('{"n": 1.0, "name": "Ä"}');
    call.send(message(app, { payload, eventId: "e-1", channels: ["eu", "eu"] }));
    const [result] = await call.answered(1);
    expect(result).toEqual({ id: expect.stringMatching(/^msg_/), error: "" });
    const stored = await send("GET", `/app/${app}/msg/${result!.id}`);
    expect(stored.json).toMatchObject({
      eventType: "a.b",
      eventId: "e-1",
      channels: ["eu"],
      payload: { n: 1, name: "Ä" },
    });
    expect((await send("GET", `/app/${app}/msg/${result!.id}/raw`)).text).toBe(payload.toString());
  });

  test("results over gRPC come in the order of the messages, and each application gets its messages in that order", async () => {
    await using receiver = startReceiver();
    const apps = [await makeApplication(send), await makeApplication(send)];
    await makeEndpoint(send, apps[0]!, receiver.url, { ordering: "fifo" });
    await using call = new SendCall(port);
    const count = 3_000;
    for (let n = 0; n < count; n++) call.send(message(apps[n % 2]!, { payload: json({ n }), eventId: `e-${n}` }));
    call.stream.end();
    const results = await call.answered(count);
    expect(await call.ended).toBeNull();
    expect(results.filter(({ error }) => error !== "")).toEqual([]);
    for (const n of [0, 1, 998, 999, 1_000, 2_999]) {
      const { json: stored } = await send("GET", `/app/${apps[n % 2]}/msg/${results[n]!.id}`);
      expect(stored).toMatchObject({ eventId: `e-${n}`, payload: { n } });
    }
    const arrived = await receiver.arrived(count / 2);
    expect(arrived.map(({ id }) => id)).toEqual(results.filter((_, n) => n % 2 === 0).map(({ id }) => id));
  });

  test("an invalid message over gRPC gets an error of its own, and those around it are stored", async () => {
    const app = await makeApplication(send);
    await using call = new SendCall(port);
    const sent: readonly [SentMessage, expected: string | RegExp][] = [
      [message(app), ""],
      [message(app, { payload: Buffer.from("{") }), /^validation_error: payload: .*not valid JSON/],
      [message(app, { payload: Buffer.from('{}, "x": {}') }), /^validation_error: payload: /],
      [message(app, { payload: json([1]) }), /^validation_error: payload: /],
      [message(app, { payload: Buffer.from([0x22, 0xff, 0x22]) }), /^validation_error: payload: .*UTF-8/],
      [message(app, { payload: json(`${"[".repeat(40_000)}`) }), /^validation_error: payload: /],
      [{ app, eventType: "a.b" }, /^validation_error: payload: /],
      [message(app, { eventType: "a b" }), /^validation_error: eventType: /],
      [message(app, { channels: ["a b"] }), /^validation_error: channels/],
      [message("no-such-app"), /^not_found: Application not found/],
      [message(app, { eventId: "twice" }), ""],
      [message(app, { eventId: "twice" }), /^conflict: /],
      [message(app), ""],
    ];
    for (const [one] of sent) call.send(one);
    const results = await call.answered(sent.length);
    for (const [i, [, expected]] of sent.entries()) {
      if (expected === "") expect(results[i]).toEqual({ id: expect.stringMatching(/^msg_/), error: "" });
      else expect(results[i]).toEqual({ id: "", error: expect.stringMatching(expected) });
    }
  });

  test("a message over gRPC is checked against the schema of its event type", async () => {
    const app = await makeApplication(send);
    const name = freshUid("type");
    const schemas = { 1: { type: "object", required: ["id"] } };
    expect((await send("POST", "/event-type", { name, description: "", schemas, validation: "reject" })).status).toBe(
      201,
    );
    await using call = new SendCall(port);
    call.send(message(app, { eventType: name, payload: json({ id: 1 }) }));
    call.send(message(app, { eventType: name, payload: json({}) }));
    const [valid, invalid] = await call.answered(2);
    expect(valid!.error).toBe("");
    expect(invalid!.error).toStartWith("validation_error: ");
  });

  test.each<[name: string, token: () => Promise<string | null>, code: status]>([
    ["no token", async () => null, status.UNAUTHENTICATED],
    ["an unknown token", async () => "x".repeat(40), status.UNAUTHENTICATED],
    ["a token that only reads", async () => (await makeToken(["message:Read"])).token, status.PERMISSION_DENIED],
    ["a token of one application", async () => applicationToken(), status.PERMISSION_DENIED],
  ])("a gRPC call with %s ends with a status, before a message is read", async (_, token, code) => {
    await using call = new SendCall(port, { token: await token() });
    expect(await call.ended).toMatchObject({ code, details: expect.stringMatching(/^\w+: [A-Z]/) });
    expect(call.results).toEqual([]);
  });

  async function makeToken(scopes: readonly string[]): Promise<{ readonly id: string; readonly token: string }> {
    return (await send("POST", TOKENS, { name: "made", scopes })).json;
  }

  async function applicationToken(): Promise<string> {
    const app = await makeApplication(send);
    const access = await send("POST", `/auth/app-portal-access/${app}`, {});
    return access.json.token;
  }

  test("a token that is revoked ends its gRPC call at the next message", async () => {
    const app = await makeApplication(send);
    const { id, token } = await makeToken(["message:Write"]);
    await using call = new SendCall(port, { token });
    call.send(message(app));
    expect((await call.answered(1))[0]!.error).toBe("");
    expect((await send("POST", `${TOKENS}/${id}/expire`, {})).status).toBe(204);
    call.send(message(app));
    expect(await call.ended).toMatchObject({ code: status.UNAUTHENTICATED });
    expect(call.results.length).toBe(1);
  });

  test("messages over gRPC go to the environment that the metadata names", async () => {
    const name = freshUid("env");
    const { json: environment } = await send("POST", "/management/environment", { name, type: "development" });
    const headers = { "boathook-environment": environment.id };
    const app = freshUid("app");
    expect((await send("POST", "/app", { name: app, uid: app }, { headers })).status).toBe(201);
    await using call = new SendCall(port, { metadata: headers });
    call.send(message(app));
    expect((await call.answered(1))[0]!.error).toBe("");
    await using other = new SendCall(port);
    other.send(message(app));
    expect((await other.answered(1))[0]!.error).toStartWith("not_found");
    await using none = new SendCall(port, { metadata: { "boathook-environment": "nowhere" } });
    expect(await none.ended).toMatchObject({ code: status.NOT_FOUND });
  });

  test("a message that is larger than max-body ends its gRPC call", async () => {
    const app = await makeApplication(send);
    await using call = new SendCall(port);
    call.send(message(app));
    await call.answered(1);
    call.send(message(app, { payload: json({ text: "x".repeat(200_000) }) }));
    expect(await call.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });

  test("the server reads no more from a gRPC client that does not read its results", async () => {
    const app = await makeApplication(send);
    await using call = new SendCall(port);
    call.stream.pause();
    let written = 0;
    const before = async () => (await send("GET", `/app/${app}/msg?limit=1`)).json.data[0]?.eventId ?? null;
    // The windows of HTTP/2 hold many small results, so this sends until nothing more is taken.
    let stillFor = 0;
    let last: string | null = null;
    while (stillFor < 20 && written < 400_000) {
      for (let i = 0; i < 500; i++) call.send(message(app, { eventId: `e-${written++}`, payload: json({}) }));
      await Bun.sleep(20);
      const now = await before();
      stillFor = now === last ? stillFor + 1 : 0;
      last = now;
    }
    expect(written).toBeLessThan(400_000);
    call.stream.resume();
    await call.answered(written);
    expect(call.results.every(({ error }) => error === "")).toBe(true);
  }, 60_000);

  test("a gRPC client that goes away in the middle of a call leaves nothing behind, and others go on", async () => {
    const app = await makeApplication(send);
    for (let i = 0; i < 20; i++) {
      await using call = new SendCall(port);
      for (let n = 0; n < 200; n++) call.send(message(app));
      await call.answered(1);
    }
    await using call = new SendCall(port);
    call.send(message(app));
    expect((await call.answered(1))[0]!.error).toBe("");
  });
});

test("every message with a result over gRPC is stored, although the server was killed", async () => {
  const ownPort = freePort();
  const own = await startServer([`--grpc-port=${ownPort}`]);
  const ownSend = clientOf(own.url);
  const app = await makeApplication(ownSend);
  await using call = new SendCall(ownPort);
  let n = 0;
  const timer = setInterval(() => {
    for (let i = 0; i < 50; i++) call.send(message(app, { eventId: `e-${n++}` }));
  }, 5);
  await call.answered(200);
  const restarted = own.restart();
  const error = await call.ended;
  clearInterval(timer);
  expect(error?.code).toBeGreaterThan(0);
  await restarted;
  for (const { id } of call.results) expect((await ownSend("GET", `/app/${app}/msg/${id}`)).status).toBe(200);
  await own.stop();
}, 60_000);

test("a server whose gRPC port is taken does not start, and says which port it is", async () => {
  await expect(startServer([`--grpc-port=${port}`])).rejects.toThrow(`Port ${port} of 127.0.0.1 is already in use`);
});

test("a stopping server sends the results of the messages that it has taken, and gRPC calls end as unavailable", async () => {
  const ownPort = freePort();
  await using boathook = await install([`--grpc-port=${ownPort}`]);
  const app = await makeApplication(clientOf(boathook.url));
  await using idle = new SendCall(ownPort);
  await using call = new SendCall(ownPort);
  idle.send(message(app));
  call.send(message(app));
  await Promise.all([idle.answered(1), call.answered(1)]);
  for (let n = 0; n < 500; n++) call.send(message(app, { eventId: `e-${n}` }));
  await call.answered(2);
  boathook.process.kill("SIGTERM");
  for (const one of [idle, call]) {
    expect(await one.ended).toMatchObject({ code: status.UNAVAILABLE, details: expect.stringContaining("stopping") });
    expect(one.results.every(({ error }) => error === "")).toBe(true);
  }
  expect(await boathook.process.exited).toBe(0);
});

test("with a certificate, the gRPC server uses TLS, and a new certificate is used after SIGHUP", async () => {
  const dir = temporaryDirectory();
  const [first, second] = [selfSigned("127.0.0.1"), selfSigned("127.0.0.1")];
  const [cert, key] = [dir.file("cert.pem"), dir.file("key.pem")];
  const write = (certificate: Certificate) => {
    writeFileSync(cert, certificate.cert);
    writeFileSync(key, certificate.key);
  };
  write(first);
  const ownPort = freePort();
  await using boathook = await install([`--grpc-port=${ownPort}`, `--tls-cert=${cert}`, `--tls-key=${key}`]);
  const resultWith = async (trusted: Certificate) => {
    await using call = new SendCall(ownPort, {
      credentials: new TlsCredentials("127.0.0.1", clientTls(trusted.cert, null)),
    });
    call.send(message("no-such-app"));
    return await Promise.race([
      call.answered(1).then(([result]) => result!.error),
      call.ended.then((error) => error?.details),
    ]);
  };
  expect(await resultWith(first)).toStartWith("not_found");
  expect(await resultWith(second)).toStartWith("No connection established");
  write(second);
  boathook.process.kill("SIGHUP");
  await until(
    async () => boathook.process.log.filter(({ msg }) => msg.startsWith("Settings")),
    ({ length }) => length > 0,
  );
  expect(await resultWith(second)).toStartWith("not_found");
  expect(await resultWith(first)).toStartWith("No connection established");
  dir[Symbol.dispose]();
});
