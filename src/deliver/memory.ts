import type { MessageContent, PendingDelivery } from "../store/index.ts";
import type { Lane, Waiting } from "./lane.ts";

/** Deliveries in memory over all lanes. The others stay on disk until their turn. */
const DELIVERIES_MAX = 20_000;
/** Bytes of payloads in memory with them. */
const PAYLOAD_BYTES_MAX = 32 * 1024 * 1024;

/** Limits what all lanes together hold in memory. Lanes must be filled and emptied through it. */
export class Memory {
  #deliveries = 0;
  #payloadBytes = 0;

  get roomForDeliveries(): number {
    return DELIVERIES_MAX - this.#deliveries;
  }

  get roomForPayloadBytes(): number {
    return PAYLOAD_BYTES_MAX - this.#payloadBytes;
  }

  /** Adds a delivery at the end of a lane, and its content if there is room for it. */
  append(lane: Lane, delivery: PendingDelivery, content: MessageContent | null): void {
    const bytes = content?.payload?.byteLength ?? 0;
    const isKept = bytes <= this.roomForPayloadBytes;
    this.#deliveries++;
    if (isKept) this.#payloadBytes += bytes;
    lane.append({ delivery, content: isKept ? content : null });
  }

  /** Puts the head of a fifo lane back, without its content. */
  putBack(lane: Lane, delivery: PendingDelivery): void {
    this.#deliveries++;
    lane.putBack({ delivery, content: null });
  }

  /** Keeps content that has been read for a delivery in memory, whether or not there is room. */
  keep(waiting: Waiting, content: MessageContent): void {
    this.#payloadBytes += content.payload?.byteLength ?? 0;
    waiting.content = content;
  }

  /** Stops holding a delivery. Does nothing if it is not held any more. */
  letGo(lane: Lane, waiting: Waiting): void {
    if (!lane.letGo(waiting)) return;
    this.#deliveries--;
    this.#payloadBytes -= waiting.content?.payload?.byteLength ?? 0;
  }

  /** Drops what a lane has read ahead. */
  release(lane: Lane): void {
    for (const waiting of lane.ready) this.letGo(lane, waiting);
    lane.release();
  }
}
