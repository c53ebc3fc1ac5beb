import type { MessageContent, PendingDelivery } from "../store/index.ts";
import type { Lane } from "./lane.ts";
import type { Waiting } from "./waiting.ts";

/**
 * Maximum number of deliveries in memory, over all lanes. The others stay on disk until they can be
 * read.
 */
const DELIVERIES_MAX = 20_000;
/** Maximum size of all payloads in memory, in bytes. */
const PAYLOAD_BYTES_MAX = 32 * 1024 * 1024;

/**
 * Limits the number of deliveries and the size of payloads in memory, over all lanes. Lanes must be
 * filled and emptied only through this class.
 */
export class Memory {
  #deliveries = 0;
  #payloadBytes = 0;

  /** Number of deliveries in memory, with those under way. */
  get deliveries(): number {
    return this.#deliveries;
  }

  get roomForDeliveries(): number {
    return DELIVERIES_MAX - this.#deliveries;
  }

  get roomForPayloadBytes(): number {
    return PAYLOAD_BYTES_MAX - this.#payloadBytes;
  }

  /** Adds a delivery at the end of a lane. Keeps its content too if there is room. */
  append(lane: Lane, delivery: PendingDelivery, content: MessageContent | null): void {
    const bytes = content?.payload?.byteLength ?? 0;
    const isKept = bytes <= this.roomForPayloadBytes;
    this.#deliveries++;
    if (isKept) this.#payloadBytes += bytes;
    lane.append({ delivery, content: isKept ? content : null, payloadBytes: isKept ? bytes : 0, batch: null });
  }

  /** Puts the head of a FIFO lane back, without its content. */
  putBack(lane: Lane, delivery: PendingDelivery): void {
    this.#deliveries++;
    lane.putBack({ delivery, content: null, payloadBytes: 0, batch: null });
  }

  /**
   * Holds deliveries of a batch, even if there is no room. The batch must then be added to `lane.ready`.
   */
  holdBatch(lane: Lane, deliveries: readonly PendingDelivery[]): Waiting {
    return batchOf(deliveries.map((delivery) => this.hold(lane, delivery)));
  }

  /** Holds a delivery of a batch. */
  hold(lane: Lane, delivery: PendingDelivery): Waiting {
    this.#deliveries++;
    lane.held.set(delivery.seq, delivery);
    return { delivery, content: null, payloadBytes: 0, batch: null };
  }

  /** Keeps content that was read for a delivery in memory, even if there is no room. */
  keep(waiting: Waiting, content: MessageContent): void {
    const bytes = content.payload?.byteLength ?? 0;
    this.#payloadBytes += bytes - waiting.payloadBytes;
    waiting.payloadBytes = bytes;
    waiting.content = content;
  }

  /**
   * Keeps of a message in a batch what is needed after its attempt, and returns it. Its payload is in the
   * body of the batch now, so the size of the payload continues to count.
   */
  keepLabels(waiting: Waiting, content: MessageContent): MessageContent {
    waiting.content = { ...content, payload: null, headers: null, received: null };
    return waiting.content;
  }

  /** Stops holding a delivery or a batch. Does nothing if it is no longer held. */
  letGo(lane: Lane, waiting: Waiting): void {
    if (waiting.batch !== null) {
      for (const member of waiting.batch.members) this.letGo(lane, member);
      return;
    }
    if (!lane.letGo(waiting)) return;
    this.#deliveries--;
    this.#payloadBytes -= waiting.payloadBytes;
  }

  /** Drops the deliveries that a lane has read ahead. */
  release(lane: Lane): void {
    for (const waiting of lane.ready) this.letGo(lane, waiting);
    lane.release();
  }
}

/** Returns a batch of held deliveries, as a lane keeps it. There is at least one. */
export function batchOf(members: readonly Waiting[]): Waiting {
  return { delivery: members[0]!.delivery, content: null, payloadBytes: 0, batch: { members, request: null } };
}
