import type { Socket } from "bun";

/**
 * When to cut a connection: before a chunk of the client is passed on, or after the server has
 * responded to it, in which case the client does not get the response. With `silently`, the connection
 * stays open, but the chunk and all that follow are dropped, as by a firewall.
 */
export type Cut = "before" | "after" | "silently";

export interface CutProxy extends Disposable {
  readonly port: number;
  /** Cuts the next connection whose client sends this text. */
  cutNext(text: string, cut: Cut): void;
  /** Number of connections that were cut. */
  readonly cuts: number;
}

interface Side {
  other: Socket<Side> | null;
  /** Chunks of the client that arrived before the connection to the server. */
  waiting: Buffer[];
  cut: Cut | null;
}

/** Passes TCP connections on to a port of this machine, and can cut them at a given point. */
export function cutProxy(target: number): CutProxy {
  let plan: { readonly text: string; readonly cut: Cut } | null = null;
  let cuts = 0;
  const end = (socket: Socket<Side>) => {
    cuts++;
    socket.data.other?.terminate();
    socket.terminate();
  };
  const server = Bun.listen<Side>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      async open(client) {
        client.data = { other: null, waiting: [], cut: null };
        const toServer = await Bun.connect<Side>({
          hostname: "127.0.0.1",
          port: target,
          data: { other: client, waiting: [], cut: null },
          socket: {
            data(socket, chunk) {
              if (socket.data.other!.data.cut === "after") end(socket);
              else socket.data.other!.write(chunk);
            },
            close: (socket) => void socket.data.other?.end(),
            error() {},
          },
        }).catch(() => null);
        if (toServer === null) {
          client.terminate();
          return;
        }
        client.data.other = toServer;
        for (const chunk of client.data.waiting) toServer.write(chunk);
      },
      data(client, chunk) {
        if (client.data.cut === "silently") return;
        if (plan !== null && chunk.includes(plan.text)) {
          const { cut } = plan;
          plan = null;
          if (cut === "before") {
            end(client);
            return;
          }
          client.data.cut = cut;
          if (cut === "silently") {
            cuts++;
            return;
          }
        }
        if (client.data.other === null) client.data.waiting.push(Buffer.from(chunk));
        else client.data.other.write(chunk);
      },
      close: (client) => void client.data?.other?.end(),
      error() {},
    },
  });
  return {
    port: server.port,
    cutNext(text, cut) {
      plan = { text, cut };
    },
    get cuts() {
      return cuts;
    },
    [Symbol.dispose]: () => server.stop(true),
  };
}
