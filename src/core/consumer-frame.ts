/** The frames between the server and the consumers of `websocket:` endpoints: JSON in text frames. */
import { frameBody } from "./frame-body.ts";

/** The subprotocol of the frames. Its name changes if they change incompatibly. */
export const CONSUMER_PROTOCOL = "boathook.v1";

/** Range and default of `prefetch`: unacknowledged frames of one consumer. */
export const PREFETCH_MAX = 256;
export const PREFETCH_DEFAULT = 16;

/** What a `delivery` frame contains. */
export interface DeliveryFrame {
  readonly deliveryId: string;
  readonly messageId: string;
  /** Null for a batch. */
  readonly eventType: string | null;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: Uint8Array;
}

/** Returns the text of a `delivery` frame. The names of its headers are in lower case. */
export function deliveryFrame({ deliveryId, messageId, eventType, headers, body }: DeliveryFrame): string {
  const byName = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
  return JSON.stringify({
    ...{ type: "delivery", deliveryId, messageId, eventType, headers: byName },
    ...frameBody(body),
  });
}

/** What a consumer says about a delivery. */
export type ConsumerReply =
  | { readonly type: "ack"; readonly deliveryId: string }
  | {
      readonly type: "nack";
      readonly deliveryId: string;
      /** Empty if the consumer states none. */
      readonly error: string;
      /** Time before which the delivery must not be sent again, in ms. Null if the consumer states none. */
      readonly retryAfterMs: number | null;
    };

/**
 * Parses a frame from a consumer. Returns null for a type that is not known, and `invalid` if the
 * frame is not a JSON object.
 */
export function parseConsumerFrame(text: string): ConsumerReply | null | "invalid" {
  const frame = objectOf(text);
  if (frame === null) return "invalid";
  const { type, deliveryId, error, retryAfterMs } = frame;
  if (typeof deliveryId !== "string") return null;
  if (type === "ack") return { type, deliveryId };
  if (type !== "nack") return null;
  return {
    type,
    deliveryId,
    error: typeof error === "string" ? error : "",
    retryAfterMs: typeof retryAfterMs === "number" && retryAfterMs >= 0 ? retryAfterMs : null,
  };
}

function objectOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
