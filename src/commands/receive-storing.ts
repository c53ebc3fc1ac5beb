import type { Incoming } from "../accept/incoming.ts";
import { notFound } from "../core/problem.ts";
import type { Cause, DoorReply, ReceivedState } from "../core/received.ts";
import { traceContextOf } from "../core/trace.ts";
import { count, nameOf } from "../door/count.ts";
import type { SourceEntry } from "../door/source-directory.ts";
import { duplicateKeyOf, eventTypeOf } from "../door/source-rules.ts";
import type { RequestView } from "../receive/request-view.ts";
import type { IdempotencyEntry, IdempotentResponse } from "../store/index.ts";
import type { ReceiveParts } from "./receive-parts.ts";
import { type DoorRequest, logRequest, pathOf, rateLimited, refuse, withoutSecrets } from "./receive-refusal.ts";
import { hideCapturedSecret } from "./source-secrets.ts";

/** A request that may be stored. */
interface Checked {
  readonly view: RequestView;
  readonly state: ReceivedState;
  /** Null unless the state is `failed`. */
  readonly cause: Cause | null;
}

/**
 * Stores a message unless it is a duplicate or exceeds the source's rate, and returns the response.
 * The check for duplicates is part of the message's commit, so that it holds for concurrent
 * requests.
 */
export async function storeReceived(
  parts: ReceiveParts,
  entry: SourceEntry,
  request: DoorRequest,
  { view, state, cause }: Checked,
): Promise<DoorReply> {
  const { directory, accepter, ingestPace } = parts;
  const { source, receiver } = entry;
  const found = directory.application(source.environmentSeq, entry.application);
  const application = found instanceof Promise ? await found : found;
  if (application === null) throw notFound();
  const idempotency = state === "failed" ? null : duplicateEntry(parts, entry, view);
  const waitMs = source.ingestRate === null ? 0 : ingestPace.take(source.seq, source.ingestRate);
  if (waitMs > 0) {
    return (
      (await firstReply(parts, entry, idempotency)) ?? refuse(parts, entry, request, view.body, rateLimited(waitMs))
    );
  }
  let isStored = false;
  try {
    const incoming = incomingOf(parts, entry, request, { view, state, cause }, idempotency);
    const result = await accepter.accept(application, incoming);
    isStored = result.accepted;
    if (!result.accepted) {
      return await duplicateReply(parts, entry, result.because === "idempotency" ? result.response : null);
    }
    request.onStored?.(result);
  } finally {
    if (!isStored && source.ingestRate !== null) ingestPace.giveBack(source.seq);
  }
  count(parts, entry, "stored");
  const reply = source.answer ?? receiver.reply;
  if (cause !== null) await logRequest(parts, entry, request, view.body, { cause, status: reply.status });
  if (source.captured !== null && state === "verified") await hideCapturedSecret(parts, source.seq).catch(() => {});
  return reply;
}

function incomingOf(
  { ids }: ReceiveParts,
  entry: SourceEntry,
  { begunAt }: DoorRequest,
  { view, state, cause }: Checked,
  idempotency: IdempotencyEntry | null,
): Incoming {
  const { source, receiver } = entry;
  const { headers, redacted } = withoutSecrets(view.headers, receiver.secretHeaders);
  return {
    eventType: eventTypeOf(entry, view),
    eventId: null,
    channels: null,
    tags: null,
    payload: view.body,
    contentType: view.header("content-type"),
    headers,
    retentionMs: null,
    deliverAt: null,
    warnings: null,
    idempotency,
    // The sender's `tracestate` is passed on with its other headers.
    trace: traceContextOf(view.header("traceparent"), null),
    begunAt,
    received: {
      source: nameOf(entry, ids),
      sourceSeq: source.seq,
      method: view.method,
      path: pathOf(view),
      state,
      cause,
      redacted,
      // The provider's response never changes, so only the user's is kept for duplicates.
      reply: source.answer,
    },
  };
}

function duplicateEntry({ clock }: ReceiveParts, entry: SourceEntry, view: RequestView): IdempotencyEntry | null {
  const key = duplicateKeyOf(entry, view);
  if (key === null) return null;
  const { windowSeconds } = entry.source.deduplicate!;
  return { key, expiresAt: clock.now() + windowSeconds * 1000, bodyHash: null };
}

/** Returns the response to the first request with the same key, or null if there is none. */
async function firstReply(
  parts: ReceiveParts,
  entry: SourceEntry,
  idempotency: IdempotencyEntry | null,
): Promise<DoorReply | null> {
  if (idempotency === null) return null;
  const response = await parts.store.queue.idempotency.get(idempotency.key, parts.clock.now());
  return response === null ? null : duplicateReply(parts, entry, response);
}

/** Counts a duplicate and returns the response that the first request got. */
async function duplicateReply(
  parts: ReceiveParts,
  entry: SourceEntry,
  response: IdempotentResponse | null,
): Promise<DoorReply> {
  const { source, receiver } = entry;
  count(parts, entry, "duplicate");
  if (response?.kind !== "message") return source.answer ?? receiver.reply;
  const [first] = await parts.store.queue.contents([response.messageSeq]);
  if (first === null || first === undefined) return source.answer ?? receiver.reply;
  return first.received?.reply ?? receiver.reply;
}
