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

/**
 * Returns the HTTP server as two services. `door` accepts connections; it starts last and stops
 * first. `connections` stops after the deliveries, because those to a built-in inbox need the
 * server until then.
 */
export function httpServices(
  api: Elysia,
  settings: Address,
  address: OwnAddress,
  stopping: AbortController,
): { readonly door: Service; readonly connections: Service } {
  let closed: Promise<unknown> = Promise.resolve();
  const door = new Step(
    () => {
      try {
        api.listen({ ...listenOptions, hostname: settings.host, port: settings.port });
      } catch (error) {
        throw listenError(error, settings);
      }
      address.listening(api.server!.port!);
    },
    () => {
      stopping.abort();
      closed = api.server?.stop(false) ?? closed;
    },
  );
  const connections = new Step(
    () => {},
    async () => {
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, CLOSE_GRACE_MS))]);
      await api.server?.stop(true);
    },
  );
  return { door, connections };
}

class Step extends OneLife {
  constructor(
    protected readonly begin: () => void | Promise<void>,
    protected readonly end: () => void | Promise<void>,
  ) {
    super();
  }
}
