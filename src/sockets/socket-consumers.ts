import { CLOSE } from "../core/close-code.ts";
import type { Seq } from "../core/id.ts";
import { OneLife } from "../core/service.ts";
import type { Signals } from "../core/signal.ts";
import type { Cancel, Clock } from "../ports.ts";
import type { Consumer, ConsumerSocket, FrameEnd } from "./consumer.ts";
import { EndpointConsumers } from "./endpoint-consumers.ts";

/** Maximum number of connected consumers: in total, and of one endpoint. */
export const CONSUMERS_MAX = 10_000;
const CONSUMERS_PER_ENDPOINT_MAX = 1_000;

/** Time between two pings, in ms. Pings detect dead clients, and keep proxies from closing connections. */
const PING_EVERY_MS = 20_000;

/** A connected consumer, as the code that serves its connection sees it. */
export interface Connected extends Pick<Consumer, "received" | "heard" | "drained" | "close"> {
  /** Must be called when the connection has ended. */
  ended(): void;
}

/**
 * The consumers that are connected to `websocket:` endpoints. Sends the signal `socket-consumers.changed`
 * when an endpoint may have got room for further attempts or has lost its last consumer. When it
 * stops, it closes all connections.
 */
export class SocketConsumers extends OneLife {
  readonly #byEndpoint = new Map<Seq, EndpointConsumers>();
  #count = 0;
  /** Null while no consumer is connected. */
  #cancelPing: Cancel | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly signals: Signals,
  ) {
    super();
  }

  protected begin(): void {}

  /** Closes all connections. Must only be called after all attempts have ended. */
  protected end(): void {
    this.#stopPings();
    for (const endpointSeq of this.endpointSeqs) this.closeAll(endpointSeq, CLOSE.serverStops, "The server stops.");
  }

  /** Number of connected consumers. */
  get count(): number {
    return this.#count;
  }

  /** The endpoints with consumers. */
  get endpointSeqs(): readonly Seq[] {
    return [...this.#byEndpoint.keys()];
  }

  countOf(endpointSeq: Seq): number {
    return this.#byEndpoint.get(endpointSeq)?.count ?? 0;
  }

  /** Returns whether the server and the endpoint can have another consumer. */
  canConnect(endpointSeq: Seq): boolean {
    return this.#count < CONSUMERS_MAX && this.countOf(endpointSeq) < CONSUMERS_PER_ENDPOINT_MAX;
  }

  /** Adds a consumer that has connected. */
  connect(endpointSeq: Seq, socket: ConsumerSocket, prefetch: number): Connected {
    const endpoint = this.#byEndpoint.get(endpointSeq) ?? new EndpointConsumers();
    this.#byEndpoint.set(endpointSeq, endpoint);
    const consumer = endpoint.add(socket, prefetch);
    this.#count++;
    if (this.#cancelPing === null && !this.isStopping) this.#pingLater();
    this.#announce(endpointSeq, true);
    let isConnected = true;
    return {
      received: (text) => consumer.received(text),
      heard: () => consumer.heard(),
      drained: () => {
        consumer.drained();
        this.#announce(endpointSeq);
      },
      close: (code, reason) => consumer.close(code, reason),
      ended: () => {
        if (!isConnected) return;
        isConnected = false;
        this.#count--;
        if (this.#count === 0) this.#stopPings();
        endpoint.remove(consumer);
        if (endpoint.count === 0) this.#byEndpoint.delete(endpointSeq);
        this.#announce(endpointSeq);
      },
    };
  }

  /** Closes the connections of all consumers of an endpoint. */
  closeAll(endpointSeq: Seq, code: number, reason: string): void {
    for (const consumer of [...(this.#byEndpoint.get(endpointSeq)?.all ?? [])]) consumer.close(code, reason);
  }

  /** Returns whether no further attempt of the endpoint may begin. `underWay` is the number of those under way. */
  isBusy(endpointSeq: Seq, underWay: number): boolean {
    return this.#count > 0 && (this.#byEndpoint.get(endpointSeq)?.isFull(underWay) ?? false);
  }

  /** Sends a frame to a consumer of an endpoint. See `EndpointConsumers`. */
  async deliver(endpointSeq: Seq, deliveryId: string, text: string, signal: AbortSignal): Promise<FrameEnd> {
    const endpoint = this.#byEndpoint.get(endpointSeq);
    return endpoint === undefined ? { kind: "none" } : endpoint.deliver(deliveryId, text, signal);
  }

  /** Sends the signal that the consumers of an endpoint have changed. */
  #announce(endpointSeq: Seq, hasConnected = false): void {
    this.signals.send({ type: "socket-consumers.changed", endpointSeq, hasConnected });
  }

  #stopPings(): void {
    this.#cancelPing?.();
    this.#cancelPing = null;
  }

  #pingLater(): void {
    this.#cancelPing = this.clock.after(PING_EVERY_MS, () => {
      const consumers = [...this.#byEndpoint.values()].flatMap((endpoint) => [...endpoint.all]);
      for (const consumer of consumers) consumer.ping();
      // The pings may have terminated the last connection.
      if (this.#cancelPing !== null) this.#pingLater();
    });
  }
}
