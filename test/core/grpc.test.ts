import { describe, expect, test } from "bun:test";
import { loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { decodeDeliverResponse, encodeDeliverRequest } from "../../src/core/grpc-messages.ts";
import { grpcMetadata } from "../../src/core/grpc-metadata.ts";
import { grpcAnswer } from "../../src/core/grpc-status.ts";
import { classify } from "../../src/core/outcome.ts";
import { ProtobufError } from "../../src/core/protobuf.ts";
import type { GrpcMessage } from "../../src/ports.ts";

// biome-ignore lint/suspicious/noExplicitAny: the library knows the types of a .proto file only at run time
const proto = loadPackageDefinition(loadSync("web/boathook.proto", { longs: Number, defaults: true })) as any;
const { Deliver } = (proto.boathook.v1.Receiver as ServiceClientConstructor).service;

const MESSAGE: GrpcMessage = {
  ...{ id: "msg_1", eventType: "a.b", timestamp: 1_700_000_000, payload: Buffer.from([0, 255, 10]) },
  ...{ contentType: "application/json", channels: ["eu", "", "ä"] },
};

describe("messages of gRPC", () => {
  test.each<[name: string, change: Partial<GrpcMessage>]>([
    ["with all fields", {}],
    ["with a long payload", { payload: Buffer.alloc(70_000, 7) }],
    ["with a time above 2^32", { timestamp: 2 ** 40 + 5 }],
    ["with empty fields", { eventType: "", timestamp: 0, payload: Buffer.alloc(0), contentType: "", channels: [] }],
  ])("a DeliverRequest %s is read by the official library as it was written", (_, change) => {
    const message = { ...MESSAGE, ...change };
    const read = Deliver!.requestDeserialize(encodeDeliverRequest(message)) as GrpcMessage;
    expect({ ...read, payload: Buffer.from(read.payload) }).toEqual({
      ...message,
      payload: Buffer.from(message.payload),
    });
  });

  test("a DeliverResponse of the official library is read, with fields that do not exist yet", () => {
    const written = Deliver!.responseSerialize({ detail: "stored ä" });
    expect(decodeDeliverResponse(written)).toBe("stored ä");
    const unknown = Buffer.from([0x10, 0x96, 0x01, 0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x2a, 1, 9]);
    expect(decodeDeliverResponse(Buffer.concat([unknown, written]))).toBe("stored ä");
    expect(decodeDeliverResponse(new Uint8Array(0))).toBe("");
  });

  test.each([
    [[0x0a, 5, 65]],
    [[0x0a, 0xff]],
    [[0x00, 1]],
    [[0x0b]],
    [[0x0a, 1, 0xff]],
    [[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ])("the bytes %j are refused, because they are not a message of Protocol Buffers", (bytes) => {
    expect(() => decodeDeliverResponse(Uint8Array.from(bytes))).toThrow(ProtobufError);
  });
});

describe("the status of a call", () => {
  const answerTo = (code: number, trailers: Record<string, string> = {}) =>
    grpcAnswer({ code, detail: "d", trailer: (name) => trailers[name] ?? null }, 100);
  const reasonOf = (code: number) => classify(answerTo(code), 0).reason;

  test.each<[code: number, status: number, reason: string | null, text: string]>([
    [0, 200, null, "d"],
    [1, 500, "status_5xx", "CANCELLED: d"],
    [2, 500, "status_5xx", "UNKNOWN: d"],
    [3, 400, "status_4xx", "INVALID_ARGUMENT: d"],
    [4, 504, "timeout", "DEADLINE_EXCEEDED: d"],
    [5, 404, "status_4xx", "NOT_FOUND: d"],
    [7, 403, "status_4xx", "PERMISSION_DENIED: d"],
    [8, 429, "status_4xx", "RESOURCE_EXHAUSTED: d"],
    [12, 501, "status_5xx", "UNIMPLEMENTED: d"],
    [13, 500, "status_5xx", "INTERNAL: d"],
    [14, 503, "status_5xx", "UNAVAILABLE: d"],
    [16, 401, "status_4xx", "UNAUTHENTICATED: d"],
    [99, 500, "status_5xx", "UNKNOWN: d"],
  ])("the gRPC code %p is shown as the status %p with the reason %p", (code, status, reason, text) => {
    expect(answerTo(code)).toMatchObject({ kind: "response", status, body: Buffer.from(text) });
    expect(reasonOf(code)).toBe(reason as never);
  });

  test.each<[code: number, trailers: Record<string, string>, waitMs: number | null]>([
    [8, { "grpc-retry-pushback-ms": "1500" }, 2000],
    [14, { "grpc-retry-pushback-ms": "0" }, 0],
    [14, { "retry-after": "7" }, 7000],
    [8, { "grpc-retry-pushback-ms": "-1", "retry-after": "3" }, 3000],
    [8, { "grpc-retry-pushback-ms": "soon" }, null],
    [13, { "grpc-retry-pushback-ms": "1500" }, null],
  ])("the gRPC code %p with the trailers %j postpones the next attempt by %p ms", (code, trailers, waitMs) => {
    expect(classify(answerTo(code, trailers), 0).retryAfterMs).toBe(waitMs);
  });
});

test("the metadata of a gRPC call has the headers that it can carry, and no others", () => {
  const kept: [string, string][] = [
    ["webhook-id", "msg_1"],
    ["x.y_z", ""],
  ];
  const leftOut: [string, string][] = [
    ["x-bin", "AAAA"],
    ["grpc-timeout", "1S"],
    ["x~y", "1"],
    ["x-text", "ä"],
    ["te", "gzip"],
    ["connection", "close"],
  ];
  expect(grpcMetadata([...leftOut, ...kept])).toEqual(kept);
});
