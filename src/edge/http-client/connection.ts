import type { Socket, SocketHandler } from "bun";
import type { Cancel } from "../../ports.ts";
import { dial } from "./dial.ts";
import type { ConnectionEnd } from "./failure.ts";
import { type UnsentBytes, writeRequest } from "./request-writer.ts";
import type { ConnectionTarget, TlsTarget } from "./target.ts";

/** Whoever has a connection at the time: an exchange, or the pool while it is idle. */
export interface ConnectionUser {
  /** Requests can be sent. For TLS the peer has been verified. */
  opened(connection: Connection): void;
  received(connection: Connection, bytes: Uint8Array): void;
  /** The connection could not be opened, or has ended. Called at most once, and not after `close` or `abort`. */
  ended(connection: Connection, end: ConnectionEnd): void;
}

/** One TCP or TLS connection. It begins to open when it is made. */
export class Connection {
  /** When it became idle, by the count of the pool. */
  idleSince = 0;
  #socket: Socket<Connection> | null = null;
  #unsent: UnsentBytes | null = null;
  #hasEnded = false;
  readonly #cancelDial: Cancel;

  constructor(
    readonly target: ConnectionTarget,
    public user: ConnectionUser,
  ) {
    this.#cancelDial = dial(
      target,
      (socket) => this.#dialed(socket),
      (code) => this.#end({ code, isTls: false }),
    );
  }

  /** Part of the last request has not been sent yet. */
  get isSending(): boolean {
    return this.#unsent !== null;
  }

  /** Sends one request; `head` has one byte a character. What the socket does not take at once follows by itself. */
  send(head: string, body: Uint8Array): void {
    this.#unsent = writeRequest(this.#socket!, head, body);
  }

  /** Ends the connection in order. */
  close(): void {
    this.#hasEnded = true;
    this.#socket?.end();
  }

  /** Ends the connection at once, at any time. */
  abort(): void {
    this.#hasEnded = true;
    this.#cancelDial();
    this.#socket?.terminate();
  }

  #dialed(socket: Socket): void {
    const { tls } = this.target;
    try {
      if (tls === null) this.#adopt(socket);
      else this.#startTls(socket, tls);
    } catch (error) {
      // For example because an authority is not a certificate.
      this.#end({ code: codeOf(error), isTls: tls !== null });
      socket.terminate();
    }
  }

  #adopt(socket: Socket): void {
    const own = socket as unknown as Socket<Connection>;
    own.data = this;
    own.reload({ socket: handlers });
    this.#socket = own;
    this.user.opened(this);
  }

  #startTls(socket: Socket, { serverName, ca }: TlsTarget): void {
    // The socket below TLS reports nothing that the one above does not.
    socket.reload({ socket: silent });
    const [, secure] = socket.upgradeTLS<Connection>({
      data: this,
      // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED changes nothing.
      tls: { serverName, rejectUnauthorized: true, ...(ca === null ? {} : { ca }) },
      socket: handlers,
    });
    this.#socket = secure;
  }

  #end(end: ConnectionEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.user.ended(this, end);
  }

  /** Shared by all connections: each finds its own in `socket.data`. */
  static readonly handlers: SocketHandler<Connection> = {
    handshake({ data: connection }, isVerified, error) {
      if (isVerified) {
        connection.user.opened(connection);
        return;
      }
      const code = codeOf(error);
      connection.#end({ code, isTls: code !== "ECONNRESET" });
    },
    data({ data: connection }, bytes) {
      if (!connection.#hasEnded) connection.user.received(connection, bytes);
    },
    drain(socket) {
      const connection = socket.data;
      connection.#unsent = connection.#unsent?.writeTo(socket) ?? null;
    },
    /** The peer will send nothing more, so there is nothing left to do with the connection. */
    end(socket) {
      socket.data.#end({ code: "", isTls: false });
      socket.end();
    },
    close({ data: connection }, error) {
      connection.#end({ code: error === undefined ? "" : codeOf(error), isTls: false });
    },
    /** TLS is broken, or a handler above has thrown. */
    error(socket, error) {
      const code = codeOf(error);
      socket.data.#end({ code, isTls: /SSL|TLS|EPROTO/.test(code) });
      socket.terminate();
    },
  };
}

const { handlers } = Connection;
const silent: SocketHandler = { drain() {} };

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error ? String(error.code) : error.name;
}
