import { seqAt } from "../core/id.ts";
import { Problem } from "../core/problem.ts";
import { CANCEL, type CancelData } from "../deliver/tasks/cancel-messages.ts";
import type { Application, AuditActor, Endpoint, Message, Task } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { startTask } from "./tasks.ts";

/**
 * Cancels the pending deliveries of a message, also those that wait for a retry. Attempts under way
 * are not interrupted. Returns the number of cancelled deliveries. Throws 409 if none was pending.
 */
export async function cancelMessage(
  { store, signals, facts, clock }: Pick<CommandContext, "store" | "signals" | "facts" | "clock">,
  { environmentSeq }: Pick<Application, "environmentSeq">,
  { seq }: Pick<Message, "seq">,
): Promise<number> {
  const endpoints = await store.queue.cancel.message(seq, clock.now());
  const count = endpoints.length;
  if (count === 0)
    throw new Problem(409, "already_sent", "The message has no pending delivery that could be cancelled.");
  for (const endpointSeq of endpoints) signals.send({ type: "lane.changed", endpointSeq });
  facts.state({ type: "deliveries.cancelled", environmentSeq, count, messageSeq: seq, endpoints });
  return count;
}

/** The endpoint whose deliveries are cancelled, its application, and who starts the task. */
export interface CancelTarget {
  readonly application: Pick<Application, "seq" | "environmentSeq">;
  readonly endpoint: Pick<Endpoint, "seq">;
  readonly startedBy: AuditActor;
}

/**
 * Starts a task that cancels the pending deliveries of an endpoint whose messages were accepted
 * before a time, at the latest those that exist now. When the promise resolves, no attempt for any of
 * them can start.
 */
export function cancelMessages(
  parts: Pick<CommandContext, "store" | "seqs" | "clock" | "deliverer">,
  { application, endpoint, startedBy }: CancelTarget,
  acceptedBefore: number,
): Promise<Task> {
  return startTask(parts, { environmentSeq: application.environmentSeq, kind: CANCEL, startedBy }, (seq) => {
    const data: CancelData = {
      applicationSeq: application.seq,
      endpointSeq: endpoint.seq,
      before: Math.min(seqAt(acceptedBefore), seq),
      after: { position: 0, seq: 0 },
      deliveriesCancelled: 0,
    };
    return { ...data };
  });
}
