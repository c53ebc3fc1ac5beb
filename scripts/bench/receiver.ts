import { Child, TemporaryDirectory } from "./resources.ts";

/** Where the webhooks go: nginx where it is installed, else a plain Bun process. Answers 200 and counts. */
export interface Receiver extends AsyncDisposable {
  /** Any path below it is a receiver. Without a slash at the end. */
  readonly url: string;
  /** What it is, for the report. */
  readonly name: string;
  /** Webhooks received since it was started. */
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
  // Its own counter includes the requests that ask for it.
  let asked = 0;
  const count = async () => {
    const response = await fetch(`${url}/status`);
    asked++;
    const [, requests = ""] = /\n \d+ \d+ (\d+)/.exec(await response.text()) ?? [];
    return Number(requests) - asked;
  };
  await untilAnswers(count);
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

/** One process, so that there is one to end; nothing is logged, and connections stay open. */
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

async function untilAnswers(ask: () => Promise<unknown>): Promise<void> {
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
  const url = await child.said((line) => line);
  return {
    url,
    name: "a plain Bun process",
    count: async () => Number(await (await fetch(`${url}/status`)).text()),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** The plain one: this file as a program. */
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
