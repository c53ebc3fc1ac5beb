import { connect } from "node:net";
import type { Socket } from "bun";
import type { Cancel } from "../../ports.ts";
import { connectError } from "../connect-error.ts";
import { withKeptDescriptorSoon } from "../kept-descriptors.ts";

/** A socket of `node:net`, which wraps a native socket. */
interface WithHandle {
  _handle: Socket | null;
}

/**
 * Opens a TCP connection to an IP address. Calls `opened` with a native socket or `failed` with an
 * error code, but neither of them after `cancel`.
 *
 * `Bun.connect` cannot be cancelled (Bun 1.4.5): if the peer drops packets, each timed-out attempt
 * would leave a socket behind for two minutes. `node:net` can be cancelled but costs more CPU per
 * request. So `node:net` connects, and its native socket is used from then on. This socket is
 * half-open: after a FIN from the peer it stays open until this side closes it.
 */
export function dial(
  { address, port }: { readonly address: string; readonly port: number },
  opened: (socket: Socket) => void,
  failed: (code: string) => void,
): Cancel {
  // `node:net` creates the socket in a callback of `process.nextTick` (Bun 1.4.5).
  const dialing = withKeptDescriptorSoon(() => connect({ host: address, port, noDelay: true, lookup: refuseLookup }));
  const take = () => {
    const holder = dialing as unknown as WithHandle;
    const socket = holder._handle;
    if (socket === null) return;
    holder._handle = null;
    opened(socket);
  };
  // `node:net` still uses its native socket immediately after this event.
  dialing.once("connect", () => queueMicrotask(take));
  dialing.on("error", (error: NodeJS.ErrnoException) => {
    const code = error.code ?? error.name;
    failed(code === "ECONNREFUSED" ? connectError(address, port) : code);
  });
  return () => dialing.destroy();
}

/**
 * Called if the address is not an IP address. Looking up a name here would bypass the address
 * policy.
 */
function refuseLookup(_host: string, _options: object, done: (error: Error, address: string) => void): void {
  done(Object.assign(new Error("not a literal IP"), { code: "EINVAL" }), "");
}
