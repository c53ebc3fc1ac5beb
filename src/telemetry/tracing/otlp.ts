import { otlpJson } from "./otlp-json.ts";
import { otlpProtobuf, rejectedInProtobuf } from "./otlp-protobuf.ts";
import type { Origin, Span } from "./span.ts";

/** A form of the requests and responses of OTLP/HTTP. https://opentelemetry.io/docs/specs/otlp/ */
export interface OtlpForm {
  readonly contentType: string;
  /** Returns the request that exports these spans (`ExportTraceServiceRequest`). */
  encode(spans: readonly Span[], origin: Origin): Uint8Array;
  /**
   * Returns the number of spans that a successful response (`ExportTraceServiceResponse`) reports as
   * rejected. 0 if it cannot be read.
   */
  rejected(response: Uint8Array): number;
}

export const otlpForms = {
  "http/protobuf": { contentType: "application/x-protobuf", encode: otlpProtobuf, rejected: rejectedInProtobuf },
  "http/json": { contentType: "application/json", encode: otlpJson, rejected: rejectedInJson },
} as const satisfies Record<string, OtlpForm>;

function rejectedInJson(response: Uint8Array): number {
  try {
    const { partialSuccess } = JSON.parse(Buffer.from(response).toString()) as {
      partialSuccess?: { rejectedSpans?: unknown };
    };
    // An int64 is a text in the JSON form of Protocol Buffers.
    const count = Number(partialSuccess?.rejectedSpans ?? 0);
    return Number.isSafeInteger(count) && count > 0 ? count : 0;
  } catch {
    return 0;
  }
}
