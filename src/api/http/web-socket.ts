import { CONSUMER_PROTOCOL } from "../../core/consumer-frame.ts";
import { Problem } from "../../core/problem.ts";
import { originalOf, withHeaders } from "./request-target.ts";

/** An open WebSocket. */
export type Socket = Pick<
  Bun.ServerWebSocket<SocketEvents>,
  "sendText" | "ping" | "close" | "terminate" | "getBufferedAmount"
>;

/** What happens on a WebSocket. Elysia passes the events on to the object that belongs to the socket. */
export interface SocketEvents {
  open(socket: Socket): void;
  message(socket: Socket, message: string | Buffer): void;
  /** The client has read what waited to be sent. */
  drain(socket: Socket): void;
  close(socket: Socket): void;
  /** The client has responded to a ping. */
  pong?(socket: Socket): void;
}

/** Upgrades a request to a WebSocket. Returns false if that is not possible. */
export type Upgrade = (request: Request, events: SocketEvents) => boolean;

/**
 * Options of all WebSockets. The parts that use them send pings and limit what waits to be sent. The
 * idle timeout ends connections on which nobody sends anything; a ping restarts it (Bun 1.4.5).
 */
export const webSocketOptions = {
  idleTimeout: 60,
  sendPings: false,
  perMessageDeflate: false,
  maxPayloadLength: 64 * 1024,
  backpressureLimit: 1024 ** 3,
} as const;

const TOKEN_PREFIX = "bearer.";

/**
 * Returns a request for a WebSocket with the token of its subprotocol as `Authorization`, and without
 * cookies.
 */
export function upgradeRequest(request: Request): Request {
  const headers = new Headers(request.headers);
  headers.delete("cookie");
  const token = protocolsOf(request).find((protocol) => protocol.startsWith(TOKEN_PREFIX));
  if (token !== undefined && !headers.has("authorization")) {
    headers.set("authorization", `Bearer ${token.slice(TOKEN_PREFIX.length)}`);
  }
  return withHeaders(request, headers);
}

/** Upgrades a request and returns the response. Throws 426 if the request cannot be upgraded. */
export function upgraded(upgrade: Upgrade, request: Request, events: SocketEvents): Response {
  const isRequested = request.headers.get("upgrade")?.toLowerCase() === "websocket";
  if (isRequested && upgrade(request, events)) return new Response(null, { status: 101 });
  throw new Problem(426, "upgrade_required", "Connect with a WebSocket client (header Upgrade: websocket).");
}

/** Upgrades a request. A client that offers subprotocols gets the one of the frames. */
export function upgradeOn(server: Bun.Server<unknown>, request: Request, data: SocketEvents): boolean {
  const offers = protocolsOf(request).includes(CONSUMER_PROTOCOL);
  const headers: Record<string, string> = offers ? { "sec-websocket-protocol": CONSUMER_PROTOCOL } : {};
  try {
    return server.upgrade(originalOf(request), { data, headers });
  } catch (error) {
    if ((error as { readonly code?: string }).code !== "ERR_INVALID_ARG_TYPE") throw error;
    // The connection belongs to a former listener, whose certificate was replaced.
    throw new Problem(503, "unavailable", "The server has a new certificate. Open another connection.", 1);
  }
}

function protocolsOf(request: Request): readonly string[] {
  const offered = request.headers.get("sec-websocket-protocol") ?? "";
  return offered.split(",").map((protocol) => protocol.trim());
}
