import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { clientTls } from "../../../src/core/pem.ts";
import { NatsClient } from "../../../src/edge/nats/client.ts";
import type { NatsMessage, NatsRequest } from "../../../src/ports.ts";
import { type Broker, suspend } from "../../support/brokers/broker.ts";
import { natsServer, startNats } from "../../support/brokers/nats.ts";
import { selfSigned } from "../../support/certificate.ts";
import { freePort } from "../../support/free-port.ts";
import { startRawServer } from "../../support/raw-server.ts";
import { soon } from "../../support/soon.ts";
import { bodyText, sendTo, shown, statusOrReason } from "./send-to.ts";

const certificate = selfSigned("broker.example");
const AUTHORIZATION = `users: [
  { user: boathook, password: secret }
  { user: limited, password: secret, permissions: { publish: { deny: "orders.new" } } }
]`;

if (natsServer === null) console.log("nats-server is missing: the tests of nats: with it are skipped");

describe.skipIf(natsServer === null)("publishing to a NATS server", () => {
  let broker: Broker;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  const client = new NatsClient();

  const open = async () => {
    connection = await connect({ servers: `127.0.0.1:${broker.port}`, reconnect: false });
    manager = await jetstreamManager(connection);
  };

  beforeAll(async () => {
    broker = await startNats();
    await open();
    await manager.streams.add({ name: "ORDERS", subjects: ["orders.>"] });
    await client.start();
  });

  afterAll(async () => {
    await client.stop();
    await connection?.close();
    await broker?.[Symbol.asyncDispose]();
  });

  const url = (rest = "/orders.new", user = "") => `nats://${user}127.0.0.1:${broker.port}${rest}`;
  const send = (to: string, message: Partial<NatsMessage> = {}, more: Partial<NatsRequest> = {}) =>
    sendTo(client, to, { ...MESSAGE, ...message }, more);

  test("a NATS stream stores a message with the same bytes and its headers", async () => {
    const answer = await send(url(), { id: "msg_first" });
    const { stream, seq } = JSON.parse(bodyText(answer));
    expect([shown(answer)[0], stream]).toEqual([200, "ORDERS"]);
    const stored = await manager.streams.getMessage("ORDERS", { seq });
    expect(stored?.subject).toBe("orders.new");
    expect(Buffer.from(stored!.data).toString()).toBe('{"n": 1.0}');
    const names = ["Nats-Msg-Id", "webhook-id", "event-type"];
    expect(names.map((name) => stored!.header.get(name))).toEqual(["msg_first", "msg_1", "invoice.paid"]);
  });

  test("a message that its NATS stream has already is delivered, and the answer says so", async () => {
    await send(url(), { id: "msg_twice" });
    const answer = await send(url(), { id: "msg_twice" });
    expect(shown(answer)[0]).toBe(200);
    expect(JSON.parse(bodyText(answer))).toMatchObject({ stream: "ORDERS", duplicate: true });
  });

  test("a NATS subject that no stream takes is refused with 404, and messages beside it are not", async () => {
    const [wrong, right] = await Promise.all([send(url(), { subject: "nobody" }), send(url(), { id: "msg_right" })]);
    expect(shown(wrong)).toEqual([404, "No Responders: No stream takes the subject."]);
    expect(shown(right)[0]).toBe(200);
  });

  test("a full NATS stream refuses messages with its own error", async () => {
    await manager.streams.add({ name: "SMALL", subjects: ["small"], max_msgs: 1, discard: "new" as never });
    expect(shown(await send(url(), { subject: "small", id: "msg_s1" }))[0]).toBe(200);
    expect(shown(await send(url(), { subject: "small", id: "msg_s2" }))).toEqual([
      503,
      "10077: maximum messages exceeded",
    ]);
  });

  test("a payload above the limit of a NATS server is refused with 413", async () => {
    const answer = await send(url(), { body: Buffer.alloc(2_000_000) });
    expect(shown(answer)).toEqual([413, "Maximum Payload Violation"]);
    expect(shown(await send(url(), { id: "msg_after" }))[0]).toBe(200);
  });

  test("a header that NATS cannot express is refused with 400", async () => {
    expect(shown(await send(url(), { headers: [["x-own", "a\r\nb: c"]] }))[0]).toBe(400);
  });

  test("a NATS stream stores messages in the order in which they were sent", async () => {
    await manager.streams.add({ name: "SEQUENCE", subjects: ["sequence"] });
    for (let i = 0; i < 50; i++)
      await send(url(), { subject: "sequence", id: `msg_o${i}`, body: Buffer.from(String(i)) });
    const found: number[] = [];
    for (let seq = 1; seq <= 50; seq++)
      found.push(Number((await manager.streams.getMessage("SEQUENCE", { seq }))!.string()));
    expect(found).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  test("the next address of a NATS server is used if one cannot be reached", async () => {
    const answer = await send(url(), { id: "msg_next" }, { addresses: ["127.0.0.2", "127.0.0.1"] });
    expect(shown(answer)[0]).toBe(200);
  });

  test("a NATS server that stops responding makes attempts time out, and is used again later", async () => {
    expect(shown(await send(url(), { id: "msg_before" }))[0]).toBe(200);
    await suspend(broker.pid);
    try {
      const answer = await sendTo(client, url(), { ...MESSAGE, id: "msg_slow" }, {}, AbortSignal.timeout(300));
      expect(answer).toMatchObject({ reason: "timeout", detail: "The broker did not confirm the message in time." });
    } finally {
      process.kill(broker.pid, "SIGCONT");
    }
    expect(shown(await send(url(), { id: "msg_later" }))[0]).toBe(200);
  });

  test("a killed NATS server fails attempts, and is used again after its start", async () => {
    const sending = Array.from({ length: 20 }, (_, i) => send(url(), { id: `msg_k${i}` }));
    await broker.kill();
    for (const answer of await Promise.all(sending)) expect([200, "connection"]).toContain(statusOrReason(answer));
    expect(await send(url())).toMatchObject({ kind: "failure", reason: "connection" });
    await broker.start();
    // Attempts fail without connecting for a while after a failure.
    const answer = await soon(
      () => send(url(), { id: "msg_again" }),
      (found) => statusOrReason(found) === 200,
    );
    expect(shown(answer)[0]).toBe(200);
    await connection.close();
    await open();
  });
});

describe.skipIf(natsServer === null)("the login at a NATS server", () => {
  let broker: Broker;
  const client = new NatsClient();
  const trusting = clientTls(certificate.cert, null);

  beforeAll(async () => {
    broker = await startNats(certificate, AUTHORIZATION);
    const tls = { ca: certificate.cert, servername: "broker.example" };
    const login = { user: "boathook", pass: "secret" };
    const connection = await connect({ servers: `127.0.0.1:${broker.port}`, tls, ...login } as object);
    await (await jetstreamManager(connection)).streams.add({ name: "ORDERS", subjects: ["orders.>"] });
    await connection.close();
    await client.start();
  });

  afterAll(async () => {
    await client.stop();
    await broker?.[Symbol.asyncDispose]();
  });

  const send = (user: string, host = "broker.example", query = "?tls=true", tls: NatsRequest["tls"] = trusting) =>
    sendTo(client, `nats://${user}@${host}:${broker.port}/orders.new${query}`, MESSAGE, {
      addresses: ["127.0.0.1"],
      tls,
    });

  test("a user with the right password may publish to NATS over TLS", async () => {
    expect(shown(await send("boathook:secret"))[0]).toBe(200);
  });

  test("a wrong password or token for NATS is refused with 401", async () => {
    expect(shown(await send("boathook:wrong"))).toEqual([401, "Authorization Violation"]);
    expect(shown(await send("token"))).toEqual([401, "Authorization Violation"]);
  });

  test("a user that may not publish to a NATS subject is refused with 403", async () => {
    expect(shown(await send("limited:secret"))).toEqual([403, 'Permissions Violation for Publish to "orders.new"']);
  });

  test("the certificate of a NATS server is verified, and must have the host name of the URL", async () => {
    const detail = "The TLS connection failed (ERR_TLS_CERT_ALTNAME_INVALID).";
    expect(await send("boathook:secret", "other.example")).toEqual({ kind: "failure", reason: "tls", detail });
    const untrusted = await send("boathook:secret", "broker.example", "?tls=true", null);
    expect(untrusted).toMatchObject({ kind: "failure", reason: "tls" });
  });

  test("without tls=true, nothing is sent to a NATS server that requires TLS", async () => {
    const answer = await send("boathook:secret", "broker.example", "");
    expect(shown(answer)).toEqual([400, "The server requires TLS. Add `tls=true` to the URL."]);
  });
});

describe("publishing to something that is not a NATS server", () => {
  test("a refused connection to a NATS server is a failure", async () => {
    const answer = await toPort(freePort());
    expect(answer).toEqual({ kind: "failure", reason: "connection", detail: "The connection was refused." });
  });

  test("a server of another protocol than NATS is a failure", async () => {
    await using server = await startRawServer((socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
    expect(await toPort(server.port)).toMatchObject({ kind: "failure", reason: "connection" });
  });

  test("a NATS server that says nothing makes the attempt time out", async () => {
    await using server = await startRawServer(() => {});
    expect(await toPort(server.port, AbortSignal.timeout(200))).toMatchObject({ reason: "timeout" });
  });

  test("a NATS server that closes the connection is a failure", async () => {
    await using server = await startRawServer((socket) => void socket.end());
    expect(await toPort(server.port)).toMatchObject({ kind: "failure", reason: "connection" });
  });
});

const MESSAGE: NatsMessage = {
  ...{ subject: "orders.new", id: "msg_1", body: Buffer.from('{"n": 1.0}') },
  headers: [
    ["event-type", "invoice.paid"],
    ["webhook-id", "msg_1"],
  ],
};

async function toPort(port: number, signal?: AbortSignal) {
  const client = new NatsClient();
  await client.start();
  const answer = await sendTo(client, `nats://127.0.0.1:${port}/orders.new`, MESSAGE, {}, signal);
  await client.stop();
  return answer;
}
