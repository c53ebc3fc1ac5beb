/** The service `boathook.v1.Sender`: its messages, and what serves them. */
import { ProtobufWriter, readBytesFields, textOf } from "./protobuf.ts";

export const sendPath = "/boathook.v1.Sender/Send";

/** A message to send. */
export interface SendRequest {
  /** The id or uid of the application. */
  readonly app: string;
  readonly eventType: string;
  readonly payload: Uint8Array;
  /** Empty if the message has none. */
  readonly eventId: string;
  readonly channels: readonly string[];
}

/** What became of a message. One of the two texts is empty. */
export interface SendResult {
  readonly id: string;
  readonly error: string;
}

/** A call cannot go on. `code` is a status code of gRPC. */
export class CallRefused extends Error {
  constructor(
    readonly code: number,
    readonly detail: string,
  ) {
    super(detail);
  }
}

/** Sends the messages of calls. */
export interface MessageSender {
  /** Throws `CallRefused` unless the caller may send messages. `headers` are the metadata of the call. */
  check(headers: Headers): Promise<void>;
  /**
   * Sends messages and returns their results in the same order. Resolves after those without an error
   * are stored. Throws `CallRefused` if the caller may no longer send messages, or if the server cannot
   * take any.
   */
  send(headers: Headers, messages: readonly SendRequest[]): Promise<readonly SendResult[]>;
}

/** Reads a `SendRequest`. Throws `ProtobufError` if the bytes are none. */
export function decodeSendRequest(bytes: Uint8Array): SendRequest {
  const texts = ["", "", "", "", ""];
  const channels: string[] = [];
  let payload: Uint8Array = new Uint8Array(0);
  readBytesFields(bytes, (field, value) => {
    if (field === PAYLOAD) payload = value;
    else if (field === CHANNELS) channels.push(textOf(value));
    else if (field < texts.length) texts[field] = textOf(value);
  });
  return { app: texts[1]!, eventType: texts[2]!, payload, eventId: texts[4]!, channels };
}

const PAYLOAD = 3;
const CHANNELS = 5;

/** Returns a `SendResponse`. */
export function encodeSendResponse({ id, error }: SendResult): Buffer {
  return new ProtobufWriter().text(1, id).text(2, error).finish();
}
