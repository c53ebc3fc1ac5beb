import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { executable, type Finished, run } from "../support/binary.ts";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { type Installation, install } from "../support/installation.ts";
import { listenTo } from "../support/listening.ts";
import { startReceiver } from "../support/receiver.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { makeSource } from "../support/source.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Tests a server that listens on a Unix socket. */

const isWindows = process.platform === "win32";

interface OnSocket extends AsyncDisposable {
  readonly boathook: Installation;
  readonly path: string;
  readonly host: string;
  readonly send: Send;
}

async function onSocket(...args: string[]): Promise<OnSocket> {
  const dir = temporaryDirectory();
  const path = dir.file("api.sock");
  const host = `unix:${path}`;
  const boathook = await install([`--host=${host}`, ...args]);
  return {
    ...{ boathook, path, host },
    send: clientOf("http://localhost", { unix: path }),
    async [Symbol.asyncDispose]() {
      await boathook[Symbol.asyncDispose]();
      dir[Symbol.dispose]();
    },
  };
}

function start(host: string, ...args: string[]): Promise<Finished> {
  const dir = temporaryDirectory();
  return run(executable(), ["serve", `--host=${host}`, `--data-dir=${dir.file("data")}`, ...args]).finally(() =>
    dir[Symbol.dispose](),
  );
}

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe.skipIf(isWindows)("a server on a Unix socket", () => {
  test("a server on a Unix socket serves the API there and delivers to its own inboxes", async () => {
    await using server = await onSocket();
    const { boathook, send, host } = server;
    expect(boathook.url).toBe(host);
    const app = await makeApplication(send);
    await makeEndpoint(send, app, "http://localhost/inbox/named-by-the-test");
    const [attempt] = await attemptsOf(send, app, await sendMessage(send, app));
    expect(attempt).toMatchObject({ statusText: "success", responseStatusCode: 200 });
    const { connections } = (await send("GET", "/system")).json;
    expect(connections.open).toBeGreaterThanOrEqual(1);
  });

  test("a server on a Unix socket creates the socket with mode 0660 or with socket-mode, and removes it at the end", async () => {
    await using server = await onSocket();
    expect(modeOf(server.path)).toBe("660");
    expect(await server.boathook.process.stop()).toBe(0);
    expect(existsSync(server.path)).toBe(false);
    await using other = await onSocket("--socket-mode=0606");
    expect(modeOf(other.path)).toBe("606");
  });

  test("a server that stops leaves the socket that another server has created at its path", async () => {
    await using server = await onSocket();
    unlinkSync(server.path);
    await using other = await install([`--host=${server.host}`]);
    expect(await server.boathook.process.stop()).toBe(0);
    expect((await server.send("GET", "/health")).status).toBe(200);
    expect(readdirSync(dirname(server.path))).toEqual([basename(server.path)]);
    expect(await other.process.stop()).toBe(0);
    expect(existsSync(server.path)).toBe(false);
  });

  test("a server on a Unix socket replaces the socket that a killed server has left", async () => {
    await using server = await onSocket();
    await server.boathook.kill();
    expect(existsSync(server.path)).toBe(true);
    await using again = await install([`--host=${server.host}`]);
    expect((await server.send("GET", "/health")).status).toBe(200);
    expect(again.url).toBe(server.host);
  });

  test("a server on a Unix socket does not take the socket of a running server, which goes on", async () => {
    await using server = await onSocket();
    const refused = await start(server.host);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^The Unix socket \S+ is already in use\. [^\n]+\n$/),
    });
    expect((await server.send("GET", "/health")).status).toBe(200);
  });

  test("a server on a Unix socket is not started at a path that is no socket, has no directory or needs a privilege", async () => {
    using dir = temporaryDirectory();
    writeFileSync(dir.file("file"), "kept");
    const file = await start(`unix:${dir.file("file")}`);
    expect(file).toMatchObject({ code: 1, stderr: expect.stringMatching(/^The file \S+ is not a socket\. /) });
    expect(await Bun.file(dir.file("file")).text()).toBe("kept");
    const missing = await start(`unix:${dir.file("missing/api.sock")}`);
    expect(missing).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^The directory of the Unix socket \S+ does not exist\. /),
    });
    mkdirSync(dir.file("directory"));
    expect(await start(`unix:${dir.file("directory")}`)).toMatchObject({ code: 1 });
  });

  test("a server on a Unix socket knows the addresses of clients only from a trusted proxy", async () => {
    for (const [args, address] of [
      [["--trusted-proxies=unix"], "203.0.113.7"],
      [[], ""],
    ] as const) {
      await using server = await onSocket(...args);
      const headers = { "x-forwarded-for": "198.51.100.1, 203.0.113.7" };
      const session = await server.send("POST", "/session", { token: ROOT_TOKEN }, { token: null, headers });
      expect(session).toMatchObject({ status: 201, json: { address } });
    }
  });

  test("a server on a Unix socket is not encrypted", async () => {
    const refused = await start("unix:/tmp/never-used.sock", "--tls-cert=cert.pem", "--tls-key=key.pem");
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/^A Unix socket is not encrypted\. /) });
  });

  test("a server on a Unix socket is reached by commands with --server unix:/path", async () => {
    await using server = await onSocket();
    const { send, host } = server;
    const { uid: source } = await makeSource(send, "http://localhost/inbox/of-the-source");
    const env = { BOATHOOK_TOKEN: ROOT_TOKEN };
    const trigger = (at: string) =>
      run(executable(), ["trigger", "charge.refunded", "--source", source, "--server", at], { env });
    expect(await trigger(host)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^msg_\w+\n$/) });
    expect(await trigger("unix:/tmp/nobody-listens-here.sock")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^The server at unix:\/tmp\/nobody-listens-here\.sock cannot be reached/),
    });
    const health = await run(executable(), ["health"], { env: { BOATHOOK_HOST: host } });
    expect(health).toEqual({ code: 0, stdout: "ok\n", stderr: "" });
    const doctor = await run(executable(), ["doctor", "--json", "--server", host], { env });
    expect(JSON.parse(doctor.stdout).findings).toContainEqual(expect.objectContaining({ name: "server", level: "ok" }));
    expect(await trigger("unix:relative.sock")).toMatchObject({ code: 2 });
  });

  test("a listener connects to a server on a Unix socket", async () => {
    await using server = await onSocket();
    await using local = startReceiver();
    const app = await makeApplication(server.send);
    await using listening = await listenTo({ url: server.host }, ["--app", app, "--forward-to", local.url]);
    const id = await sendMessage(server.send, app);
    expect((await listening.forwarded(1))[0]).toMatchObject({ messageId: id, status: 204 });
  });

  test("a server on a Unix socket refuses connections beyond the maximum, and only those", async () => {
    await using server = await onSocket("--max-connections=5");
    const open = new Set<Bun.Socket>();
    for (let i = 0; i < 12; i++) {
      const socket = await Bun.connect({
        unix: server.path,
        socket: { data() {}, close: (closed) => void open.delete(closed), error() {} },
      });
      open.add(socket);
      socket.write(`GET /api/v1/live HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${ROOT_TOKEN}\r\n\r\n`);
    }
    await until(
      async () => open.size,
      (size) => size <= 5,
    );
    for (const socket of open) socket.terminate();
    await until(
      async () => (await server.send("GET", "/health").catch(() => null))?.status,
      (status) => status === 200,
    );
    expect(await server.boathook.process.stop()).toBe(0);
  });
});
