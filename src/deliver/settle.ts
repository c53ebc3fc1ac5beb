import { attemptHeadersOf } from "../core/attempt-headers.ts";
import { attemptTransformationOf } from "../core/attempt-transformation.ts";
import type { NextState } from "../core/delivery.ts";
import type { AttemptNames, Fact } from "../core/fact.ts";
import { type Seq, type SeqSource, seqAt } from "../core/id.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Answer } from "../ports.ts";
import type { EndpointEntry } from "../store/directory.ts";
import type { Attempt, MessageContent, PendingDelivery, Settled, Settlement } from "../store/index.ts";

/** Delay before a failed write to the store is retried, in ms. */
export const STORE_RETRY_MS = 500;

/** How a response is judged: its outcome and the decision. */
export interface Verdict {
  readonly answer: Answer;
  readonly outcome: Outcome;
  readonly next: NextState;
  /** Time of continuous failure after which the endpoint is disabled, in ms; 0 means never. */
  readonly disableAfterMs: number;
  /** End of the attempt, by the wall clock. */
  readonly endedAt: number;
  /** End of the attempt, as a delivery time. */
  readonly endTime: number;
  /** How far positions are ahead of the delivery time, in ms. */
  readonly positionsAheadMs: number;
  readonly durationMs: number;
}

/** The delivery, the message and the batch of an attempt. */
export interface Attempted {
  readonly delivery: PendingDelivery;
  readonly content: MessageContent;
  /** The batch that was sent; null if the message was sent alone. */
  readonly batchSeq: Seq | null;
}

/**
 * Returns the settlement to store for an attempt and its result. `stored` is the result of `nextOf`.
 */
export function settlementOf(
  { entry, startedAt }: { readonly entry: EndpointEntry; readonly startedAt: number },
  { delivery, content, batchSeq }: Attempted,
  verdict: Verdict,
  stored: Settlement["next"],
  seqs: SeqSource,
): Settlement {
  const { answer, outcome, next, disableAfterMs, endedAt, durationMs } = verdict;
  return {
    attempt: {
      seq: seqs.next(),
      deliverySeq: delivery.seq,
      messageSeq: delivery.messageSeq,
      endpointSeq: delivery.endpointSeq,
      url: answer.transformation?.sent?.url ?? entry.shownUrl,
      reason: outcome.reason,
      responseStatus: answer.kind === "response" ? answer.status : 0,
      response: answer.kind === "response" ? answer.body : Buffer.from(answer.detail, "utf8"),
      note: answer.kind === "response" ? answer.note : null,
      durationMs,
      trigger: delivery.trigger,
      startedAt,
      nextAttemptAt: next.state === "pending" ? endedAt + next.waitMs : null,
      batchSeq,
      ...(answer.headers !== undefined && { headers: attemptHeadersOf(answer.headers) }),
      ...(answer.apiVersion !== undefined && { apiVersion: answer.apiVersion }),
      ...(answer.transformation !== undefined && {
        transformation: attemptTransformationOf(answer.transformation),
      }),
    },
    message: content,
    round: delivery.round,
    next: stored,
    settledAt: endedAt,
    disableEndpoint: outcome.gone,
    disableAfterMs,
    ...(outcome.sparesEndpoint && { sparesEndpoint: true }),
  };
}

/** Returns the decision of a verdict as it is stored. */
export function nextOf(verdict: Verdict, seqs: SeqSource): Settlement["next"] {
  const { next } = verdict;
  return next.state === "pending" ? retryOf(next, verdict, seqs) : next;
}

/**
 * Returns the state of a delivery that will be retried. Its position in a parallel lane is greater
 * than every position generated so far, because a lane could skip a delivery at a smaller position.
 */
function retryOf(
  { state, attempts, waitMs }: Extract<NextState, { state: "pending" }>,
  { endTime, positionsAheadMs }: Verdict,
  seqs: SeqSource,
) {
  const dueAt = endTime + waitMs;
  const position = seqAt(dueAt + positionsAheadMs);
  return { state, attempts, dueAt, position: position > seqs.last ? position : seqs.next() };
}

/** Returns the fact to publish after an attempt's result has been stored. */
export function finishedFact(
  delivery: PendingDelivery,
  content: MessageContent,
  entry: EndpointEntry,
  attempt: Attempt,
  { change, next }: Settled,
  now: number,
): Extract<Fact, { type: "attempt.finished" }> {
  const isStale = change === "stale";
  return {
    type: "attempt.finished",
    deliverySeq: delivery.seq,
    messageSeq: delivery.messageSeq,
    endpointSeq: delivery.endpointSeq,
    applicationSeq: content.applicationSeq,
    environmentSeq: entry.endpoint.environmentSeq,
    attemptSeq: attempt.seq,
    failedBefore: delivery.attempts,
    reason: attempt.reason,
    responseStatus: attempt.responseStatus,
    durationMs: attempt.durationMs,
    next: isStale ? "unchanged" : next.state,
    was: change === "revived" ? "dead" : "pending",
    deadReason: !isStale && next.state === "dead" ? next.reason : null,
    // The clock may have been set back since the message was accepted.
    sinceAcceptedMs: Math.max(0, now - content.acceptedAt),
  };
}

/** Returns the fact to publish if an attempt changed the health of its endpoint. */
export function healthFact(
  { endpointSeq, url, reason, responseStatus, startedAt, durationMs }: Attempt,
  applicationSeq: Seq,
  health: NonNullable<Settled["health"]>,
  attempt: AttemptNames,
): Fact {
  const endpoint = { endpointSeq, applicationSeq, url, attempt };
  if (health !== "failing") {
    const failedForMs = Math.max(0, startedAt + durationMs - health.recoveredFrom);
    return { type: "endpoint.recovered", ...endpoint, failedForMs };
  }
  return { type: "endpoint.failing", ...endpoint, reason: reason ?? "connection", status: responseStatus };
}
