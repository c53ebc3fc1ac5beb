import { connectConsumer } from "../../../src/commands/socket-consumers.ts";
import { bytesOfFrame } from "../../../src/core/frame-body.ts";
import type { Seq } from "../../../src/core/id.ts";
import type { ConsumerSocket } from "../../../src/sockets/consumer.ts";
import type { Connected } from "../../../src/sockets/socket-consumers.ts";
import { elementsOf } from "../network.ts";
import type { Program } from "../program.ts";
import type { Scene } from "../scene.ts";

/**
 * How a consumer behaves. `steady` acknowledges everything and stays connected. The others may
 * disconnect at any frame: `prompt` and `slow` acknowledge, `refusing` also refuses frames, `forgetful`
 * does not reply to some, and `lazy` often does not read.
 */
export const TEMPERS = ["prompt", "slow", "refusing", "forgetful", "lazy"] as const;
export type Temper = (typeof TEMPERS)[number] | "steady";

/** Size of unread frames in the simulation, in bytes. A few of them fill the buffer of a connection. */
const FRAME_BYTES = 30_000;

/** A frame that the consumer has received. */
export interface ReceivedFrame {
  readonly deliveryId: string;
  readonly messageId: string;
  readonly body: Uint8Array;
}

/** The name under which the messages of an endpoint with consumers arrive. */
export function hostOfConsumers(endpointSeq: Seq): string {
  return `consumers-of-${endpointSeq}`;
}

/** A simulated consumer of a `websocket:` endpoint, with its connection. */
export class SimConsumer implements ConsumerSocket {
  /** Whether neither side has begun to end the connection. */
  isOpen = true;
  /** Whether the server has been told that the connection has ended. */
  hasEnded = false;
  unsentBytes = 0;
  /** Frames without a reply. */
  readonly frames = new Map<string, ReceivedFrame>();
  readonly #connected: Connected;

  constructor(
    private readonly scene: Scene,
    private readonly program: Program,
    readonly endpointSeq: Seq,
    readonly temper: Temper,
    /** Maximum number of frames without a reply. */
    readonly prefetch: number,
  ) {
    scene.checks.consumers.connected(this);
    this.#connected = connectConsumer(program.kernel, endpointSeq, this, prefetch);
  }

  send(text: string): void {
    // An attempt of a program that has ended may go on until its next call to the outside.
    if (!this.program.isAlive) return;
    const { deliveryId, messageId, ...rest } = JSON.parse(text) as Omit<ReceivedFrame, "body">;
    const frame = { deliveryId, messageId, body: bytesOfFrame(rest) ?? new Uint8Array() };
    this.scene.checks.consumers.sent(this, frame);
    this.frames.set(deliveryId, frame);
    const { dice } = this.scene;
    if (this.temper === "lazy" && dice.chance(0.5)) this.#leaveUnread();
    if (this.temper !== "steady" && this.scene.rollConsumerLoss()) this.#later([1, 20, 3000], () => this.disconnect());
    this.#handle(frame);
  }

  ping(): void {
    if (this.temper !== "forgetful") this.#later([5], () => this.#connected.heard());
  }

  /** The server begins to close the connection. What the client has sent may still arrive. */
  close(): void {
    this.isOpen = false;
    this.scene.marks.hit("socket: closed by the server");
    this.#later([1, 50], () => this.disconnect());
  }

  terminate(): void {
    this.isOpen = false;
    this.scene.marks.hit("socket: terminated");
    this.#later([1], () => this.disconnect());
  }

  /** Ends the connection. */
  disconnect(): void {
    if (this.hasEnded || !this.program.isAlive) return;
    this.isOpen = false;
    this.hasEnded = true;
    if (this.frames.size > 0) this.scene.marks.hit("socket: disconnected with frames");
    this.#connected.ended();
  }

  #handle(frame: ReceivedFrame): void {
    const { dice } = this.scene;
    const luck = dice.next();
    if (this.temper === "forgetful" && luck < 0.5) return;
    const delays = this.temper === "slow" ? [100, 3000, 20_000] : [1, 5, 50];
    this.#later(delays, () => {
      if (this.temper === "refusing" && luck < 0.5) this.#refuse(frame);
      else this.#acknowledge(frame);
    });
  }

  #acknowledge({ deliveryId, messageId, body }: ReceivedFrame): void {
    const { network, checks, marks, perhapsCrashSoon } = this.scene;
    const messages = messageId.startsWith("batch_") ? elementsOf(body) : [{ messageId, body }];
    for (const message of messages) network.arrivals.push({ host: hostOfConsumers(this.endpointSeq), ...message });
    checks.consumers.acknowledging(this, deliveryId);
    marks.hit("socket: acknowledged");
    this.#reply({ type: "ack", deliveryId });
    perhapsCrashSoon();
  }

  #refuse({ deliveryId }: ReceivedFrame): void {
    const { dice, marks } = this.scene;
    marks.hit("socket: refused");
    const retryAfterMs = dice.pick([null, 0, dice.below(30_000)]);
    this.#reply({ type: "nack", deliveryId, error: "not now", retryAfterMs });
  }

  #reply(reply: { readonly deliveryId: string } & Readonly<Record<string, unknown>>): void {
    this.frames.delete(reply.deliveryId);
    this.#connected.received(JSON.stringify(reply));
  }

  /** Lets a frame wait in the buffer of the connection for a while. */
  #leaveUnread(): void {
    this.unsentBytes += FRAME_BYTES;
    this.#later([20, 3000, 60_000], () => {
      this.unsentBytes = 0;
      this.#connected.drained();
    });
  }

  /** Runs `task` unless the connection or the program has ended by then. */
  #later(limitsMs: readonly number[], task: () => void): void {
    const { clock, dice } = this.scene;
    clock.at(dice.below(dice.pick(limitsMs)), () => {
      if (!this.hasEnded && this.program.isAlive) task();
    });
  }
}
