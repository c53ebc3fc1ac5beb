import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Certificate } from "./certificate.ts";

/** A TCP or TLS server whose connections the test controls. */
export interface RawServer extends AsyncDisposable {
  /** URL without a trailing slash. */
  readonly url: string;
  readonly port: number;
}

export interface RawServerOptions {
  readonly host?: string;
  /** The port to listen on. Default: a free port. */
  readonly port?: number;
  readonly certificate?: Certificate;
}

/**
 * Listens on a port. `onConnection` is called for each connection; for TLS, after the handshake.
 */
export async function startRawServer(
  onConnection: (socket: Socket) => void,
  { host = "127.0.0.1", port = 0, certificate }: RawServerOptions = {},
): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const accept = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    onConnection(socket);
  };
  const server: Server = certificate === undefined ? createServer(accept) : createTlsServer(certificate, accept);
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server does not listen on a port.");
  const scheme = certificate === undefined ? "http" : "https";
  return {
    url: `${scheme}://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
