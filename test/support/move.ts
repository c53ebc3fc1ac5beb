import { executable, type Finished, run } from "./binary.ts";
import { type Installation, install } from "./installation.ts";
import { type Receiver, startReceiver } from "./receiver.ts";
import { ROOT_TOKEN } from "./server.ts";

/** Two installations, and a receiver for the endpoints of both. */
export interface TwoServers extends AsyncDisposable {
  readonly a: Installation;
  readonly b: Installation;
  readonly receiver: Receiver;
}

export async function twoServers(args: readonly string[] = []): Promise<TwoServers> {
  const receiver = startReceiver();
  const [a, b] = await Promise.all([install(args), install(args)]);
  return {
    ...{ a, b, receiver },
    async [Symbol.asyncDispose]() {
      await a[Symbol.asyncDispose]();
      await b[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

/** Runs `boathook move-app` from one URL to another. `env` changes its environment. */
export function moveApp(
  app: string,
  from: string,
  to: string,
  env: Readonly<Record<string, string>> = {},
  ...more: string[]
): Promise<Finished> {
  return run(executable(), ["move-app", app, `--to=${to}`, `--server=${from}`, ...more], {
    env: { BOATHOOK_TOKEN: ROOT_TOKEN, BOATHOOK_TARGET_TOKEN: ROOT_TOKEN, ...env },
  });
}

/** Kills a server while it is being asked, at the request with this number. */
export interface Fault {
  /** Number of the request, counted from 1 over all proxies of the crash. */
  readonly at: number;
  /** Whether the server is killed before it gets the request, or after it has responded. */
  readonly when: "before" | "after";
}

/** Proxies in front of servers, which count requests and may kill the server that is being asked. */
export class CrashProxies implements AsyncDisposable {
  readonly #servers: Bun.Server<undefined>[] = [];
  /** Number of requests since the last `arm`. A repetition of the request before, such as a poll, does not count. */
  #requests = 0;
  #latest = "";
  #fault: Fault | null = null;
  /** The server that was killed since the last `arm`. */
  killed: Installation | null = null;

  /** Returns the URL of a proxy for an installation. */
  before(target: Installation): string {
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: async (request) => {
        const { pathname, search } = new URL(request.url);
        const body = await request.arrayBuffer();
        const number = this.#numberOf(`${request.method} ${request.url} ${Buffer.from(body).toString("latin1")}`);
        const isHit = (when: Fault["when"]) => this.#fault?.at === number && this.#fault.when === when;
        if (isHit("before")) await this.#kill(target);
        try {
          const init = { method: request.method, headers: request.headers, ...(body.byteLength > 0 && { body }) };
          const response = await fetch(target.url + pathname + search, init);
          const whole = await response.arrayBuffer();
          if (!isHit("after")) return new Response(response.status === 204 ? null : whole, response);
          await this.#kill(target);
        } catch {
          // The server is dead.
        }
        return new Response("The server was killed.", { status: 502 });
      },
    });
    this.#servers.push(server);
    return `http://127.0.0.1:${server.port}`;
  }

  arm(fault: Fault | null): void {
    this.#requests = 0;
    this.#latest = "";
    this.killed = null;
    this.#fault = fault;
  }

  #numberOf(request: string): number {
    if (request !== this.#latest) this.#requests++;
    this.#latest = request;
    return this.#requests;
  }

  async #kill(target: Installation): Promise<void> {
    this.killed = target;
    await target.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server.stop(true);
  }
}
