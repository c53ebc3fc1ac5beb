import type { Seq } from "../../core/id.ts";
import type { Received } from "../../core/received.ts";
import {
  isInShare,
  isRandom,
  isSampled,
  isValueInShare,
  spanIdOf,
  type TraceContext,
  traceIdOf,
  traceparentOf,
} from "../../core/trace.ts";
import { hexWord, SeqHash } from "./seq-hash.ts";

/** The fields of a message that decide whether its trace is recorded. */
export interface TraceOrigin {
  readonly seq: Seq;
  /** The trace of the caller. Null or absent if the message begins a trace. */
  readonly trace?: TraceContext | null;
  readonly received: Received | null;
}

/** The place of a message in a trace that is recorded. */
export interface MessageTrace {
  readonly traceId: string;
  /** The span of the caller, or null if the trace begins with the message. */
  readonly callerSpanId: string | null;
  /** The span `boathook.accept` of the message, to which all its other spans belong. */
  readonly acceptSpanId: string;
  readonly tracestate: string | null;
}

/**
 * The traces of messages. They depend only on the message and the seed, so that attempts hours later
 * and after a restart belong to the same trace, although it is not stored.
 */
export class MessageTraces {
  readonly #hash: SeqHash;

  constructor(
    seed: Uint8Array,
    /** Share of the traces beginning here that is recorded, from 0 to 1. */
    private readonly share: number,
  ) {
    this.#hash = new SeqHash(seed);
  }

  /**
   * Returns whether the trace of a message is recorded.
   *
   * A caller of the API decides about its trace. `share` decides for messages that begin a trace, and
   * for those of sources, because anyone who knows the URL of a source can send there.
   */
  isSampled({ seq, trace, received }: TraceOrigin): boolean {
    if (trace == null) return isValueInShare(this.#shareValue(seq), this.share);
    return received === null ? isSampled(trace) : isInShare(traceIdOf(trace), this.share);
  }

  of({ seq, trace }: TraceOrigin): MessageTrace {
    const acceptSpanId = hexWord(this.#hash.word(seq, 4)) + hexWord(this.#hash.word(seq, 5));
    if (trace == null) return { traceId: this.#traceId(seq), callerSpanId: null, acceptSpanId, tracestate: null };
    return { traceId: traceIdOf(trace), callerSpanId: spanIdOf(trace), acceptSpanId, tracestate: trace.tracestate };
  }

  /** Returns what a receiver gets: the trace of the message, with the span of an attempt as parent. */
  contextFor({ seq, trace }: TraceOrigin, spanId: string, isSampled: boolean): TraceContext {
    if (trace == null) {
      const traceparent = traceparentOf(this.#traceId(seq), spanId, { isSampled, isRandom: true });
      return { traceparent, tracestate: null };
    }
    const traceparent = traceparentOf(traceIdOf(trace), spanId, { isSampled, isRandom: isRandom(trace) });
    return { traceparent, tracestate: trace.tracestate };
  }

  #traceId(seq: Seq): string {
    const hash = this.#hash;
    return (
      hexWord(hash.word(seq, 0)) + hexWord(hash.word(seq, 1)) + hexWord(hash.word(seq, 2)) + hexWord(hash.word(seq, 3))
    );
  }

  /** Returns the last 56 bits of the trace id of a message that begins a trace. */
  #shareValue(seq: Seq): number {
    return (this.#hash.word(seq, 2) & 0xff_ffff) * 2 ** 32 + this.#hash.word(seq, 3);
  }
}
