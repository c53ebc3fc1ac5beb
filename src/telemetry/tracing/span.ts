/** The values are those of OTLP. */
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
  /** In ms since the Unix epoch, with fractions. */
  readonly startAt: number;
  readonly endAt: number;
  readonly attributes: Attributes;
  /** What failed, or null if nothing failed. */
  readonly error: string | null;
}

/** What all spans of this process share. */
export interface Origin {
  /** Attributes of the process. */
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string };
}

export interface SpanSink {
  /** Never blocks or throws. */
  add(span: Span): void;
}

/** Returns a time in ns since the Unix epoch. */
export function nanoseconds(ms: number): bigint {
  const whole = Math.floor(ms);
  return BigInt(whole) * 1_000_000n + BigInt(Math.floor((ms - whole) * 1_000_000));
}
