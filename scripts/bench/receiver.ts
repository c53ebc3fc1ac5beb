import { Child, TemporaryDirectory } from "./resources.ts";

/**
 * Receives webhooks, responds with 200 and counts them. It is nginx if that is installed, otherwise
 * a plain Bun process.
 */
export interface Receiver extends AsyncDisposable {
  /** Base URL without a trailing slash; every path below it receives webhooks. */
  readonly url: string;
  /** Description for the report. */
  readonly name: string;
  /** Returns the number of webhooks received since the start. */
  count(): Promise<number>;
}

export type ReceiverKind = "nginx" | "bun";

export function availableReceiver(): ReceiverKind {
  return Bun.which("nginx") === null ? "bun" : "nginx";
}

export function startReceiver(kind: ReceiverKind): Promise<Receiver> {
  return kind === "nginx" ? startNginx() : startPlain();
}

const READY_POLLS_MAX = 200;

async function startNginx(): Promise<Receiver> {
  const directory = new TemporaryDirectory();
  const url = `http://127.0.0.1:${freePort()}`;
  await Bun.write(directory.file("nginx.conf"), nginxConfiguration(new URL(url).host));
  const child = new Child(["nginx", "-e", "stderr", "-p", directory.path, "-c", directory.file("nginx.conf")]);
  // nginx also counts the status requests, so they are subtracted.
  let statusRequests = 0;
  const count = async () => {
    const response = await fetch(`${url}/status`);
    statusRequests++;
    const [, requests = ""] = /\n \d+ \d+ (\d+)/.exec(await response.text()) ?? [];
    return Number(requests) - statusRequests;
  };
  await waitUntilReady(count);
  return {
    url,
    name: "nginx `return 200`",
    count,
    async [Symbol.asyncDispose]() {
      await child[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

/**
 * The configuration runs nginx as a single process, so that only one process must be stopped. It
 * logs nothing and keeps connections open.
 */
function nginxConfiguration(address: string): string {
  const spools = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events { worker_connections 2048; }
http {
  ${spools.map((name) => `${name}_temp_path ${name};`).join(" ")}
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h;
  server { listen ${address} backlog=1024; location / { return 200; } location = /status { stub_status; } }
}`;
}

function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

async function waitUntilReady(ask: () => Promise<unknown>): Promise<void> {
  for (let polls = 1; ; polls++) {
    try {
      await ask();
      return;
    } catch (error) {
      if (polls === READY_POLLS_MAX) throw error;
      await Bun.sleep(25);
    }
  }
}

async function startPlain(): Promise<Receiver> {
  const child = new Child([process.execPath, import.meta.path]);
  const url = await child.waitForLine((line) => line);
  return {
    url,
    name: "a plain Bun process",
    count: async () => Number(await (await fetch(`${url}/status`)).text()),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** The receiver in plain Bun: this file run as a program. */
function serve(): void {
  let received = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    routes: { "/status": () => new Response(String(received)) },
    async fetch(request) {
      await request.arrayBuffer();
      received++;
      return new Response(null);
    },
  });
  console.log(`http://127.0.0.1:${server.port}`);
}

if (import.meta.main) serve();
