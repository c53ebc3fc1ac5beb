import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { which } from "bun";
import { type Certificate, selfSigned } from "../support/certificate.ts";
import { clientOf, makeApplication } from "../support/client.ts";
import { makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { freePort } from "../support/free-port.ts";
import { guideBlocks, replaced } from "../support/guide.ts";
import { type Installation, install } from "../support/installation.ts";
import { listenTo } from "../support/listening.ts";
import { nginxCommand } from "../support/nginx.ts";
import { startReceiver } from "../support/receiver.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { SocketConsumer } from "../support/socket-consumer.ts";
import { makeSource } from "../support/source.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Runs the configurations of the guide in the real proxies, with other ports and certificates. */

const MIB = 1024 * 1024;

interface Proxied extends AsyncDisposable {
  readonly boathook: Installation;
  /** The public URL, without a trailing slash. */
  readonly url: string;
  readonly init: BunFetchRequestInit;
}

/** Starts a server and a proxy before it. `start` returns the command of the proxy. */
async function proxied(
  pathPrefix: string,
  scheme: "http" | "https",
  start: (place: {
    port: number;
    own: string;
    dir: ReturnType<typeof temporaryDirectory>;
    certificate: Certificate;
  }) => Promise<string[]>,
): Promise<Proxied> {
  const dir = temporaryDirectory();
  const certificate = selfSigned("127.0.0.1");
  const port = freePort();
  const url = `${scheme}://127.0.0.1:${port}${pathPrefix}`;
  const boathook = await install(["--trusted-proxies=127.0.0.1/32", `--public-url=${url}`]);
  const command = await start({ port, own: new URL(boathook.url).host, dir, certificate });
  const env = { PATH: process.env.PATH!, HOME: dir.path };
  const proxy = Bun.spawn(command, { env, stdio: ["ignore", "ignore", "pipe"] });
  const errors = new Response(proxy.stderr).text();
  const init: BunFetchRequestInit = scheme === "https" ? { tls: { ca: certificate.cert } } : {};
  const stop = async () => {
    proxy.kill("SIGTERM");
    await proxy.exited;
    await boathook[Symbol.asyncDispose]();
    dir[Symbol.dispose]();
  };
  try {
    await until(
      async () => {
        if (proxy.exitCode !== null) throw new Error(`${command[0]} ended: ${await errors}`);
        return fetch(`${url}/api/v1/health`, init).then(({ status }) => status, String);
      },
      (status) => status === 200,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { boathook, url, init, [Symbol.asyncDispose]: stop };
}

/** Checks what a proxy can break. */
async function expectService({ url, init }: Proxied): Promise<void> {
  const send = clientOf(url, init);
  const session = await send("POST", "/session", { token: ROOT_TOKEN }, { token: null });
  expect(session).toMatchObject({ status: 201, json: { address: "127.0.0.1" } });
  const { status, headers } = await send("GET", "/health");
  expect([status, headers.get("content-type")]).toEqual([200, "application/json"]);
  const page = await fetch(`${url}/ui/`, init);
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("<!doctype html>")]);
  await expectBodySizes(send);
  await expectLiveView(url, init, send);
  await expectSource(url, init, send);
  await expectConsumer(url, init, send);
  await expectListener(url, init, send);
}

async function expectBodySizes(send: Installation["send"]): Promise<void> {
  const app = await makeApplication(send);
  const messageOf = (bytes: number) => ({ eventType: "demo.large", payload: { text: "x".repeat(bytes) } });
  expect((await send("POST", `/app/${app}/msg`, messageOf(2 * MIB - 1024))).status).toBe(202);
  expect((await send("POST", `/app/${app}/msg`, messageOf(2 * MIB + 1024))).status).toBe(413);
}

/** A change must arrive while the stream stays open. */
async function expectLiveView(url: string, init: BunFetchRequestInit, send: Installation["send"]): Promise<void> {
  const abort = new AbortController();
  const headers = { authorization: `Bearer ${ROOT_TOKEN}`, accept: "text/event-stream" };
  const stream = await fetch(`${url}/api/v1/live`, { ...init, headers, signal: abort.signal });
  expect(stream.headers.get("content-type")).toStartWith("text/event-stream");
  let received = "";
  const reading = (async () => {
    for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream())) received += chunk;
  })().catch(() => {});
  await until(
    async () => received,
    (text) => text.includes("event: overview"),
  );
  const before = received.length;
  const app = await makeApplication(send);
  await makeEndpoint(send, app, `${url}/inbox/of-the-live-view`);
  await sendMessage(send, app);
  await until(
    async () => received.slice(before),
    (text) => text.includes("\n\n"),
  );
  abort.abort();
  await reading;
}

/** The URL of a source leads through the proxy, and its deliveries to the inbox do not need the proxy. */
async function expectSource(url: string, init: BunFetchRequestInit, send: Installation["send"]): Promise<void> {
  const fields = { type: "generic-webhook", config: {} };
  const { url: door } = await makeSource(send, `${url}/inbox/of-the-source`, { fields });
  expect(door).toStartWith(`${url}/in/`);
  expect((await fetch(door, { ...init, method: "POST", body: '{"type":"a.b"}' })).status).toBeLessThan(300);
  const inbox = () => fetch(`${url}/inbox/of-the-source`, init).then(({ status }) => status);
  expect(await inbox()).toBeLessThan(500);
}

/** A WebSocket must be upgraded, and frames must pass in both directions. */
async function expectConsumer(url: string, { tls }: BunFetchRequestInit, send: Installation["send"]): Promise<void> {
  const app = await makeApplication(send);
  const endpoint = (await send("POST", `/app/${app}/endpoint`, { url: "websocket:" })).json.id;
  using consumer = await SocketConsumer.connect(url, `/api/v1/app/${app}/endpoint/${endpoint}`, { tls });
  const messages = [await sendMessage(send, app), await sendMessage(send, app)];
  await consumer.until(() => consumer.frames.length >= 2);
  expect(consumer.messageIds).toEqual(messages);
}

/** `boathook listen` reaches the server through the proxy, whose certificate it trusts. */
async function expectListener(url: string, { tls }: BunFetchRequestInit, send: Installation["send"]): Promise<void> {
  using dir = temporaryDirectory();
  if (tls !== undefined) writeFileSync(dir.file("ca.pem"), String(tls.ca));
  await using local = startReceiver();
  const app = await makeApplication(send);
  const args = ["--app", app, "--forward-to", local.url];
  await using listening = await listenTo(
    { url },
    args,
    tls === undefined ? {} : { NODE_EXTRA_CA_CERTS: dir.file("ca.pem") },
  );
  const id = await sendMessage(send, app);
  expect((await listening.forwarded(1))[0]).toMatchObject({ messageId: id, status: 204 });
}

describe.skipIf(which("nginx") === null)("the guide's configuration of nginx", () => {
  async function nginx(
    { port, own, dir, certificate }: Parameters<Parameters<typeof proxied>[2]>[0],
    location?: string,
  ) {
    writeFileSync(dir.file("cert.pem"), certificate.cert);
    writeFileSync(dir.file("key.pem"), certificate.key);
    const [server] = await guideBlocks("running", "nginx");
    const site = replaced(
      server!,
      ["listen 443 ssl", `listen 127.0.0.1:${port} ssl`],
      ["/etc/ssl/hooks.example.com.pem", dir.file("cert.pem")],
      ["/etc/ssl/hooks.example.com.key", dir.file("key.pem")],
      ["127.0.0.1:8071", own],
    );
    const own_location = /^ {2}location \/ \{[\s\S]*?^ {2}\}$/m;
    const whole = location === undefined ? site : site.replace(own_location, () => location);
    return nginxCommand(dir, whole);
  }

  test("the guide's configuration of nginx serves the API, large bodies, the live view and sources", async () => {
    await using server = await proxied("", "https", (place) => nginx(place));
    await expectService(server);
  });

  test("the guide's configuration of nginx serves everything below a path, whether nginx removes the path or not", async () => {
    const [, location] = await guideBlocks("running", "nginx");
    for (const text of [location!, replaced(location!, ["http://boathook/;", "http://boathook;"])]) {
      await using server = await proxied("/hooks", "https", (place) => nginx(place, text));
      await expectService(server);
    }
  });
});

describe.skipIf(which("caddy") === null)("the guide's configuration of Caddy", () => {
  test("the guide's configuration of Caddy serves the API, large bodies, the live view and sources", async () => {
    await using server = await proxied("", "http", async ({ port, own, dir }) => {
      const [site] = await guideBlocks("running", "caddyfile");
      const text = replaced(site!, ["hooks.example.com {", `http://127.0.0.1:${port} {`], ["127.0.0.1:8071", own]);
      writeFileSync(dir.file("Caddyfile"), `{\n\tadmin off\n\tauto_https off\n}\n${text}`);
      return ["caddy", "run", "--config", dir.file("Caddyfile"), "--adapter", "caddyfile"];
    });
    await expectService(server);
  });
});
