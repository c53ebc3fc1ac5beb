import root from "../../node_modules/@opentelemetry/otlp-transformer/build/src/generated/root.js";

/** A receiver of OTLP/HTTP, which decodes with the code that OpenTelemetry generates from its `.proto` files. */

/** A message type of protobufjs. */
interface MessageType {
  decode(bytes: Uint8Array): unknown;
  toObject(message: unknown, options: { readonly longs: typeof String }): unknown;
  encode(message: object): { finish(): Uint8Array };
}

/** The part of the generated code that is used. The types of its package do not name it. */
interface Generated {
  readonly opentelemetry: {
    readonly proto: {
      readonly collector: {
        readonly trace: {
          readonly v1: Readonly<Record<"ExportTraceServiceRequest" | "ExportTraceServiceResponse", MessageType>>;
        };
      };
    };
  };
}

const generated = root as unknown as Generated;
const { ExportTraceServiceRequest, ExportTraceServiceResponse } = generated.opentelemetry.proto.collector.trace.v1;

/** A span, in the same form whatever the encoding was. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty if the span is the first of its trace. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: number;
  /** In ns since the Unix epoch. */
  readonly startTime: bigint;
  readonly endTime: bigint;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly status: { readonly code: number; readonly message: string };
  /** The attributes of the process. */
  readonly resource: Readonly<Record<string, string | number | boolean>>;
  readonly scope: { readonly name: string; readonly version: string };
}

interface RawSpan {
  readonly traceId: string | Uint8Array;
  readonly spanId: string | Uint8Array;
  readonly parentSpanId?: string | Uint8Array;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly RawAttribute[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

interface RawAttribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string | number; readonly boolValue?: boolean };
}

interface RawRequest {
  readonly resourceSpans: ReadonlyArray<{
    readonly resource: { readonly attributes: readonly RawAttribute[] };
    readonly scopeSpans: ReadonlyArray<{
      readonly scope: { readonly name: string; readonly version: string };
      readonly spans: readonly RawSpan[];
    }>;
  }>;
}

/** Returns the spans in the body of a request. Throws if the body is not an `ExportTraceServiceRequest`. */
export function decodedSpans(contentType: string | null, body: Uint8Array): CollectedSpan[] {
  const { resourceSpans } = rawRequest(contentType, body);
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span) => ({ ...spanOf(span), resource: attributesOf(resource.attributes), scope })),
    ),
  );
}

function rawRequest(contentType: string | null, body: Uint8Array): RawRequest {
  if (contentType === "application/json") return JSON.parse(Buffer.from(body).toString()) as RawRequest;
  if (contentType !== "application/x-protobuf") throw new Error(`Unknown content type: ${contentType}`);
  const message = ExportTraceServiceRequest.decode(body);
  return ExportTraceServiceRequest.toObject(message, { longs: String }) as RawRequest;
}

function spanOf(span: RawSpan): Omit<CollectedSpan, "resource" | "scope"> {
  return {
    ...{ traceId: hex(span.traceId), spanId: hex(span.spanId), parentSpanId: hex(span.parentSpanId ?? "") },
    ...{ traceState: span.traceState ?? "", name: span.name, kind: span.kind },
    ...{ startTime: BigInt(span.startTimeUnixNano), endTime: BigInt(span.endTimeUnixNano) },
    attributes: attributesOf(span.attributes ?? []),
    status: { code: span.status?.code ?? 0, message: span.status?.message ?? "" },
  };
}

function hex(id: string | Uint8Array): string {
  return typeof id === "string" ? id : Buffer.from(id).toString("hex");
}

function attributesOf(attributes: readonly RawAttribute[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? (value.intValue === undefined ? "?" : Number(value.intValue)),
    ]),
  );
}

/** Returns a successful response that reports this number of spans as rejected. */
export function partialSuccess(contentType: string, rejectedSpans: number): Uint8Array<ArrayBuffer> {
  const message = { partialSuccess: { rejectedSpans, errorMessage: "too many" } };
  if (contentType === "application/json") return Buffer.from(JSON.stringify(message));
  return new Uint8Array(ExportTraceServiceResponse.encode(message).finish());
}

export interface Collector extends AsyncDisposable {
  /** The value of `otlp-endpoint`. */
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** The requests, in order of arrival. */
  readonly requests: readonly Request[];
  /** Returns the response to later requests, whose spans are kept if its status is 200. */
  answering: (request: Request) => Response | Promise<Response>;
}

/** Starts a collector on a port of 127.0.0.1; 0 chooses a free one. */
export function startCollector(port = 0): Collector {
  const spans: CollectedSpan[] = [];
  const requests: Request[] = [];
  const collector = { answering: (_: Request): Response | Promise<Response> => new Response() };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port,
    idleTimeout: 0,
    async fetch(request) {
      requests.push(request);
      const body = new Uint8Array(await request.arrayBuffer());
      const response = await collector.answering(request);
      if (response.status === 200) spans.push(...decodedSpans(request.headers.get("content-type"), body));
      return response;
    },
  });
  return Object.assign(collector, {
    url: `http://127.0.0.1:${server.port}`,
    spans,
    requests,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  });
}
