import { connect } from "node:net";
import type { Socket } from "bun";
import type { Cancel } from "../../ports.ts";

/** The native socket inside a socket of `node:net`. */
interface WithHandle {
  _handle: Socket | null;
}

/**
 * Opens a TCP connection to a literal IP. Calls `opened` with the runtime's native socket, or `failed` with an error
 * code, unless it is cancelled before that.
 *
 * `Bun.connect` gives no hold on a connection that is being opened, so it cannot be cancelled: a peer that drops
 * packets would bind a socket for two minutes after each attempt (Bun 1.4.5). `node:net` can cancel, but costs more for
 * each request. So `node:net` opens the connection, and its native socket does the rest. Both ends are closed
 * separately (`allowHalfOpen`).
 */
export function dial(
  { address, port }: { readonly address: string; readonly port: number },
  opened: (socket: Socket) => void,
  failed: (code: string) => void,
): Cancel {
  const dialing = connect({ host: address, port, noDelay: true, lookup: refuseLookup });
  const take = () => {
    const holder = dialing as unknown as WithHandle;
    const socket = holder._handle;
    if (socket === null) return;
    holder._handle = null;
    opened(socket);
  };
  // `node:net` has something left to do with the socket after it has told of the connection.
  dialing.once("connect", () => queueMicrotask(take));
  dialing.on("error", (error: NodeJS.ErrnoException) => failed(error.code ?? error.name));
  return () => dialing.destroy();
}

/** Called if the address is not a literal IP. A name must not be looked up again after its addresses were checked. */
function refuseLookup(_host: string, _options: object, done: (error: Error, address: string) => void): void {
  done(Object.assign(new Error("not a literal IP"), { code: "EINVAL" }), "");
}
