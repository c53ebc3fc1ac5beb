import type { Socket } from "node:net";
import { type RawServer, type RawServerOptions, startRawServer } from "./raw-server.ts";

/** Called for each complete request. `nth` counts the requests of its connection. */
export type Speaking = (socket: Socket, nth: number) => void;

/** A receiver with full control of its connections, for behaviour that web servers do not have. */
export interface SocketReceiver extends RawServer {
  /** Number of requests on each connection so far. */
  readonly requests: readonly number[];
  /** The requests as Latin-1 text, in the order in which they were fully received. */
  readonly texts: readonly string[];
  /** Resolves when the latest connection has been closed. */
  closed(): Promise<void>;
}

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok";

/** Responds with 200 and leaves the connection open. */
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

/** Returns the length of the first request, or null if its head is not complete. */
function requestBytes(text: string): number | null {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headEnd))?.[1] ?? "0";
  return headEnd + 4 + Number(length);
}
