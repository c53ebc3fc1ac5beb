import type { Elysia } from "elysia";
import { listenOptions } from "./api/http/server.ts";
import type { KeyPair } from "./core/key-pair.ts";
import { socketPathOf } from "./core/unix-socket.ts";
import { createSocket, makeRoomForSocket, type SocketFile } from "./edge/unix-socket.ts";

interface Place {
  readonly host: string;
  readonly port: number;
  /** Permissions of the Unix socket. */
  readonly socketMode: number;
}

/** Windows cannot let two listeners of one process share a port. */
const CAN_SHARE_PORT = process.platform !== "win32";

/**
 * The listener of the HTTP server. It can change its certificate: the runtime cannot replace the
 * certificate of a listener (Bun 1.4.5), so a new listener takes over the port. Requests that the
 * former one has received are still answered, and streams go on. Idle connections are closed.
 */
export class HttpListener {
  /** Former listeners whose last requests are not answered yet. */
  readonly #former = new Set<Bun.Server<unknown>>();
  #replacing: Promise<void> = Promise.resolve();
  #isStopping = false;
  /** Null unless the server listens on a Unix socket. */
  #socket: SocketFile | null = null;

  constructor(
    private readonly api: Elysia,
    private readonly place: Place,
    private keyPair: KeyPair | null,
  ) {}

  /**
   * Starts to listen. Throws `StartError` if the Unix socket cannot be used, and the error of the
   * runtime if another address cannot be used.
   */
  async listen(): Promise<void> {
    const { host: hostname, port, socketMode } = this.place;
    const path = socketPathOf(hostname);
    if (path !== null) {
      await makeRoomForSocket(path);
      this.#socket = createSocket(path, socketMode, (unix) => this.api.listen({ ...listenOptions, unix } as never));
    } else if (this.keyPair === null) this.api.listen({ ...listenOptions, hostname, port });
    else this.#listenWith(this.keyPair, CAN_SHARE_PORT ? this.#unusedPort() : port);
  }

  /** With port 0 for a Unix socket. */
  get address(): Pick<Bun.SocketAddress, "address" | "port"> {
    const path = socketPathOf(this.place.host);
    return path === null ? addressOf(this.#current) : { address: path, port: 0 };
  }

  /**
   * The port, or the path at which the Unix socket was created, by which the system names its
   * connections; 0 if the server does not listen.
   */
  get entry(): number | string {
    return this.#socket?.createdAt ?? this.api.server?.port ?? 0;
  }

  /** Closes the connections without a request. */
  closeIdle(): void {
    for (const server of this.#all) server.closeIdleConnections();
  }

  /**
   * Uses another certificate for new connections. Throws if that is not possible; the former
   * certificate then stays in use. Must only be called on a listener with a certificate.
   */
  replaceKeyPair(next: KeyPair): Promise<void> {
    const replacing = this.#replacing.then(() => (this.#isStopping ? undefined : this.#replace(next)));
    this.#replacing = replacing.catch(() => {});
    return replacing;
  }

  /** Accepts no further connections. Resolves when the last response is sent. */
  async drain(): Promise<void> {
    this.#beginStopping();
    await Promise.all([...this.#all].map((server) => server.stop(false)));
  }

  /** Closes all connections. */
  async stop(): Promise<void> {
    this.#beginStopping();
    await Promise.all([...this.#all].map((server) => server.stop(true)));
  }

  #beginStopping(): void {
    this.#isStopping = true;
    this.#socket?.remove();
  }

  async #replace(next: KeyPair): Promise<void> {
    const former = this.#current;
    const port = former.port!;
    if (!CAN_SHARE_PORT) return this.#replaceWithGap(former, next, port);
    this.#listenWith(next, port);
    this.keyPair = next;
    // The former listener accepts what already waits for it. Closing it would reset these connections.
    await new Promise((resolve) => setImmediate(resolve));
    this.#retire(former);
  }

  #replaceWithGap(former: Bun.Server<unknown>, next: KeyPair, port: number): void {
    this.#retire(former);
    try {
      this.#listenWith(next, port);
      this.keyPair = next;
    } catch (error) {
      this.#listenWith(this.keyPair!, port);
      throw error;
    }
  }

  #retire(former: Bun.Server<unknown>): void {
    this.#former.add(former);
    void former.stop(false).then(() => this.#former.delete(former));
  }

  #listenWith({ cert, key }: KeyPair, port: number): void {
    const { host: hostname } = this.place;
    const options = { ...listenOptions, reusePort: CAN_SHARE_PORT, hostname, port, tls: { cert, key } };
    // Elysia adds a listener of the process at each call. The program ends with `process.exit`, which
    // does not call it.
    const known = new Set(process.listeners("beforeExit"));
    this.api.listen(options);
    for (const added of process.listeners("beforeExit")) {
      if (!known.has(added)) process.removeListener("beforeExit", added);
    }
  }

  /**
   * Returns the port of the settings, or a free port for 0. Throws if another process uses the port:
   * listeners that may share a port with each other would share it with that process too.
   */
  #unusedPort(): number {
    const { host: hostname, port } = this.place;
    const probe = Bun.serve({ ...listenOptions, hostname, port, fetch: () => new Response(null, { status: 503 }) });
    void probe.stop(true);
    return probe.port!;
  }

  get #current(): Bun.Server<unknown> {
    return this.api.server as unknown as Bun.Server<unknown>;
  }

  get #all(): ReadonlySet<Bun.Server<unknown>> {
    return new Set([...this.#former, ...(this.api.server === null ? [] : [this.#current])]);
  }
}

/** Returns the address on which a server listens. The types of Bun do not declare it (Bun 1.4.5). */
export function addressOf(server: Bun.Server<unknown>): Bun.SocketAddress {
  return (server as unknown as { readonly address: Bun.SocketAddress }).address;
}
