import { CLOSE } from "../core/close-code.ts";
import { parseConsumerFrame } from "../core/consumer-frame.ts";
import type { Cancel } from "../ports.ts";

/**
 * Maximum number of unsent bytes at which a consumer still gets frames. The last of these frames may
 * exceed it.
 */
const UNSENT_BYTES_MAX = 64 * 1024;

/** Maximum number of pings in a row to which a client does not respond before its connection ends. */
const PINGS_MAX = 3;

/** The connection of a consumer. */
export interface ConsumerSocket {
  send(text: string): void;
  /** Number of bytes that wait until the client reads. */
  readonly unsentBytes: number;
  ping(): void;
  close(code: number, reason: string): void;
  /** Ends the connection at once. */
  terminate(): void;
}

/** How a delivery to the consumers of an endpoint ended. */
export type FrameEnd =
  | { readonly kind: "ack" }
  | { readonly kind: "nack"; readonly error: string; readonly retryAfterMs: number | null }
  /** The consumer that had the frame has disconnected. */
  | { readonly kind: "lost" }
  /** No consumer is connected. */
  | { readonly kind: "none" }
  | { readonly kind: "aborted"; readonly wasSent: boolean };

/** Settles a frame. */
export type EndFrame = (end: FrameEnd) => void;

/** The object that a consumer notifies of its changes. */
export interface ConsumerOwner {
  /** Called when the room of the consumer may have changed. */
  changed(consumer: Consumer): void;
}

/** One connected consumer, and the frames that it has not acknowledged. */
export class Consumer {
  readonly #frames = new Map<string, EndFrame>();
  /** False after the connection has begun to close. */
  #isOpen = true;
  /** Number of pings since the last sign of the client. */
  #pings = 0;

  constructor(
    private readonly owner: ConsumerOwner,
    private readonly socket: ConsumerSocket,
    /** Maximum number of unacknowledged frames. */
    readonly prefetch: number,
  ) {}

  /** Number of frames that the consumer has not acknowledged. */
  get outstanding(): number {
    return this.#frames.size;
  }

  /** Number of further frames that the consumer can get now. It is 0 if the client does not read. */
  get room(): number {
    if (!this.#isOpen || this.#doesNotRead) return 0;
    return Math.max(0, this.prefetch - this.#frames.size);
  }

  get #doesNotRead(): boolean {
    return this.socket.unsentBytes > UNSENT_BYTES_MAX;
  }

  /**
   * Sends a frame and calls `end` once with its result. The returned function abandons the frame, so
   * that `end` is not called. Must only be called by the owner, and if there is room.
   */
  send(deliveryId: string, text: string, end: EndFrame): Cancel {
    this.#frames.set(deliveryId, end);
    this.socket.send(text);
    return () => this.#abandon(deliveryId, end);
  }

  /**
   * Gives up a frame that was not acknowledged in time. If the client does not read either, the
   * connection ends, so that frames do not collect in memory.
   */
  #abandon(deliveryId: string, end: EndFrame): void {
    if (this.#frames.get(deliveryId) !== end) return;
    this.#frames.delete(deliveryId);
    if (this.#doesNotRead) this.socket.terminate();
    else this.owner.changed(this);
  }

  /** Must be called for each text frame of the client. Closes the connection if it is invalid. */
  received(text: string): void {
    this.heard();
    const reply = parseConsumerFrame(text);
    if (reply === "invalid") {
      this.close(CLOSE.invalidFrame, "A frame must be a JSON object.");
      return;
    }
    const end = reply === null ? undefined : this.#frames.get(reply.deliveryId);
    // The type is unknown, or the frame was acknowledged or given up before.
    if (reply === null || end === undefined) return;
    this.#frames.delete(reply.deliveryId);
    this.owner.changed(this);
    end(
      reply.type === "ack" ? { kind: "ack" } : { kind: "nack", error: reply.error, retryAfterMs: reply.retryAfterMs },
    );
  }

  /** Must be called when the client has read what waited. */
  drained(): void {
    this.owner.changed(this);
  }

  /** Must be called when the client has responded to a ping. */
  heard(): void {
    this.#pings = 0;
  }

  /**
   * Sends a ping, or ends the connection if the client has not responded to the last ones. The
   * runtime does not do this: each ping restarts its idle timeout (Bun 1.4.5).
   */
  ping(): void {
    if (this.#pings >= PINGS_MAX) this.socket.terminate();
    else {
      this.#pings++;
      this.socket.ping();
    }
  }

  /** Closes the connection. The client may still acknowledge frames until it has ended. */
  close(code: number, reason: string): void {
    this.#isOpen = false;
    this.socket.close(code, reason);
    this.owner.changed(this);
  }

  /** Must be called when the connection has ended. Frames without an acknowledgement are lost. */
  ended(): void {
    this.#isOpen = false;
    const frames = [...this.#frames.values()];
    this.#frames.clear();
    for (const end of frames) end({ kind: "lost" });
  }
}
