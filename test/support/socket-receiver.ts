import type { Socket } from "node:net";
import { type RawServer, type RawServerOptions, startRawServer } from "./raw-server.ts";

/** Decides what becomes of a connection when a whole request has come over it; `nth` counts the requests of this connection. */
export type Speaking = (socket: Socket, nth: number) => void;

/** A receiver that has its connections in its own hands, for what no web server would do. */
export interface SocketReceiver extends RawServer {
  /** Requests so far, by connection. */
  readonly requests: readonly number[];
  /** The requests as they came, byte for byte as Latin-1, in the order in which they were complete. */
  readonly texts: readonly string[];
  /** Resolves when the other side knows, or could know, that the latest connection is closed. */
  closed(): Promise<void>;
}

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok";

/** Says 200 and leaves the connection open. */
export function answer(socket: Socket): void {
  socket.write(ANSWER);
}

export async function startSocketReceiver(speaking: Speaking, options?: RawServerOptions): Promise<SocketReceiver> {
  const requests: number[] = [];
  const texts: string[] = [];
  const closings: Promise<void>[] = [];
  const server = await startRawServer((socket) => {
    const connection = requests.push(0) - 1;
    closings.push(new Promise((resolve) => socket.once("close", () => resolve())));
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      const bytes = requestBytes(text);
      if (bytes === null || text.length < bytes) return;
      texts.push(text.slice(0, bytes));
      text = text.slice(bytes);
      requests[connection]! += 1;
      speaking(socket, requests[connection]!);
    });
  }, options);
  return { ...server, requests, texts, closed: () => closings.at(-1)! };
}

/** How long the request is; null when its head has not come whole. */
function requestBytes(text: string): number | null {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headEnd))?.[1] ?? "0";
  return headEnd + 4 + Number(length);
}
