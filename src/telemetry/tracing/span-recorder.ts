import type { IdCodec } from "../../core/id.ts";
import type { TraceContext } from "../../core/trace.ts";
import type {
  AcceptTimes,
  AttemptSpan,
  TracedAttempt,
  TracedDelivery,
  TracedMessage,
  Tracer,
} from "../../core/tracer.ts";
import { type MessageTrace, MessageTraces } from "./message-trace.ts";
import { hexWord } from "./seq-hash.ts";
import { type Attributes, SPAN_KIND, type Span, type SpanSink } from "./span.ts";

export interface RecorderOptions {
  readonly ids: IdCodec;
  /** Random bytes of the installation, from which trace ids are derived. */
  readonly seed: Uint8Array;
  /** Share of the traces beginning here that is recorded, from 0 to 1. */
  readonly share: number;
  readonly sink: SpanSink;
  /** Returns the time in ms since the Unix epoch, with fractions. */
  readonly now: () => number;
  /** Returns a random number from 0 to below 1. */
  readonly random: () => number;
}

/** Records the spans of messages and passes them to a sink. */
export class SpanRecorder implements Tracer {
  readonly #traces: MessageTraces;

  constructor(private readonly options: RecorderOptions) {
    this.#traces = new MessageTraces(options.seed, options.share);
  }

  now(): number {
    return this.options.now();
  }

  records(message: TracedMessage): boolean {
    return this.#traces.isSampled(message);
  }

  accepted(message: TracedMessage, { begunAt, committingAt }: AcceptTimes): void {
    if (!this.records(message)) return;
    const trace = this.#traces.of(message);
    const { sink } = this.options;
    const endAt = this.now();
    const attributes = this.#messageAttributes(message);
    const accept = { spanId: trace.acceptSpanId, parentSpanId: trace.callerSpanId, kind: SPAN_KIND.server };
    const commit = { spanId: this.newSpanId(), parentSpanId: trace.acceptSpanId, kind: SPAN_KIND.internal };
    sink.add(spanOf(trace, { ...accept, name: "boathook.accept", startAt: begunAt, endAt, attributes }));
    sink.add(spanOf(trace, { ...commit, name: "boathook.commit", startAt: committingAt, endAt, attributes: {} }));
  }

  attempt(message: TracedMessage, delivery: TracedDelivery): AttemptSpan {
    const isRecorded = this.records(message);
    const spanId = this.newSpanId();
    const context = this.#traces.contextFor(message, spanId, isRecorded);
    if (!isRecorded) return new UnrecordedAttempt(context);
    return new RecordedAttempt(this, this.options, this.#traces.of(message), context, spanId, () => ({
      ...this.#messageAttributes(message),
      "boathook.endpoint.id": this.options.ids.encode("ep_", delivery.endpointSeq),
      "boathook.delivery.id": this.options.ids.encode("dlv_", delivery.seq),
      "boathook.attempt.number": delivery.attempts + 1,
    }));
  }

  newSpanId(): string {
    const word = () => hexWord(Math.floor(this.options.random() * 2 ** 32));
    return word() + word();
  }

  #messageAttributes({ seq, applicationSeq, eventType, received }: TracedMessage): Attributes {
    const { ids } = this.options;
    return {
      "boathook.message.id": ids.encode("msg_", seq),
      "boathook.application.id": ids.encode("app_", applicationSeq),
      "boathook.event_type": eventType,
      "boathook.source": received?.source,
    };
  }
}

/** An attempt whose trace is not recorded. The receiver gets its trace all the same, not sampled. */
class UnrecordedAttempt implements AttemptSpan {
  constructor(readonly trace: TraceContext) {}

  responded(): void {}

  settled(): void {}
}

class RecordedAttempt implements AttemptSpan {
  readonly #startAt: number;
  /** Time of the response, at which the settlement begins. */
  #respondedAt = 0;

  constructor(
    private readonly recorder: SpanRecorder,
    private readonly options: RecorderOptions,
    private readonly of: MessageTrace,
    readonly trace: TraceContext,
    private readonly spanId: string,
    private readonly attributes: () => Attributes,
  ) {
    this.#startAt = recorder.now();
  }

  responded({ seq, url, reason, responseStatus }: TracedAttempt): void {
    this.#respondedAt = this.recorder.now();
    const { ids, sink } = this.options;
    const own = { spanId: this.spanId, parentSpanId: this.of.acceptSpanId, kind: SPAN_KIND.client };
    const attributes = {
      ...this.attributes(),
      "boathook.attempt.id": ids.encode("atmpt_", seq),
      ...addressAttributes(url),
      "http.response.status_code": responseStatus === 0 ? undefined : responseStatus,
      "error.type": reason ?? undefined,
    };
    const times = { startAt: this.#startAt, endAt: this.#respondedAt };
    sink.add(spanOf(this.of, { ...own, ...times, name: "boathook.attempt", attributes, error: reason }));
  }

  settled(next: string): void {
    const own = { spanId: this.recorder.newSpanId(), parentSpanId: this.spanId, kind: SPAN_KIND.internal };
    const times = { startAt: this.#respondedAt, endAt: this.recorder.now() };
    const attributes = { "boathook.delivery.state": next };
    this.options.sink.add(spanOf(this.of, { ...own, ...times, name: "boathook.settle", attributes }));
  }
}

function spanOf(
  { traceId, tracestate }: MessageTrace,
  { error = null, endAt, ...span }: Omit<Span, "traceId" | "tracestate" | "error"> & { readonly error?: string | null },
): Span {
  // The clock may have been set back in between.
  return { traceId, tracestate, ...span, endAt: Math.max(span.startAt, endAt), error };
}

/** Leaves out the user name, the password and the query of a URL, because these may be secret. */
function addressAttributes(url: string): Attributes {
  const parsed = URL.parse(url);
  if (parsed === null) return {};
  const { protocol, host, hostname, pathname, port } = parsed;
  return {
    "url.full": `${protocol}//${host}${pathname}`,
    "server.address": hostname,
    "server.port": port === "" ? undefined : Number(port),
  };
}
