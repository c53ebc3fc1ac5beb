/** The messages of `boathook.proto` as bytes. */
import type { GrpcMessage } from "../ports.ts";
import type { SendRequest, SendResult } from "./grpc-sender.ts";
import { ProtobufWriter, readBytesFields, textOf } from "./protobuf.ts";

export const deliverPath = "/boathook.v1.Receiver/Deliver";
export const sendPath = "/boathook.v1.Sender/Send";

/** Returns a `DeliverRequest`. */
export function encodeDeliverRequest(message: GrpcMessage): Buffer {
  const { id, eventType, timestamp, payload, contentType, channels } = message;
  return new ProtobufWriter()
    .text(1, id)
    .text(2, eventType)
    .number(3, timestamp)
    .bytes(4, payload)
    .text(5, contentType)
    .texts(6, channels)
    .finish();
}

/** Returns the `detail` of a `DeliverResponse`. Throws `ProtobufError` if the bytes are none. */
export function decodeDeliverResponse(bytes: Uint8Array): string {
  let detail = "";
  readBytesFields(bytes, (field, value) => {
    if (field === 1) detail = textOf(value);
  });
  return detail;
}

/** Reads a `SendRequest`. Throws `ProtobufError` if the bytes are none. */
export function decodeSendRequest(bytes: Uint8Array): SendRequest {
  const channels: string[] = [];
  const request = { app: "", eventType: "", payload: new Uint8Array(0) as Uint8Array, eventId: "", channels };
  readBytesFields(bytes, (field, value) => {
    if (field === 1) request.app = textOf(value);
    else if (field === 2) request.eventType = textOf(value);
    else if (field === 3) request.payload = value;
    else if (field === 4) request.eventId = textOf(value);
    else if (field === 5) channels.push(textOf(value));
  });
  return request;
}

/** Returns a `SendResponse`. */
export function encodeSendResponse({ id, error }: SendResult): Buffer {
  return new ProtobufWriter().text(1, id).text(2, error).finish();
}
