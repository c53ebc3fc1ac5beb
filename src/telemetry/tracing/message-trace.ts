import { createHmac } from "node:crypto";
import type { Seq } from "../../core/id.ts";
import type { Received } from "../../core/received.ts";
import { isInShare, isRandom, isSampled, spanIdOf, type TraceContext, traceIdOf } from "../../core/trace.ts";

/** The place of a message in its trace. */
export interface MessageTrace {
  readonly traceId: string;
  /** The span of the caller, or null if the trace begins with the message. */
  readonly callerSpanId: string | null;
  /** The span `boathook.accept` of the message, to which all its other spans belong. */
  readonly acceptSpanId: string;
  readonly tracestate: string | null;
  /** Whether spans are recorded. */
  readonly isSampled: boolean;
  /** Whether the trace id is known to be random. */
  readonly isRandom: boolean;
}

/**
 * Returns the trace of a message. It depends only on the message and the seed, so that attempts hours
 * later and after a restart belong to the same trace, although it is not stored.
 *
 * A caller of the API decides whether its trace is recorded. `share` decides for messages that begin
 * a trace, and for those of sources, because anyone who knows the URL of a source can send there.
 */
export function messageTrace(
  {
    seq,
    trace,
    received,
  }: { readonly seq: Seq; readonly trace?: TraceContext | null; readonly received: Received | null },
  seed: Uint8Array,
  share: number,
): MessageTrace {
  const hash = createHmac("sha256", seed).update(String(seq)).digest("hex");
  const acceptSpanId = hash.slice(32, 48);
  if (trace == null) {
    const traceId = hash.slice(0, 32);
    const own = { traceId, callerSpanId: null, acceptSpanId, tracestate: null };
    return { ...own, isSampled: isInShare(traceId, share), isRandom: true };
  }
  const traceId = traceIdOf(trace);
  return {
    ...{ traceId, callerSpanId: spanIdOf(trace), acceptSpanId, tracestate: trace.tracestate },
    isSampled: received === null ? isSampled(trace) : isInShare(traceId, share),
    isRandom: isRandom(trace),
  };
}
