import { type Attributes, nanoseconds, type Origin, type Span } from "./span.ts";

const STATUS_ERROR = 2;

/** Returns an `ExportTraceServiceRequest` in the JSON form of OTLP, in which ids are hexadecimal. */
export function otlpJson(spans: readonly Span[], { resource, scope }: Origin): Uint8Array {
  const scopeSpans = [{ scope, spans: spans.map(spanJson) }];
  return Buffer.from(
    JSON.stringify({ resourceSpans: [{ resource: { attributes: attributesJson(resource) }, scopeSpans }] }),
  );
}

function spanJson({ parentSpanId, tracestate, error, ...span }: Span): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(tracestate !== null && { traceState: tracestate }),
    ...(parentSpanId !== null && { parentSpanId }),
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: String(nanoseconds(span.startAt)),
    endTimeUnixNano: String(nanoseconds(span.endAt)),
    attributes: attributesJson(span.attributes),
    ...(error !== null && { status: { message: error, code: STATUS_ERROR } }),
  };
}

function attributesJson(attributes: Attributes): object[] {
  return Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({ key, value: valueJson(value!) }));
}

function valueJson(value: string | number | boolean): object {
  if (typeof value === "string") return { stringValue: value };
  // An int64 is a text in the JSON form of Protocol Buffers.
  return typeof value === "number" ? { intValue: String(value) } : { boolValue: value };
}
