/** Kinds of spans, with their numbers in OTLP. */
export const SPAN_KIND = { internal: 1, server: 2, client: 3 } as const;

/** Texts, booleans, and integers that are not negative. Undefined attributes are left out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** A span that has ended. */
export interface Span {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** Null if the span is the first of its trace. */
  readonly parentSpanId: string | null;
  readonly tracestate: string | null;
  readonly name: string;
  readonly kind: (typeof SPAN_KIND)[keyof typeof SPAN_KIND];
  /** Start and end in ms since the Unix epoch, with fractions. */
  readonly startAt: number;
  readonly endAt: number;
  readonly attributes: Attributes;
  /** Reason of a failure, or null if the step succeeded. */
  readonly error: string | null;
}

/** Describes the process and the instrumentation that produce the spans. Sent once per request. */
export interface Origin {
  /** Attributes of the process. */
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string };
}

/** Takes the spans that have ended. */
export interface SpanSink {
  /** Never blocks or throws. */
  add(span: Span): void;
}

/** Returns a time in ns since the Unix epoch. */
export function nanoseconds(ms: number): bigint {
  const whole = Math.floor(ms);
  return BigInt(whole) * 1_000_000n + BigInt(Math.floor((ms - whole) * 1_000_000));
}
