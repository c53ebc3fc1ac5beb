import type { Socket, SocketHandler } from "bun";
import type { Answer, Cancel } from "../../ports.ts";
import { dial } from "./dial.ts";
import { type ConnectionEnd, proxyTooSlow, timedOut, tunnelTooSlow } from "./failure.ts";
import { HandshakeLimiter } from "./handshake-limiter.ts";
import type { EgressProxy, ProxyDial } from "./proxy.ts";
import { type UnsentBytes, writeRequest } from "./request-writer.ts";
import type { ConnectionTarget, TlsTarget } from "./target.ts";

/** The user of a connection: an exchange, or the pool while the connection is idle. */
export interface ConnectionUser {
  /**
   * Called once, when the connection is ready for a request. If it uses TLS, the peer has been
   * verified.
   */
  opened(connection: Connection): void;
  received(connection: Connection, bytes: Uint8Array): void;
  /**
   * Called when the connection could not be opened or the peer ended it. Called at most once, and
   * never after `close` or `abort`.
   */
  ended(connection: Connection, end: ConnectionEnd): void;
}

/** A TCP or TLS connection. The constructor starts opening it. */
export class Connection {
  /** The pool's count of sweeps when the connection became idle. Set by the pool. */
  idleSince = 0;
  #socket: Socket<Connection> | null = null;
  #unsent: UnsentBytes | null = null;
  #isOpen = false;
  #hasEnded = false;
  #cancelDial: Cancel = () => {};
  #proxyDial: ProxyDial | null = null;
  /** Tells the limiter that the TLS handshake has ended or is no longer needed. */
  #endHandshake: Cancel = () => {};

  constructor(
    readonly target: ConnectionTarget,
    public user: ConnectionUser,
  ) {
    if (target.tls === null) this.#dial();
    else this.#endHandshake = handshakes.run(() => this.#dial());
  }

  /** Whether part of the last request is unsent. */
  get isSending(): boolean {
    return this.#unsent !== null;
  }

  /** The failure of a request that times out now, before the connection is open. */
  get timeout(): Answer {
    if (this.#proxyDial === null) return timedOut;
    return this.#proxyDial.isConnected ? tunnelTooSlow : proxyTooSlow;
  }

  /**
   * Sends one request. `head` is Latin-1. Bytes that the socket does not accept immediately are
   * sent when it has room.
   */
  send(head: string, body: Uint8Array): void {
    this.#unsent = writeRequest(this.#socket!, head, body);
  }

  /** Closes an open connection with a FIN. */
  close(): void {
    this.#hasEnded = true;
    this.#socket?.end();
  }

  /** Closes the connection, even while it is opening. Drops unsent bytes. */
  abort(): void {
    this.#hasEnded = true;
    this.#endHandshake();
    this.#cancelDial();
    this.#socket?.terminate();
  }

  #dial(): void {
    const { proxy } = this.target;
    if (proxy !== null) {
      this.#dialThrough(proxy);
      return;
    }
    this.#cancelDial = dial(
      this.target,
      (socket) => this.#dialed(socket),
      (code) => this.#end({ code, isTls: false }),
    );
  }

  #dialThrough(proxy: EgressProxy): void {
    const dialing = proxy.open(
      this.target,
      (socket) => this.#dialed(socket),
      (end) => this.#end(end),
    );
    this.#proxyDial = dialing;
    this.#cancelDial = () => dialing.cancel();
  }

  #dialed(socket: Socket): void {
    this.#proxyDial = null;
    const { tls } = this.target;
    try {
      if (tls === null) this.#adopt(socket);
      else this.#startTls(socket, tls);
    } catch (error) {
      // This happens, for example, if `ca` contains no certificates.
      this.#end({ code: codeOf(error), isTls: tls !== null });
      socket.terminate();
    }
  }

  #adopt(socket: Socket): void {
    const own = socket as unknown as Socket<Connection>;
    own.data = this;
    own.reload({ socket: handlers });
    this.#socket = own;
    this.#open();
  }

  #startTls(socket: Socket, { serverName, options }: TlsTarget): void {
    // The TLS socket reports everything that the TCP socket below it would report.
    socket.reload({ socket: silent });
    const [, secure] = socket.upgradeTLS<Connection>({
      data: this,
      // `rejectUnauthorized` is set explicitly, so that NODE_TLS_REJECT_UNAUTHORIZED has no effect.
      tls: { serverName, rejectUnauthorized: true, ...options },
      socket: handlers,
    });
    this.#socket = secure;
  }

  #open(): void {
    if (this.#isOpen || this.#hasEnded) return;
    this.#isOpen = true;
    this.#endHandshake();
    this.user.opened(this);
  }

  #end(end: ConnectionEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#endHandshake();
    this.user.ended(this, end);
  }

  /** All connections share these handlers; `socket.data` is the connection. */
  static readonly handlers: SocketHandler<Connection> = {
    /** Also called when the peer renegotiates, which TLS 1.2 allows at any time. */
    handshake(socket, isVerified, error) {
      const connection = socket.data;
      if (isVerified) {
        connection.#open();
        return;
      }
      const code = codeOf(error);
      connection.#end({ code, isTls: code !== "ECONNRESET" });
      socket.terminate();
    },
    data({ data: connection }, bytes) {
      if (!connection.#hasEnded) connection.user.received(connection, bytes);
    },
    drain(socket) {
      const connection = socket.data;
      connection.#unsent = connection.#unsent?.writeTo(socket) ?? null;
    },
    /** Called when the peer has sent a FIN, after which no response can follow. */
    end(socket) {
      socket.data.#end({ code: "", isTls: false });
      socket.end();
    },
    close({ data: connection }, error) {
      connection.#end({ code: error === undefined ? "" : codeOf(error), isTls: false });
    },
    /** Called when the TLS session failed or one of these handlers threw. */
    error(socket, error) {
      const code = codeOf(error);
      socket.data.#end({ code, isTls: /SSL|TLS|EPROTO/.test(code) });
      socket.terminate();
    },
  };
}

/** Shared by all clients, because the limit is that of the event loop. */
const handshakes = new HandshakeLimiter();
const { handlers } = Connection;
const silent: SocketHandler = { drain() {} };

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error ? String(error.code) : error.name;
}
