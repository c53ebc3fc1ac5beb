import type { Seq } from "../core/id.ts";
import type { Answer, TransformationResult } from "../ports.ts";
import type { MessageContent, PendingDelivery } from "../store/index.ts";

/** A delivery that a lane holds in memory. */
export interface Waiting {
  readonly delivery: PendingDelivery;
  /**
   * Kept when the message is accepted, if memory has room. Otherwise read shortly before the
   * attempt.
   */
  content: MessageContent | null;
  /** Size of the payload that counts as being in memory. */
  payloadBytes: number;
  /** A batch, of which `delivery` is the first member. Null if the delivery is sent alone. */
  readonly batch: WaitingBatch | null;
}

/** A batch that a lane holds in memory. */
export interface WaitingBatch {
  readonly members: readonly Waiting[];
  /** Null until the batch is prepared. */
  readonly request: BatchRequest | null;
}

/** A member of a request. Its payload is only in the body. */
export interface BatchPart {
  readonly waiting: Waiting;
  readonly delivery: PendingDelivery;
  readonly content: MessageContent;
  /** The changes of the transformation; undefined if there is none. */
  readonly transformation: TransformationResult | undefined;
}

/** A batch that is closed and ready to be sent. */
export interface BatchRequest {
  readonly batchSeq: Seq;
  readonly parts: readonly BatchPart[];
  /** The result of the attempt if nothing can be sent. Null if the batch can be sent. */
  readonly failure: Answer | null;
  readonly payload: Uint8Array;
}

/** Returns the delivery time at which a delivery becomes or became due. */
export function dueTimeOf({ dueAt, attempts }: PendingDelivery, aheadMs: number): number {
  return attempts > 0 ? dueAt : dueAt - aheadMs;
}
