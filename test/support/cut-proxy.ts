import type { Socket } from "bun";

/**
 * When to cut a connection: before a chunk of the client is passed on, or after the server has
 * responded to it, in which case the client does not get the response. With `silently`, the connection
 * stays open, but the chunk and all that either side sends later are dropped, as by a firewall. With
 * `silently after`, only this chunk is still passed on.
 */
export type Cut = "before" | "after" | "silently" | "silently after";

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

const isSilent = (cut: Cut | null): boolean => cut?.startsWith("silently") ?? false;

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
              const { cut } = socket.data.other!.data;
              if (cut === "after") end(socket);
              else if (!isSilent(cut)) socket.data.other!.write(chunk);
            },
            close(socket) {
              if (!isSilent(socket.data.other!.data.cut)) socket.data.other!.end();
            },
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
        if (isSilent(client.data.cut)) return;
        if (plan !== null && chunk.includes(plan.text)) {
          const { cut } = plan;
          plan = null;
          if (cut === "before") {
            end(client);
            return;
          }
          client.data.cut = cut;
          if (isSilent(cut)) cuts++;
          if (cut === "silently") return;
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
