import type { Seq } from "../core/id.ts";
import type { Signals } from "../core/signal.ts";
import type { Answer, TransformationResult } from "../ports.ts";
import type { PendingDelivery, Settled } from "../store/index.ts";
import type { PreparedTarget } from "../targets/target.ts";
import type { RunningRequest } from "./attempt-steps.ts";
import type { Waiting } from "./lane.ts";
import type { Memory } from "./memory.ts";
import type { SendableContent } from "./shape.ts";

/** A delivery of a batch, and its message. */
export interface BatchMember {
  readonly waiting: Waiting;
  readonly delivery: PendingDelivery;
  readonly content: SendableContent;
}

/** A member as it is sent. */
export interface BatchPart extends BatchMember {
  readonly element: Uint8Array;
  /** What the transformation did; undefined if there is none. */
  readonly transformation: TransformationResult | undefined;
}

/** A batch that is closed and ready to be sent. */
export interface BatchRequest {
  readonly batchSeq: Seq;
  readonly parts: readonly BatchPart[];
  /** The result of the attempt if nothing can be sent. Null if the batch can be sent. */
  readonly failure: Answer | null;
  readonly payload: Uint8Array;
  /** Sends the payload as it is. */
  readonly target: PreparedTarget;
}

/** Stops holding a member after its settlement. If it is still pending, makes its lane read it again. */
export function releaseMember(
  { memory, signals }: { readonly memory: Memory; readonly signals: Signals },
  { lane, entry }: Pick<RunningRequest, "lane" | "entry">,
  waiting: Waiting,
  { change, next }: Settled,
): void {
  const { delivery } = waiting;
  memory.letGo(lane, waiting);
  // It was resent during the attempt, see `AttemptRunner`.
  if (lane.takeResent(delivery.seq)) lane.waitsOnDisk(0);
  if (change === "stale" || next.state !== "pending") return;
  if (!lane.isOwned) {
    signals.send({ type: "lane.filled", endpointSeq: lane.endpointSeq, position: next.position });
    return;
  }
  const mayKeepPosition = lane.isFifo || lane.entry !== entry;
  lane.waitsOnDisk(mayKeepPosition ? Math.min(delivery.position, next.position) : next.position);
}
