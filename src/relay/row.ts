/** A row of the outbox and its message in a request. */
import { isJson, utf8OrNull } from "../core/text.ts";

/** A row that is not sent yet. Its columns are as the database has them, so each may be missing. */
export interface Row {
  readonly id: string;
  /** Empty if the row has none. */
  readonly app: string;
  readonly eventType: string | null;
  /** The JSON text, or its bytes. Null if the row has none or if it is larger than `PAYLOAD_BYTES_MAX`. */
  readonly payload: string | Uint8Array | null;
  readonly payloadBytes: number;
}

/**
 * Maximum size of a payload. It is far below that of responses, which contain the payload when a
 * message is compared with its row.
 */
export const PAYLOAD_BYTES_MAX = 32 * 1_048_576;

/** A row that can be a message. `payload` is its JSON text. */
export interface Item {
  readonly row: Row;
  readonly payload: string;
}

/** Returns the row's item, or the reason why it cannot be a message. */
export function itemOf(row: Row): Item | string {
  const problem = missing(row);
  if (problem !== null) return problem;
  const { payload, payloadBytes } = row;
  if (payloadBytes > PAYLOAD_BYTES_MAX) return `The payload has ${payloadBytes} bytes, which are too many.`;
  if (payload === null) return "The row has no payload.";
  const text = typeof payload === "string" ? payload : utf8OrNull(payload);
  if (text === null) return "The payload is not valid UTF-8.";
  return isJson(text) ? { row, payload: text } : "The payload is not valid JSON.";
}

/** Returns an item as a message of a request. Its payload is sent byte for byte. */
export function messageText({ row: { eventType }, payload }: Item, eventId: string): string {
  return `${JSON.stringify({ eventType, eventId }).slice(0, -1)},"payload":${payload}}`;
}

function missing({ app, eventType }: Row): string | null {
  if (app === "") return "The row has no application.";
  return eventType === null ? "The row has no event type." : null;
}
