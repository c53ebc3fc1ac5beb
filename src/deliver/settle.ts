import type { NextState } from "../core/delivery.ts";
import type { Fact } from "../core/fact.ts";
import { type Seq, type SeqSource, seqAt } from "../core/id.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Answer, Clock } from "../ports.ts";
import type { EndpointEntry } from "../store/directory.ts";
import {
  type MessageContent,
  type PendingDelivery,
  type Settled,
  type Settlement,
  type Store,
  StoreUnavailable,
} from "../store/index.ts";

/** How soon to ask a store again that could not be written. */
export const STORE_RETRY_MS = 500;

/** A request that has been on its way. */
export interface Sent {
  readonly delivery: PendingDelivery;
  readonly content: MessageContent;
  /** Where it went. */
  readonly entry: EndpointEntry;
  readonly startedAt: number;
}

/** What came back, and what follows from it. */
export interface Result {
  readonly answer: Answer;
  readonly outcome: Outcome;
  readonly next: NextState;
  /** The endpoint is disabled when it has failed for this long; 0 = never. */
  readonly disableAfterMs: number;
  readonly finishedAt: number;
}

/** An attempt and its result in the form in which they are stored. */
export function settlementOf(sent: Sent, result: Result, seqs: SeqSource): Settlement {
  const { delivery, content, entry, startedAt } = sent;
  const { answer, outcome, next, disableAfterMs, finishedAt } = result;
  const dueAt = next.state === "pending" ? finishedAt + next.waitMs : null;
  return {
    attempt: {
      seq: seqs.next(),
      deliverySeq: delivery.seq,
      messageSeq: delivery.messageSeq,
      endpointSeq: delivery.endpointSeq,
      url: entry.endpoint.url,
      reason: outcome.reason,
      responseStatus: answer.kind === "response" ? answer.status : 0,
      response: answer.kind === "response" ? answer.body : Buffer.from(answer.detail, "utf8"),
      durationMs: Math.max(0, finishedAt - startedAt),
      trigger: delivery.trigger,
      startedAt,
      nextAttemptAt: dueAt,
    },
    message: content,
    round: delivery.round,
    next:
      next.state === "pending"
        ? { state: "pending", attempts: next.attempts, dueAt: dueAt!, position: positionAt(dueAt!, seqs) }
        : next,
    settledAt: finishedAt,
    disableEndpoint: outcome.gone,
    disableAfterMs,
  };
}

/** The place in a parallel lane of what is due at `dueAt`: always beyond everything that has a place already, or it could be
 * passed over. */
function positionAt(dueAt: number, seqs: SeqSource): Seq {
  const position = seqAt(dueAt);
  return position > seqs.last ? position : seqs.next();
}

/** What is told of an attempt when its result has been stored. */
export function finishedFact(
  { delivery, content, entry }: Sent,
  { attempt }: Settlement,
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
    sinceAcceptedMs: now - content.acceptedAt,
  };
}

/** Stores the result, however long the disk takes to have room for it. Null when the process stops before. */
export async function settle(
  store: Store,
  clock: Clock,
  settlement: Settlement,
  isStopping: () => boolean,
): Promise<Settled | null> {
  for (;;) {
    try {
      const [settled] = await store.queue.settle([settlement]);
      return settled!;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (isStopping()) return null;
      await new Promise<void>((resolve) => clock.after(STORE_RETRY_MS, resolve));
    }
  }
}
