import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint, sendMessage } from "../support/delivery.ts";
import { startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

/**
 * Tests clients that send slowly or do not read. The budgets of the server are 128 MiB. Applications
 * may use half, one application a quarter, callers without a token a quarter, and an environment
 * token half.
 */

const MIB = 1024 * 1024;
const DEADLINE_MS = 30_000;

let server: TestServer;
let send: Send;
beforeAll(async () => {
  // The operating system buffers 4 MiB of each unread response, so the responses must be larger.
  server = await startServer(["--max-body=16MiB"]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

/** A connection that sends a request. If `isReading` is false, it never reads the response. */
class Client {
  text = "";
  #socket!: Bun.Socket;
  #rest: Buffer = Buffer.alloc(0);

  static async open(request: Buffer, isReading: boolean): Promise<Client> {
    const client = new Client();
    const { hostname, port } = new URL(server.url);
    client.#rest = request;
    client.#socket = await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        data: (socket, data) => {
          if (isReading) client.text += data.toString("latin1");
          else socket.pause();
        },
        drain: () => client.#write(),
        error: () => {},
      },
    });
    client.#write();
    return client;
  }

  #write(): void {
    this.#rest = this.#rest.subarray(Math.max(0, this.#socket.write(this.#rest)));
  }

  finish(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    this.#write();
  }

  close(): void {
    this.#socket.terminate();
  }

  get status(): number | null {
    return this.text === "" ? null : Number(this.text.split(" ")[1]);
  }
}

async function until(what: () => unknown, isMet: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!isMet()) {
    if (Date.now() > deadline) throw new Error(`Not met in time: ${JSON.stringify(what())}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Returns a request with a body of 2 MiB, without the last byte. */
function unfinished(path: string, token?: string): Buffer {
  const authorization = token === undefined ? "" : `authorization: Bearer ${token}\r\n`;
  const head = `POST ${path} HTTP/1.1\r\nhost: a\r\n${authorization}content-length: ${2 * MIB}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.alloc(2 * MIB - 1, "x")]);
}

describe("the memory for bodies and responses", () => {
  test("slow requests beyond the budget get 503 with Retry-After, and the others succeed and free their memory", async () => {
    const path = "/inbox/inbox_of_memory";
    const clients = await Promise.all(Array.from({ length: 50 }, () => Client.open(unfinished(path), true)));
    const refused = () => clients.filter(({ status }) => status === 503);
    await until(
      () => refused().length,
      () => refused().length === 50 - 16,
    );
    expect(refused()[0]!.text.toLowerCase()).toContain("retry-after: 1");
    // Callers with a token have their own share.
    const app = await makeApplication(send);
    const payload = { text: "x".repeat(MIB) };
    expect((await send("POST", `/app/${app}/msg`, { eventType: "a", payload })).status).toBe(202);
    for (const client of clients) client.finish(Buffer.from("x"));
    await until(
      () => clients.map(({ status }) => status),
      () => clients.every(({ status }) => status !== null),
    );
    expect(clients.filter(({ status }) => status === 200)).toHaveLength(16);
    for (const client of clients) client.close();
    const large = await fetch(`${server.url}${path}`, { method: "POST", body: "x".repeat(MIB) });
    expect(large.status).toBe(200);
  }, 60_000);

  test("two portal tokens of one application share a quarter of the memory, and other callers send large bodies", async () => {
    const app = await makeApplication(send);
    const access = async () => (await send("POST", `/auth/app-portal-access/${app}`, {})).json.token as string;
    const path = `/api/v1/app/${app}/endpoint`;
    const tokens = [await access(), await access()];
    const clients = await Promise.all(
      tokens.flatMap((token) => Array.from({ length: 32 }, () => Client.open(unfinished(path, token), true))),
    );
    const refused = () => clients.filter(({ status }) => status === 503).length;
    await until(refused, () => refused() === 64 - 16);
    const payload = { text: "x".repeat(MIB) };
    const environmentToken = await server.createToken();
    for (const token of [undefined, environmentToken]) {
      const options = token === undefined ? {} : { token };
      expect((await send("POST", `/app/${app}/msg`, { eventType: "a", payload }, options)).status).toBe(202);
    }
    const other = await makeApplication(send);
    const { token } = (await send("POST", `/auth/app-portal-access/${other}`, {})).json;
    const url = { url: `http://127.0.0.1:1/${"x".repeat(20_000)}` };
    expect((await send("POST", `/app/${other}/endpoint`, url, { token: token as string })).status).toBe(201);
    for (const client of clients) client.close();
  }, 60_000);

  test("requests whose responses would exceed the budget get 503 until other clients disconnect and free memory", async () => {
    const app = await makeApplication(send);
    await send("POST", `/app/${app}/msg`, { eventType: "a", payload: { text: "x".repeat(12 * MIB) } });
    const token = await server.createToken();
    const path = `/api/v1/app/${app}/msg?with_content=true`;
    const request = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\n\r\n`);
    const clients = await Promise.all(Array.from({ length: 10 }, () => Client.open(request, false)));
    const statusOfAnother = async () => (await send("GET", path.slice(7), undefined, { token })).status;
    let status = await statusOfAnother();
    const deadline = Date.now() + DEADLINE_MS;
    while (status !== 503 && Date.now() < deadline) status = await statusOfAnother();
    expect(status).toBe(503);
    // A message that was stored gets its response, however long it is.
    const message = { eventType: "a", payload: { text: "x".repeat(12 * MIB) } };
    const sent = await send("POST", `/app/${app}/msg?with_content=true`, message, { token });
    expect([sent.status, sent.json.payload.text?.length]).toEqual([202, 12 * MIB]);
    // Another caller has its own share.
    expect((await send("GET", path.slice(7))).status).toBe(200);
    for (const client of clients) client.close();
    while (status === 503 && Date.now() < deadline) status = await statusOfAnother();
    expect(status).toBe(200);
  }, 60_000);

  test("payloads of one application that clients do not read get 503 beyond the budget, and URLs of thin events stay good", async () => {
    await using receiver = startReceiver();
    const app = await makeApplication(send);
    await makeEndpoint(send, app, receiver.url, { payloadMode: "reference" });
    const { token } = (await send("POST", `/auth/app-portal-access/${app}`, {})).json;
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) {
      ids.push(await sendMessage(send, app, { payload: { text: "x".repeat(12 * MIB) } }));
    }
    const events = (await receiver.arrived(4)).map(({ body }) => JSON.parse(body.toString()) as { url: string });
    const paths = events.map(({ url }) => new URL(url).pathname);
    const clients = await Promise.all(
      paths.slice(0, 2).map((path) => Client.open(Buffer.from(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`), false)),
    );
    const raw = async () => (await send("GET", `/app/${app}/msg/${ids[0]}/raw`, undefined, { token })).status;
    const deadline = Date.now() + DEADLINE_MS;
    let status = await raw();
    while (status !== 503 && Date.now() < deadline) status = await raw();
    expect(status).toBe(503);
    expect((await fetch(events[2]!.url, { method: "HEAD" })).status).toBe(200);
    expect((await fetch(events[2]!.url)).status).toBe(503);
    for (const client of clients) client.close();
    while (status === 503 && Date.now() < deadline) status = await raw();
    expect(status).toBe(200);
    for (const { url } of events.slice(2)) {
      const response = await fetch(url);
      expect([response.status, (await response.bytes()).length]).toEqual([200, 12 * MIB + 11]);
    }
  }, 60_000);

  test("if one application requests very many large pages at once, some get 503 with Retry-After and other callers are served", async () => {
    const app = await makeApplication(send);
    for (let i = 0; i < 4; i++) {
      await send("POST", `/app/${app}/msg`, { eventType: "a", payload: { text: "x".repeat(MIB) } });
    }
    const { token } = (await send("POST", `/auth/app-portal-access/${app}`, {})).json;
    const head = `GET /api/v1/app/${app}/msg HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\n\r\n`;
    const clients = await Promise.all(Array.from({ length: 150 }, () => Client.open(Buffer.from(head), true)));
    expect((await send("GET", `/app/${app}/msg`)).status).toBe(200);
    await until(
      () => clients.map(({ status }) => status),
      () => clients.every(({ status }) => status !== null),
    );
    const refused = clients.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]!.text.toLowerCase()).toContain("retry-after: 1");
    expect(clients.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    for (const client of clients) client.close();
  }, 60_000);
});
