import { createConnection, type Socket } from "node:net";
import {
  type NatsConnection,
  NatsConnectionImpl,
  type ProtocolHandler,
  type ServerInfo,
  setTransportFactory,
} from "@nats-io/transport-node/lib/nats-base-client.js";
import { NodeTransport } from "@nats-io/transport-node/lib/node_transport.js";

/** Maximum size of everything that a server sends until the login has succeeded, in bytes. */
const LOGIN_BYTES_MAX = 256 * 1024;
/** Number of bytes that the client parses before other work has its turn. */
const PARSED_BYTES_MAX = 32 * 1024;
/** Maximum length of a line of the protocol, in bytes. Payloads are not sent as lines. */
const LINE_BYTES_MAX = 64 * 1024;

type Connecting = Parameters<typeof NatsConnectionImpl.connect>[0];

/** Connects to a server as `connect` of the library does, but over a `LimitedTransport`. */
export async function connectLimited(options: Connecting): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new LimitedTransport() });
  const client = await NatsConnectionImpl.connect(options);
  const { protocol } = client as NatsConnectionImpl;
  (protocol.transport as unknown as LimitedTransport).loggedIn(protocol);
  return client;
}

/**
 * A connection to a server that is not trusted. It differs from the library's in three ways:
 * - It is closed if it is given up before the login.
 * - It reads nothing more while the client parses, or while the server does not read.
 * - It ends if the server sends too much before the login, or a line without an end.
 */
class LimitedTransport extends NodeTransport {
  #receivedBytes = 0;
  /** Null until the login has succeeded. */
  #protocol: ProtocolHandler | null = null;

  /** Must be called after the login. */
  loggedIn(protocol: ProtocolHandler): void {
    this.#protocol = protocol;
  }

  override dial({ hostname, port }: { readonly hostname: string; readonly port: number }): Promise<Socket> {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const socket = createConnection(port, hostname, () => {
      socket.removeAllListeners();
      resolve(socket);
    });
    let failure: Error | undefined;
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("close", () => reject(failure));
    socket.setNoDelay(true);
    this.socket = socket;
    return promise;
  }

  override async close(error?: Error): Promise<void> {
    if (this.connected) await super.close(error);
    else this.discard();
  }

  override peekInfo(): Promise<ServerInfo> {
    const { socket } = this;
    socket.on("data", (chunk: Uint8Array) => {
      this.#receivedBytes += chunk.length;
      if (this.#receivedBytes > LOGIN_BYTES_MAX) socket.destroy(sentTooMuch());
    });
    return super.peekInfo();
  }

  override setupHandlers(): void {
    super.setupHandlers();
    const { socket } = this;
    socket.on("data", () => socket.pause());
  }

  override async *iterate(): AsyncIterableIterator<Uint8Array> {
    for await (const chunk of super.iterate()) {
      for (let at = 0; at < chunk.length; at += PARSED_BYTES_MAX) {
        if (at > 0) await new Promise<void>((resolve) => setImmediate(resolve));
        const part = chunk.subarray(at, at + PARSED_BYTES_MAX);
        yield part;
        // The client has parsed this part, and has written its responses.
        this.#check(part);
        if (this.socket?.writableNeedDrain) await drained(this.socket);
      }
      this.socket?.resume();
    }
  }

  #check({ length }: Uint8Array): void {
    if (this.#protocol === null) {
      this.#receivedBytes += length;
      if (this.#receivedBytes > LOGIN_BYTES_MAX) throw sentTooMuch();
    } else if ((this.#protocol.parser.argBuf?.length ?? 0) > LINE_BYTES_MAX) throw sentTooMuch();
  }
}

function sentTooMuch(): Error {
  return new Error("The server sends more than the protocol allows.");
}

/** Resolves when a socket has sent its buffered bytes, or is closed. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      socket.off("drain", end);
      socket.off("close", end);
      resolve();
    };
    socket.on("drain", end);
    socket.on("close", end);
  });
}
