import { ProtobufWriter } from "./protobuf-writer.ts";
import { type Attributes, nanoseconds, type Origin, type Span } from "./span.ts";

/**
 * The numbers of the fields, from `opentelemetry/proto/trace/v1/trace.proto`, `resource.proto` and
 * `common.proto`.
 */
const REQUEST = { resourceSpans: 1 } as const;
const RESOURCE_SPANS = { resource: 1, scopeSpans: 2 } as const;
const RESOURCE = { attributes: 1 } as const;
const SCOPE_SPANS = { scope: 1, spans: 2 } as const;
const SCOPE = { name: 1, version: 2 } as const;
const SPAN = {
  ...{ traceId: 1, spanId: 2, traceState: 3, parentSpanId: 4, name: 5, kind: 6 },
  ...{ startTime: 7, endTime: 8, attributes: 9, status: 15 },
} as const;
const STATUS = { message: 2, code: 3 } as const;
const KEY_VALUE = { key: 1, value: 2 } as const;
const ANY_VALUE = { text: 1, boolean: 2, integer: 3 } as const;
const STATUS_ERROR = 2;

/** Returns an `ExportTraceServiceRequest` in the binary form. */
export function otlpProtobuf(spans: readonly Span[], { resource, scope }: Origin): Uint8Array {
  const writer = new ProtobufWriter();
  writer.message(REQUEST.resourceSpans, () => {
    writer.message(RESOURCE_SPANS.resource, () => writeAttributes(writer, RESOURCE.attributes, resource));
    writer.message(RESOURCE_SPANS.scopeSpans, () => {
      writer.message(SCOPE_SPANS.scope, () => {
        writer.text(SCOPE.name, scope.name);
        writer.text(SCOPE.version, scope.version);
      });
      for (const span of spans) writer.message(SCOPE_SPANS.spans, () => writeSpan(writer, span));
    });
  });
  return writer.finish();
}

function writeSpan(writer: ProtobufWriter, span: Span): void {
  const { tracestate, parentSpanId, error } = span;
  writer.hex(SPAN.traceId, span.traceId);
  writer.hex(SPAN.spanId, span.spanId);
  if (tracestate !== null) writer.text(SPAN.traceState, tracestate);
  if (parentSpanId !== null) writer.hex(SPAN.parentSpanId, parentSpanId);
  writer.text(SPAN.name, span.name);
  writer.unsigned(SPAN.kind, span.kind);
  writer.fixed64(SPAN.startTime, nanoseconds(span.startAt));
  writer.fixed64(SPAN.endTime, nanoseconds(span.endAt));
  writeAttributes(writer, SPAN.attributes, span.attributes);
  if (error === null) return;
  writer.message(SPAN.status, () => {
    writer.text(STATUS.message, error);
    writer.unsigned(STATUS.code, STATUS_ERROR);
  });
}

function writeAttributes(writer: ProtobufWriter, field: number, attributes: Attributes): void {
  for (const key in attributes) {
    const value = attributes[key];
    if (value === undefined) continue;
    writer.message(field, () => {
      writer.text(KEY_VALUE.key, key);
      writer.message(KEY_VALUE.value, () => writeValue(writer, value));
    });
  }
}

function writeValue(writer: ProtobufWriter, value: string | number | boolean): void {
  if (typeof value === "string") writer.text(ANY_VALUE.text, value);
  else if (typeof value === "number") writer.unsigned(ANY_VALUE.integer, value);
  else writer.unsigned(ANY_VALUE.boolean, Number(value));
}

/** `ExportTraceServiceResponse.partial_success`, as tag. */
const PARTIAL_SUCCESS = 0x0a;
/** `ExportTracePartialSuccess.rejected_spans`, as tag. */
const REJECTED_SPANS = 0x08;

/**
 * Returns the number of rejected spans in an `ExportTraceServiceResponse`. Reads only the form in
 * which all encoders write it: fields in order, and the number first.
 */
export function rejectedInProtobuf(response: Uint8Array): number {
  if (response[0] !== PARTIAL_SUCCESS) return 0;
  const start = endOfVarint(response, 1);
  const count = response[start] === REJECTED_SPANS ? varintAt(response, start + 1) : 0;
  // A negative number is written like one near 2^64.
  return Number.isSafeInteger(count) ? count : 0;
}

function endOfVarint(bytes: Uint8Array, from: number): number {
  let at = from;
  while ((bytes[at] ?? 0) >= 0x80) at++;
  return at + 1;
}

function varintAt(bytes: Uint8Array, from: number): number {
  const digits = bytes.subarray(from, endOfVarint(bytes, from));
  return digits.reduceRight((value, digit) => value * 0x80 + (digit & 0x7f), 0);
}
