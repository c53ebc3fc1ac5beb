import { deliveryFrame } from "../core/consumer-frame.ts";
import type { SigningKey } from "../core/signature.ts";
import { cutUtf8 } from "../core/text.ts";
import type { Answer } from "../ports.ts";
import type { FrameEnd } from "../sockets/consumer.ts";
import { carriedHeaders, MessageHeaders, sentHeaders } from "./message-headers.ts";
import type { PreparedTarget, Target, TargetDelivery, TargetEndpoint, TargetMessage, TargetParts } from "./target.ts";

const NO_BODY = new Uint8Array();

/** The answer to a message that was not cancelled. */
type Sent = Exclude<Answer, { readonly kind: "cancelled" }>;

const NO_CONSUMER: Sent = {
  kind: "failure",
  reason: "connection",
  detail: "no consumer is connected",
  sparesEndpoint: true,
};

/**
 * Sends messages as frames to the consumers that are connected to a `websocket:` endpoint. A delivery
 * succeeds when a consumer acknowledges it.
 */
export class WebSocketTarget implements Target {
  constructor(private readonly parts: TargetParts) {}

  prepare(endpoint: TargetEndpoint, keys: readonly SigningKey[]): PreparedTarget {
    const headers = new MessageHeaders(this.parts, endpoint, keys, { url: null, ofConnection: [] });
    return { deliver: (message, signal, delivery) => this.#deliver(endpoint, headers, message, signal, delivery) };
  }

  async #deliver(
    { seq: endpointSeq = 0, timeoutMs }: TargetEndpoint,
    headers: MessageHeaders,
    message: TargetMessage,
    signal: AbortSignal,
    delivery: TargetDelivery = { seq: message.seq, attempts: 0 },
  ): Promise<Answer> {
    const { socketConsumers, policy, ids } = this.parts;
    // Without a consumer, nothing is signed.
    if (socketConsumers === undefined || socketConsumers.countOf(endpointSeq) === 0) return NO_CONSUMER;
    const { idPrefix, eventType = null, payload } = message;
    const deliveryId = ids.encode(idPrefix ?? "dlv_", delivery.seq);
    const carried = carriedHeaders(headers, message, this.parts);
    const { id, contentType, signature, others } = carried;
    const frame = deliveryFrame({
      ...{ deliveryId, messageId: id, eventType },
      headers: [...others, ["content-type", contentType], ...signature],
      body: payload,
    });
    const end = await socketConsumers.deliver(endpointSeq, deliveryId, frame, signal);
    const answer = answerOf(end, timeoutMs ?? policy.deliveryTimeoutMs, policy.maxResponseStoredBytes);
    // Only failed attempts keep what was sent.
    return wasSent(end) ? { ...answer, headers: { request: sentHeaders(carried), response: "" } } : answer;
  }
}

/** Returns whether a failed delivery has reached a consumer, as far as is known. */
function wasSent(end: FrameEnd): boolean {
  return end.kind === "nack" || end.kind === "lost" || (end.kind === "aborted" && end.wasSent);
}

function answerOf(end: FrameEnd, timeoutMs: number, responseBytesMax: number): Sent {
  switch (end.kind) {
    case "ack":
      return response(200, NO_BODY, null);
    case "nack": {
      const text = cutUtf8(Buffer.from(end.error === "" ? "NACK" : `NACK: ${end.error}`, "utf8"), responseBytesMax);
      return response(503, text, end.retryAfterMs);
    }
    case "lost":
      return { kind: "failure", reason: "connection", detail: "The consumer disconnected before it acknowledged." };
    case "none":
      return NO_CONSUMER;
    case "aborted": {
      const what = end.wasSent ? "No consumer acknowledged the delivery" : "No consumer had room for the delivery";
      return { kind: "failure", reason: "timeout", detail: `${what} within ${timeoutMs} ms.` };
    }
  }
}

/** Returns a reply as the HTTP response with the same meaning. */
function response(status: number, body: Uint8Array, retryAfterMs: number | null): Sent {
  const retryAfter = retryAfterMs === null ? null : String(Math.ceil(retryAfterMs / 1000));
  return { kind: "response", status, retryAfter, body, note: null };
}
