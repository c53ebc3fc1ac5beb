/** The messages of `boathook.proto` as bytes. */
import type { GrpcMessage } from "../ports.ts";
import { ProtobufWriter, readBytesFields, textOf } from "./protobuf.ts";

export const deliverPath = "/boathook.v1.Receiver/Deliver";

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
