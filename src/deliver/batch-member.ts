import type { TransformationResult } from "../ports.ts";
import type { PendingDelivery } from "../store/index.ts";
import type { SendableContent } from "./sendable-content.ts";
import type { Waiting } from "./waiting.ts";

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
