import { EventEmitter } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ClientTls, FindAddresses } from "../../ports.ts";
import { failure, NoConnection } from "../broker/failure.ts";
import { openFirst } from "../broker/open.ts";
import { type BrokerPlace, brokerTls } from "../broker/place.ts";
import { withKeptDescriptorSoon } from "../kept-descriptors.ts";
import { withoutBrackets } from "../tls-options.ts";
import { FrameReader, NOT_KAFKA } from "./frame-reader.ts";

/** A broker as the cluster or a URL names it, and how to connect to it. */
export interface SocketPlace {
  readonly host: string;
  readonly port: number;
  readonly isEncrypted: boolean;
  readonly tls: ClientTls | null;
  readonly findAddresses: FindAddresses;
  /** Maximum size of a response. */
  readonly responseBytesMax: number;
}

/**
 * The parts of a socket that `kafkajs` uses. Connects only to addresses that the address policy allows,
 * even if the cluster names other brokers. Emits `end` when the broker has ended the connection.
 */
export class BrokerSocket extends EventEmitter {
  readonly #ended = new AbortController();
  readonly #frames: FrameReader;
  #socket: Socket | null = null;
  #isOver = false;

  /** `onFailure` is called before the event `error`. */
  constructor(
    private readonly place: SocketPlace,
    private readonly onConnect: () => void,
    private readonly onFailure: (failure: NoConnection) => void,
  ) {
    super();
    this.#frames = new FrameReader(place.responseBytesMax);
    void this.#open();
  }

  write(bytes: Uint8Array): void {
    this.#socket?.write(bytes);
  }

  end(): void {
    this.#ended.abort();
    this.#socket?.end();
  }

  /** Does nothing: the owner of the connection ends it. */
  unref(): void {}

  destroy(): void {
    this.#ended.abort();
    this.#socket?.destroy();
  }

  async #open(): Promise<void> {
    const { signal } = this.#ended;
    try {
      const socket = await this.#connected(signal);
      if (signal.aborted) socket.destroy();
      signal.throwIfAborted();
      if (socket.destroyed) throw new NoConnection(failure("connection", "The broker closed the connection."));
      this.#socket = socket;
      socket.on("data", (bytes) => this.#received(bytes as Buffer));
      socket.on("error", (error) => this.#finish("error", error));
      socket.on("close", () => this.#finish("end"));
      this.onConnect();
    } catch (error) {
      if (signal.aborted) this.#finish("error", closed);
      else this.#fail(error instanceof NoConnection ? error : unexpected(error));
    }
  }

  async #connected(signal: AbortSignal): Promise<Socket> {
    const { host, port, isEncrypted, tls, findAddresses } = this.place;
    const name = withoutBrackets(host);
    const addresses = await findAddresses(name, signal);
    if ("kind" in addresses) throw new NoConnection(addresses);
    const serverName = isEncrypted ? name : null;
    const open = (address: string, timeoutMs: number) => openSocket({ address, serverName, tls }, port, timeoutMs);
    const discard = (socket: Socket) => void socket.destroy();
    return openFirst({ addresses, port, open, replyOf: () => null, discard }, signal);
  }

  #received(bytes: Buffer): void {
    try {
      this.#frames.add(bytes);
      this.emit("data", bytes);
    } catch (error) {
      // The client throws if a response is too short.
      this.#fail(error instanceof NoConnection ? error : new NoConnection(failure("connection", NOT_KAFKA)));
      this.destroy();
    }
  }

  #fail(failed: NoConnection): void {
    this.onFailure(failed);
    this.#finish("error", failed);
  }

  /** Emits one event for the end of the connection. After a second one, the client would end its next connection. */
  #finish(event: "error" | "end", error?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.emit(event, error);
  }
}

const closed = new NoConnection(failure("connection", "The connection was closed before it was open."));

function unexpected(error: unknown): NoConnection {
  return new NoConnection(failure("connection", `The connection failed: ${String(error)}`));
}

/** Connects to one address, with TLS if the place has a name for it. */
function openSocket(place: BrokerPlace, port: number, timeoutMs: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const to = { host: place.address, port };
  const tls = brokerTls(place);
  const socket = withKeptDescriptorSoon(() => (tls === null ? connect(to) : connectTls({ ...to, ...tls })));
  const timer = setTimeout(() => {
    reject(Object.assign(new Error("The broker did not accept the connection in time."), { code: "ETIMEDOUT" }));
    socket.destroy();
  }, timeoutMs);
  socket.setNoDelay(true);
  // The promise ignores what happens after the connection was opened.
  socket.on("error", reject);
  socket.once("close", () => reject(Object.assign(new Error("closed"), { code: "ECONNRESET" })));
  socket.once(tls === null ? "connect" : "secureConnect", () => resolve(socket));
  return promise.finally(() => clearTimeout(timer));
}
