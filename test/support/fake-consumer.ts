import { connectConsumer } from "../../src/commands/socket-consumers.ts";
import type { Kernel } from "../../src/kernel.ts";
import type { ConsumerSocket } from "../../src/sockets/consumer.ts";
import type { Connected } from "../../src/sockets/socket-consumers.ts";

/** A `delivery` frame. */
export interface Frame {
  readonly deliveryId: string;
  readonly messageId: string;
  readonly eventType: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly bodyBase64?: string;
}

/** What a consumer does with a frame: `keep` sends no reply. */
export type Handling = "ack" | "keep" | { readonly error?: string; readonly retryAfterMs?: number };

/** A consumer without a network: its connection is an object. */
export class FakeConsumer implements ConsumerSocket {
  readonly frames: Frame[] = [];
  /** How the server ended the connection, in order. */
  readonly ends: string[] = [];
  unsentBytes = 0;
  readonly #connected: Connected;

  constructor(
    kernel: Kernel,
    endpointSeq: number,
    private readonly handle: (frame: Frame) => Handling = () => "ack",
    prefetch = 16,
  ) {
    this.#connected = connectConsumer(kernel, endpointSeq, this, prefetch);
  }

  /** The messages that were sent, in order, once for each frame. */
  get messages(): number[] {
    return this.frames.map(({ body }) => (JSON.parse(body!) as { message: number }).message);
  }

  send(text: string): void {
    const frame = JSON.parse(text) as Frame;
    this.frames.push(frame);
    const handling = this.handle(frame);
    if (handling === "keep") return;
    const reply = handling === "ack" ? { type: "ack" } : { type: "nack", ...handling };
    // As over a network, the reply comes after the frame has been sent.
    queueMicrotask(() => this.#connected.received(JSON.stringify({ ...reply, deliveryId: frame.deliveryId })));
  }

  ack(frame: Frame): void {
    this.#connected.received(JSON.stringify({ type: "ack", deliveryId: frame.deliveryId }));
  }

  ping(): void {
    this.#connected.heard();
  }

  close(code: number): void {
    this.ends.push(String(code));
    this.disconnect();
  }

  terminate(): void {
    this.ends.push("terminated");
    this.disconnect();
  }

  /** Reads what waited to be sent. */
  read(): void {
    this.unsentBytes = 0;
    this.#connected.drained();
  }

  disconnect(): void {
    this.#connected.ended();
  }
}
