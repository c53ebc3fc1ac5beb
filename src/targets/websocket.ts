import { deliveryFrame } from "../core/consumer-frame.ts";
import type { Seq } from "../core/id.ts";
import { errorText, protocolAnswer } from "../core/protocol-answer.ts";
import type { SigningKey } from "../core/signature.ts";
import type { Answer } from "../ports.ts";
import type { FrameEnd } from "../sockets/consumer.ts";
import { carriedHeaders, MessageHeaders, sentHeaders } from "./message-headers.ts";
import type { PreparedTarget, Target, TargetDelivery, TargetEndpoint, TargetMessage, TargetParts } from "./target.ts";

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
    return new WebSocketEndpoint(this.parts, endpoint, keys);
  }
}

class WebSocketEndpoint implements PreparedTarget {
  readonly #headers: MessageHeaders;
  readonly #seq: Seq;
  readonly #timeoutMs: number;

  constructor(
    private readonly parts: TargetParts,
    endpoint: TargetEndpoint,
    keys: readonly SigningKey[],
  ) {
    this.#headers = new MessageHeaders(parts, endpoint, keys, { url: null, ofConnection: [] });
    this.#seq = endpoint.seq ?? 0;
    this.#timeoutMs = endpoint.timeoutMs ?? parts.policy.deliveryTimeoutMs;
  }

  async deliver(
    message: TargetMessage,
    signal: AbortSignal,
    delivery: TargetDelivery = { seq: message.seq, attempts: 0 },
  ): Promise<Answer> {
    const { socketConsumers, policy, ids } = this.parts;
    // Without a consumer, nothing is signed.
    if (socketConsumers === undefined || socketConsumers.countOf(this.#seq) === 0) return NO_CONSUMER;
    const { idPrefix, eventType = null, payload } = message;
    const deliveryId = ids.encode(idPrefix ?? "dlv_", delivery.seq);
    const carried = carriedHeaders(this.#headers, message, this.parts);
    const { id, contentType, signature, others } = carried;
    const frame = deliveryFrame({
      ...{ deliveryId, messageId: id, eventType },
      headers: [...others, ["content-type", contentType], ...signature],
      body: payload,
    });
    const end = await socketConsumers.deliver(this.#seq, deliveryId, frame, signal);
    const answer = answerOf(end, this.#timeoutMs, policy.maxResponseStoredBytes);
    // Only failed attempts keep what was sent.
    return wasSent(end) ? { ...answer, headers: { request: sentHeaders(carried), response: "" } } : answer;
  }
}

/** Returns whether a failed delivery has reached a consumer, as far as is known. */
function wasSent(end: FrameEnd): boolean {
  return end.kind === "nack" || end.kind === "lost" || (end.kind === "aborted" && end.wasSent);
}

/** Returns the end of a frame in the form in which attempts of every protocol are stored. */
function answerOf(end: FrameEnd, timeoutMs: number, responseBytesMax: number): Sent {
  switch (end.kind) {
    case "ack":
      return protocolAnswer({ status: 200, text: "" }, responseBytesMax);
    case "nack": {
      const retryAfter = end.retryAfterMs === null ? null : String(Math.ceil(end.retryAfterMs / 1000));
      return protocolAnswer({ status: 503, text: errorText("NACK", end.error), retryAfter }, responseBytesMax);
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
