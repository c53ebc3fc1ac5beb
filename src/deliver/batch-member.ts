import type { Seq } from "../core/id.ts";
import type { Answer, TransformationResult } from "../ports.ts";
import type { MessageContent, PendingDelivery } from "../store/index.ts";
import type { Waiting } from "./lane.ts";
import type { SendableContent } from "./shape.ts";

/** A delivery of a batch, and its message. */
export interface BatchMember {
  readonly waiting: Waiting;
  readonly delivery: PendingDelivery;
  readonly content: SendableContent;
}

/** A member as an element of the body. */
export interface ShapedMember extends BatchMember {
  readonly element: Uint8Array;
  /** The changes of the transformation; undefined if there is none. */
  readonly transformation: TransformationResult | undefined;
}

/** A member of a request. Its payload is only in the body. */
export interface BatchPart extends Pick<ShapedMember, "waiting" | "delivery" | "transformation"> {
  readonly content: MessageContent;
}

/** A batch that is closed and ready to be sent. */
export interface BatchRequest {
  readonly batchSeq: Seq;
  readonly parts: readonly BatchPart[];
  /** The result of the attempt if nothing can be sent. Null if the batch can be sent. */
  readonly failure: Answer | null;
  readonly payload: Uint8Array;
}
