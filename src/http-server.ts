import type { Elysia } from "elysia";
import { withHost } from "./api/http/request-target.ts";
import { listenOptions } from "./api/http/server.ts";
import type { KeyPair } from "./core/key-pair.ts";
import { OneLife, type Service } from "./core/service.ts";
import { StartError } from "./core/start-error.ts";
import { listenError, type OwnAddress } from "./edge/own-address.ts";
import { addressOf, HttpListener } from "./http-listener.ts";

/**
 * How long open connections may take to send their last responses after everything is stored, in
 * ms.
 */
const CLOSE_GRACE_MS = 500;

interface Address {
  readonly host: string;
  readonly port: number;
  readonly socketMode: number;
  readonly publicUrl: string | null;
}

/** Whether requests are served. It changes when the server has started and when it stops. */
export class ServingState {
  readonly #stopping = new AbortController();
  #isOpen = false;

  /** True until the services have started and the data directory is prepared. */
  readonly isStarting = () => !this.#isOpen;

  /** Aborted when the server stops. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  open(): void {
    this.#isOpen = true;
  }

  close(): void {
    this.#stopping.abort();
  }
}

/** The HTTP server: two services, and what else can be done with it. */
export interface HttpServer {
  readonly listener: Service;
  readonly door: Service;
  /** The ports and the path of the Unix socket on which clients connect, also over gRPC. */
  entries(): ReadonlyArray<number | string>;
  readonly isEncrypted: boolean;
  /** Closes the connections without a request. */
  closeIdle(): void;
  /** Uses another certificate for new connections. Throws if it cannot be used. */
  replaceKeyPair(next: KeyPair): Promise<void>;
}

/**
 * Creates the HTTP server as two services. `listener` starts first, so that if the port is in use,
 * the start fails before any delivery is sent. It stops after the deliveries, because deliveries to
 * a built-in inbox need the server. `door` starts last and stops first; it calls `prepare` before it
 * opens. While `listener` runs without `door`, requests are refused.
 */
export function createHttpServer(
  api: Elysia,
  settings: Address,
  keyPair: KeyPair | null,
  address: OwnAddress,
  serving: ServingState,
  prepare: () => Promise<void>,
  otherPorts: () => readonly number[] = () => [],
): HttpServer {
  const http = new HttpListener(api, settings, keyPair);
  let inboxes: Bun.Server<unknown> | null = null;
  let closed: Promise<unknown> = Promise.resolve();
  const listener = new Step(
    async () => {
      try {
        await http.listen();
      } catch (error) {
        throw error instanceof StartError ? error : await listenError(error, settings);
      }
      if (keyPair !== null || address.socketPath !== null) inboxes = listenForInboxes(api);
      address.listening(http.address, inboxes === null ? http.address : addressOf(inboxes));
    },
    async () => {
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, CLOSE_GRACE_MS))]);
      await Promise.all([http.stop(), inboxes?.stop(true)]);
    },
  );
  const door = new Step(
    async () => {
      await prepare();
      serving.open();
    },
    () => {
      serving.close();
      closed = http.drain();
    },
  );
  return {
    ...{ listener, door },
    isEncrypted: keyPair !== null,
    entries: () => [http.entry, ...otherPorts()],
    closeIdle: () => http.closeIdle(),
    replaceKeyPair: (next) => http.replaceKeyPair(next),
  };
}

/**
 * Starts a listener that takes deliveries of this server to its own inboxes over plain HTTP, at the
 * loopback address. The certificate of the server rarely names an address of this machine, and
 * deliveries cannot use a Unix socket.
 */
function listenForInboxes(api: Elysia): Bun.Server<unknown> {
  return Bun.serve({
    ...listenOptions,
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) =>
      new URL(request.url, "http://localhost").pathname.startsWith("/inbox/")
        ? api.fetch(withHost(request))
        : new Response(null, { status: 404 }),
  });
}

class Step extends OneLife {
  constructor(
    protected readonly begin: () => void | Promise<void>,
    protected readonly end: () => void | Promise<void>,
  ) {
    super();
  }
}
