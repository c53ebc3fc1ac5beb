import type { Cancel } from "../ports.ts";
import { Consumer, type ConsumerOwner, type ConsumerSocket, type EndFrame, type FrameEnd } from "./consumer.ts";

/** A frame that waits until a consumer has room. */
interface WaitingFrame {
  readonly deliveryId: string;
  readonly text: string;
  readonly end: EndFrame;
  /** Gives up the frame after it was sent. Null before that. */
  abandon: Cancel | null;
}

/** A consumer as it was counted last. */
interface Counted {
  /** Number of unacknowledged frames. */
  readonly load: number;
  /** Number of further frames that it can get. */
  readonly room: number;
}

const NOT_COUNTED: Counted = { load: 0, room: 0 };

/**
 * The consumers of one endpoint. A frame goes to the consumer with the fewest unacknowledged frames,
 * and among those with equally many to the one that has waited longest.
 */
export class EndpointConsumers implements ConsumerOwner {
  /** The connected consumers, as they were counted last. */
  readonly #consumers = new Map<Consumer, Counted>();
  /** The consumers with room, by their load. */
  readonly #byLoad: Set<Consumer>[] = [];
  /**
   * Frames for which there was room when their attempt began, but no longer when they were sent. This
   * happens if a consumer disconnects or stops reading. The attempts under way limit their number.
   */
  readonly #waiting = new Set<WaitingFrame>();
  /** The sums over all consumers. */
  #load = 0;
  #room = 0;

  /** Number of connected consumers. */
  get count(): number {
    return this.#consumers.size;
  }

  get all(): Iterable<Consumer> {
    return this.#consumers.keys();
  }

  /**
   * Returns whether no further attempt may begin. `underWay` is the number of those under way, some
   * of which may not have sent their frames yet. Without consumers, attempts begin and fail.
   */
  isFull(underWay: number): boolean {
    return this.#consumers.size > 0 && underWay >= this.#load + this.#room;
  }

  add(socket: ConsumerSocket, prefetch: number): Consumer {
    const consumer = new Consumer(this, socket, prefetch);
    this.#consumers.set(consumer, NOT_COUNTED);
    this.changed(consumer);
    return consumer;
  }

  /** Removes a consumer whose connection has ended. Its frames end as `lost`. */
  remove(consumer: Consumer): void {
    const counted = this.#consumers.get(consumer);
    if (counted === undefined) return;
    this.#recount(consumer, counted, NOT_COUNTED);
    this.#consumers.delete(consumer);
    consumer.ended();
    if (this.#consumers.size > 0) return;
    for (const frame of this.#waiting) frame.end({ kind: "none" });
    this.#waiting.clear();
  }

  /**
   * Sends a frame as soon as a consumer has room. Resolves when the consumer has replied or has
   * disconnected, or when `signal` aborts.
   */
  deliver(deliveryId: string, text: string, signal: AbortSignal): Promise<FrameEnd> {
    const { promise, resolve } = Promise.withResolvers<FrameEnd>();
    const abort = () => {
      const wasSent = !this.#waiting.delete(frame);
      frame.abandon?.();
      resolve({ kind: "aborted", wasSent });
    };
    const end = (result: FrameEnd) => {
      signal.removeEventListener("abort", abort);
      resolve(result);
    };
    const frame: WaitingFrame = { deliveryId, text, end, abandon: null };
    if (this.#consumers.size === 0) resolve({ kind: "none" });
    else if (signal.aborted) resolve({ kind: "aborted", wasSent: false });
    else {
      signal.addEventListener("abort", abort);
      if (!this.#send(frame)) this.#waiting.add(frame);
    }
    return promise;
  }

  /** Counts a consumer again, and sends waiting frames if there is room. */
  changed(consumer: Consumer): void {
    this.#count(consumer);
    for (const frame of this.#waiting) {
      if (!this.#send(frame)) return;
      this.#waiting.delete(frame);
    }
  }

  /** Sends a frame to the consumer with the lowest load. Returns false if none has room. */
  #send(frame: WaitingFrame): boolean {
    const consumer = this.#leastLoaded();
    if (consumer === null) return false;
    frame.abandon = consumer.send(frame.deliveryId, frame.text, frame.end);
    this.#count(consumer);
    return true;
  }

  #leastLoaded(): Consumer | null {
    for (const consumers of this.#byLoad) {
      for (const consumer of consumers ?? []) return consumer;
    }
    return null;
  }

  #count(consumer: Consumer): void {
    const before = this.#consumers.get(consumer);
    if (before !== undefined) this.#recount(consumer, before, { load: consumer.outstanding, room: consumer.room });
  }

  #recount(consumer: Consumer, before: Counted, after: Counted): void {
    this.#consumers.set(consumer, after);
    this.#load += after.load - before.load;
    this.#room += after.room - before.room;
    if (before.room > 0) this.#byLoad[before.load]!.delete(consumer);
    if (after.room === 0) return;
    this.#byLoad[after.load] ??= new Set();
    this.#byLoad[after.load]!.add(consumer);
  }
}
