import type { Elysia } from "elysia";
import { listenOptions } from "./api/http/server.ts";
import { OneLife, type Service } from "./core/service.ts";
import { listenError, type OwnAddress } from "./edge/own-address.ts";

/**
 * How long open connections may take to send their last responses after everything is stored, in
 * ms.
 */
const CLOSE_GRACE_MS = 500;

interface Address {
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | null;
}

/** Whether requests are served. It changes when the server has started and when it stops. */
export class Opening {
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

/**
 * Returns the HTTP server as two services. `listener` starts first, so that if the port is in use,
 * the start fails before any delivery is sent. It stops after the deliveries, because deliveries to
 * a built-in inbox need the server. `door` starts last and stops first; it calls `prepare` before it
 * opens. While `listener` runs without `door`, requests are refused.
 */
export function httpServices(
  api: Elysia,
  settings: Address,
  address: OwnAddress,
  opening: Opening,
  prepare: () => Promise<void>,
): { readonly listener: Service; readonly door: Service } {
  let closed: Promise<unknown> = Promise.resolve();
  const listener = new Step(
    async () => {
      try {
        api.listen({ ...listenOptions, hostname: settings.host, port: settings.port });
      } catch (error) {
        throw await listenError(error, settings);
      }
      address.listening(listeningAddress(api));
    },
    async () => {
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, CLOSE_GRACE_MS))]);
      await api.server?.stop(true);
    },
  );
  const door = new Step(
    async () => {
      await prepare();
      opening.open();
    },
    () => {
      opening.close();
      closed = api.server?.stop(false) ?? closed;
    },
  );
  return { listener, door };
}

/**
 * Returns the address on which the server listens. The types of Bun and Elysia do not declare
 * `address` (Bun 1.4.5).
 */
function listeningAddress({ server }: Elysia): Bun.SocketAddress {
  return (server as unknown as { readonly address: Bun.SocketAddress }).address;
}

class Step extends OneLife {
  constructor(
    protected readonly begin: () => void | Promise<void>,
    protected readonly end: () => void | Promise<void>,
  ) {
    super();
  }
}
