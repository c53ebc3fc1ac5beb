import { setTimeout as delay } from "node:timers/promises";
import type { ListenerDone } from "../../core/listener.ts";
import { socketPathOf } from "../../core/unix-socket.ts";
import { CommandFailed } from "../exit-code.ts";
import { phraseOf } from "./printable.ts";
import { proxyFor } from "./proxy.ts";
import { type Names, type ServerClient, ServerRefused } from "./server-client.ts";

/** The WebSocket of the runtime, which can also send pings and headers. */
interface RuntimeWebSocket extends WebSocket {
  ping(): void;
  terminate(): void;
}

const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 10_000;
/**
 * Time between two pings, in ms. A connection on which nothing has arrived since the last ping is
 * terminated.
 */
const PING_EVERY_MS = 20_000;
/** Statuses that a retry does not change. */
const FINAL_STATUSES: ReadonlySet<number> = new Set([400, 401, 403, 404, 422]);

/** Sends frames over the connection on which a frame has arrived. */
export interface FrameSender {
  /** Sends a frame, or does nothing if the connection has ended. */
  send(frame: ListenerDone): void;
}

export interface StreamEvents {
  /** Returns the path of the next connection, with the frame after which it continues. */
  path(): string;
  /** Called with each frame, parsed. */
  onFrame(frame: unknown, sender: FrameSender): void;
  /** Called when an open connection has ended and will be opened again. */
  onDisconnected(): void;
  /** Called before each connection. Resolves when frames can be processed. */
  ready(): Promise<void>;
}

/**
 * Receives frames from a server until `stop` is aborted, and connects again when a connection has
 * ended. Rejects with `CommandFailed` if the first connection cannot be opened, or if the server
 * refuses a later one with a final status.
 */
export async function followStream(
  client: ServerClient,
  events: StreamEvents,
  names: Names,
  stop: AbortSignal,
): Promise<void> {
  let isFirst = true;
  let waitMs = RETRY_MS_MIN;
  while (!stop.aborted) {
    await events.ready();
    const wasOpen = await receive(client, events.path(), events.onFrame, stop);
    if (stop.aborted) return;
    if (wasOpen) {
      isFirst = false;
      waitMs = RETRY_MS_MIN;
      events.onDisconnected();
    } else {
      const reason = await refusal(client, events.path(), names);
      if (isFirst || (reason instanceof ServerRefused && FINAL_STATUSES.has(reason.status))) throw reason;
    }
    // The random part spreads the connections to a restarted server.
    await delay(waitMs * (0.5 + Math.random() / 2), undefined, { signal: stop }).catch(() => {});
    waitMs = Math.min(waitMs * 2, RETRY_MS_MAX);
  }
}

type OnFrame = StreamEvents["onFrame"];

/**
 * Receives frames over one connection, until it ends or `stop` is aborted. Rejects with `CommandFailed`
 * if the connection cannot be opened.
 */
export async function streamOnce(
  client: ServerClient,
  path: string,
  { onFrame, names }: { readonly onFrame: OnFrame; readonly names: Names },
  stop: AbortSignal,
): Promise<void> {
  const wasOpen = await receive(client, path, onFrame, stop);
  if (!wasOpen && !stop.aborted) throw await refusal(client, path, names);
}

/**
 * Receives the frames of one connection. Resolves when it has ended, with whether it was open. Rejects
 * with `CommandFailed` after a frame that cannot be processed.
 */
function receive(client: ServerClient, path: string, onFrame: OnFrame, stop: AbortSignal): Promise<boolean> {
  const socket = openSocket(client, path);
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  let isOpen = false;
  let isAlive = true;
  const pinging = setInterval(() => {
    if (!isAlive) socket.terminate();
    isAlive = false;
    if (isOpen) socket.ping();
  }, PING_EVERY_MS);
  const close = () => socket.close();
  const alive = () => {
    isAlive = true;
  };
  socket.addEventListener("pong" as "open", alive);
  socket.addEventListener("open", () => {
    isOpen = true;
    alive();
  });
  socket.addEventListener("message", ({ data }) => {
    alive();
    const sender: FrameSender = {
      send(frame) {
        if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
      },
    };
    try {
      onFrame(frameOf(data), sender);
    } catch (error) {
      reject(unreadable(client.server, error));
      socket.terminate();
    }
  });
  socket.addEventListener("close", () => {
    clearInterval(pinging);
    stop.removeEventListener("abort", close);
    resolve(isOpen);
  });
  stop.addEventListener("abort", close);
  return promise;
}

/** Returns the object in a frame. Throws if it contains none. */
function frameOf(data: unknown): object {
  const frame: unknown = JSON.parse(String(data));
  if (typeof frame !== "object" || frame === null) throw new TypeError("It is not an object");
  return frame;
}

function unreadable(server: string, error: unknown): CommandFailed {
  if (error instanceof CommandFailed) return error;
  const reason = phraseOf(error instanceof Error ? error.message : String(error));
  return new CommandFailed(`A frame from the server at ${server} cannot be read (${reason}). Check --server.`);
}

function openSocket({ server, headers }: ServerClient, path: string): RuntimeWebSocket {
  const unix = socketPathOf(server);
  const url = unix === null ? `${server.replace(/^http/, "ws")}${path}` : `ws+unix://${unix}:${path}`;
  const proxy = unix === null ? proxyFor(server) : null;
  return new WebSocket(url, { headers, ...(proxy !== null && { proxy: proxy.url }) } as never) as RuntimeWebSocket;
}

/**
 * Returns why a connection could not be opened. A plain request shows it: if the response is 426, only
 * the upgrade has failed.
 */
async function refusal(client: ServerClient, path: string, names: Names): Promise<CommandFailed> {
  try {
    await client.get(path, names);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    if (!(error instanceof ServerRefused) || error.status !== 426) return error;
  }
  return new CommandFailed(
    `The server at ${client.server} cannot be reached over WebSocket. Let the proxy in front of it pass \`Upgrade\`.`,
  );
}
