import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { executable, type LogLine, run } from "../support/binary.ts";
import { type Certificate, selfSigned } from "../support/certificate.ts";
import { clientOf, makeApplication } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { type Installation, install } from "../support/installation.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Tests a server that speaks HTTPS itself. */

const first = selfSigned("127.0.0.1");
const second = selfSigned("127.0.0.1");

interface Secured extends AsyncDisposable {
  readonly boathook: Installation;
  write(certificate: Certificate): void;
  fetch(path: string, trusted: Certificate, init?: BunFetchRequestInit): Promise<Response>;
  /** Sends SIGHUP and resolves with the line that its reload logs. */
  reload(): Promise<LogLine>;
}

async function secured(): Promise<Secured> {
  const dir = temporaryDirectory();
  const [cert, key] = [dir.file("cert.pem"), dir.file("key.pem")];
  const write = (certificate: Certificate) => {
    writeFileSync(cert, certificate.cert);
    writeFileSync(key, certificate.key);
  };
  write(first);
  const boathook = await install([`--tls-cert=${cert}`, `--tls-key=${key}`]);
  const reloads = () => boathook.process.log.filter(({ msg }) => msg.startsWith("Settings"));
  return {
    ...{ boathook, write },
    fetch: (path, { cert: ca }, init = {}) => fetch(boathook.url + path, { ...init, keepalive: false, tls: { ca } }),
    async reload() {
      const known = reloads().length;
      boathook.process.kill("SIGHUP");
      const lines = await until(
        async () => reloads(),
        ({ length }) => length > known,
      );
      return lines.at(-1)!;
    },
    async [Symbol.asyncDispose]() {
      await boathook[Symbol.asyncDispose]();
      dir[Symbol.dispose]();
    },
  };
}

const authorized = { headers: { authorization: `Bearer ${ROOT_TOKEN}` } };

/** An HTTP/1.1 connection that stays open. */
class OpenConnection {
  #text = "";
  #isClosed = false;

  private constructor(private readonly socket: TLSSocket) {
    socket.setEncoding("latin1").on("data", (text) => {
      this.#text += text;
    });
    socket.on("close", () => {
      this.#isClosed = true;
    });
    socket.on("error", () => {});
  }

  static async to(url: string, { cert }: Certificate): Promise<OpenConnection> {
    const { hostname: host, port } = new URL(url);
    const socket = connect({ host, port: Number(port), ca: cert });
    await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
    return new OpenConnection(socket);
  }

  send(...lines: string[]): void {
    this.socket.write([...lines, "host: localhost", `authorization: Bearer ${ROOT_TOKEN}`, "", ""].join("\r\n"));
  }

  /** Resolves when the received text fits. */
  receives(fits: (text: string) => boolean): Promise<string> {
    return until(async () => (this.#isClosed ? `${this.#text}[closed]` : this.#text), fits);
  }

  close(): void {
    this.socket.destroy();
  }
}

test("a server with a certificate serves HTTPS and announces its https:// URL", async () => {
  await using server = await secured();
  expect(server.boathook.url).toStartWith("https://127.0.0.1:");
  expect((await server.fetch("/api/v1/app", first, authorized)).status).toBe(200);
  await expect(server.fetch("/api/v1/health", second)).rejects.toThrow();
  expect(await fetch(server.boathook.url.replace("https:", "http:")).catch(() => "refused")).not.toHaveProperty(
    "ok",
    true,
  );
  const settings = { BOATHOOK_PORT: new URL(server.boathook.url).port, BOATHOOK_TLS_CERT: "x", BOATHOOK_TLS_KEY: "x" };
  expect(await run(executable(), ["health"], { env: settings })).toEqual({ code: 0, stdout: "ok\n", stderr: "" });
  expect(await server.boathook.process.stop()).toBe(0);
});

test("a server with a certificate delivers to its own inboxes, over old http:// URLs as well", async () => {
  await using server = await secured();
  const { url } = server.boathook;
  const send = clientOf(url, { tls: { ca: first.cert } });
  for (const origin of [url, url.replace("https:", "http:")]) {
    const app = await makeApplication(send);
    await makeEndpoint(send, app, `${origin}/inbox/named-by-the-test`);
    const [attempt] = await attemptsOf(send, app, await sendMessage(send, app));
    expect(attempt).toMatchObject({ statusText: "success", responseStatusCode: 200 });
  }
});

test("SIGHUP uses a renewed certificate for new connections and ends no request", async () => {
  await using server = await secured();
  const { boathook, fetch: get } = server;
  const stream = await OpenConnection.to(boathook.url, first);
  stream.send("GET /api/v1/live HTTP/1.1", "accept: text/event-stream");
  await stream.receives((text) => text.includes("text/event-stream"));

  server.write(second);
  expect(await server.reload()).toMatchObject({ changed: ["tls-cert", "tls-key"], needRestart: [] });
  expect((await get("/api/v1/health", second)).status).toBe(200);
  await expect(get("/api/v1/health", first)).rejects.toThrow();

  // The stream of the former listener still shows what happens.
  const before = (await stream.receives(() => true)).length;
  const body = JSON.stringify({ name: "Created after the reload" });
  const headers = { ...authorized.headers, "content-type": "application/json" };
  expect((await get("/api/v1/app", second, { method: "POST", headers, body })).status).toBe(201);
  const text = await stream.receives((received) => received.length > before);
  expect(text).not.toEndWith("[closed]");
  stream.close();

  expect(await server.reload()).toMatchObject({ changed: [] });
  server.write(first);
  expect(await server.reload()).toMatchObject({ changed: ["tls-cert", "tls-key"] });
  expect((await get("/api/v1/health", first)).status).toBe(200);
  expect(await boathook.process.stop()).toBe(0);
});

test("SIGHUP with a broken certificate keeps the former one and logs the reason", async () => {
  await using server = await secured();
  server.write({ cert: second.cert, key: first.key });
  const line = await server.reload();
  expect(line).toMatchObject({ level: "error", error: expect.stringMatching(/^The tls-key \S+ does not belong to /) });
  expect((await server.fetch("/api/v1/health", first)).status).toBe(200);
  server.write(second);
  expect(await server.reload()).toMatchObject({ changed: ["tls-cert", "tls-key"] });
  expect((await server.fetch("/api/v1/health", second)).status).toBe(200);
});

test("the certificate can be renewed many times", async () => {
  await using server = await secured();
  for (let i = 0; i < 12; i++) {
    const next = i % 2 === 0 ? second : first;
    server.write(next);
    await server.reload();
    expect((await server.fetch("/api/v1/health", next)).status).toBe(200);
  }
});

function listening(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

test("a server with a certificate does not share its port with another process", async () => {
  await using server = await secured();
  const { port } = new URL(server.boathook.url);
  using dir = temporaryDirectory();
  const [cert, key] = [dir.file("cert.pem"), dir.file("key.pem")];
  writeFileSync(cert, first.cert);
  writeFileSync(key, first.key);
  const args = ["serve", `--data-dir=${dir.file("data")}`, `--tls-cert=${cert}`, `--tls-key=${key}`];
  const again = await run(executable(), [...args, `--port=${port}`]);
  expect(again).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`Port ${port} of 127.0.0.1 is already in use.`),
  });

  const plain = await listening(0);
  const { port: taken } = plain.address() as { port: number };
  const refused = await run(executable(), [...args, `--port=${taken}`]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("is already in use.") });
  plain.close();
});

test("a wrong certificate ends the start with exit code 2 and one sentence", async () => {
  using dir = temporaryDirectory();
  const [cert, key] = [dir.file("cert.pem"), dir.file("key.pem")];
  writeFileSync(cert, first.cert);
  writeFileSync(key, second.key);
  const doctor = await run(executable(), ["doctor", "--json", `--tls-cert=${cert}`, `--tls-key=${key}`]);
  expect(JSON.parse(doctor.stdout).findings).toContainEqual({
    ...{ name: "certificate", level: "fail", remedy: expect.any(String) },
    detail: expect.stringMatching(/^The tls-key \S+ does not belong to /),
  });
  const start = (...args: string[]) =>
    run(executable(), ["serve", `--data-dir=${dir.file("data")}`, "--port=0", ...args]);
  const wrong = await start(`--tls-cert=${cert}`, `--tls-key=${key}`);
  expect(wrong).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^The tls-key \S+ does not belong to [^\n]+\n$/),
  });
  expect(await start(`--tls-cert=${cert}`)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("tls-key is missing"),
  });
  expect(await Bun.file(dir.file("data")).exists()).toBe(false);
});
