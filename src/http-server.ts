import type { Elysia } from "elysia";
import { listenOptions } from "./api/http/server.ts";
import { OneLife, type Service } from "./core/service.ts";
import { listenError, type OwnAddress } from "./edge/own-address.ts";

/** Time for open connections to send their last responses after everything is stored. */
const CLOSE_GRACE_MS = 500;

interface Address {
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | null;
}

/** Whether requests are served, from the start of the server to its end. */
export class Opening {
  readonly #stopping = new AbortController();
  #isOpen = false;

  /** True until the services have started. */
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
 * Returns the HTTP server as two services. `listener` starts first, so that a start fails before
 * anything is sent if the port is in use. It stops after the deliveries, because those to a built-in
 * inbox need the server until then. `door` starts last and stops first; between the two, requests
 * are refused.
 */
export function httpServices(
  api: Elysia,
  settings: Address,
  address: OwnAddress,
  opening: Opening,
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
    () => opening.open(),
    () => {
      opening.close();
      closed = api.server?.stop(false) ?? closed;
    },
  );
  return { listener, door };
}

/** Where it listens. The types of Bun and Elysia do not list `address` (Bun 1.4.5). */
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
