/** Attempts and destinations in responses, with the status numbers of the Svix API. */
import { Type } from "@sinclair/typebox";
import type { IdCodec } from "../../../core/id.ts";
import { formatInstant, formatInstantOrNull } from "../../../core/instant.ts";
import { failureReasons } from "../../../core/outcome.ts";
import type { Deliverer } from "../../../deliver/deliverer.ts";
import type { Attempt, Delivery, DeliveryStatus, Endpoint } from "../../../store/index.ts";
import * as field from "../../http/fields.ts";
import { nullable, wordOut } from "../../http/schema.ts";
import { endpointExample, endpointOut, endpointOutFields } from "../endpoint/fields.ts";
import { MessageOut, messageExample } from "../message/fields.ts";
import { statusNumbers, statusOut, statusTexts, triggerOut } from "./svix-numbers.ts";

const statusNumber = () =>
  Type.Integer({ enum: [...statusNumbers], description: "0 success, 1 pending, 2 fail, 3 sending, 4 canceled." });
const statusFields = {
  status: statusNumber(),
  statusText: Type.String({ enum: [...statusTexts] }),
};
export const statusQuery = { status: Type.Optional(statusNumber()) };
export const expandedQuery = {
  expanded_statuses: Type.Optional(
    Type.Boolean({
      default: false,
      description: "Report cancelled deliveries as `canceled` (4) instead of `fail` (2).",
    }),
  ),
};
const nextAttempt = nullable(Type.String({ format: "date-time", description: "Time of the next attempt." }));

export const reasonOut = wordOut(failureReasons);

export const MessageAttemptOut = field.object("MessageAttemptOut", {
  id: field.idOut("atmpt_"),
  msgId: field.idOut("msg_"),
  endpointId: field.idOut("ep_"),
  url: Type.String(),
  response: Type.String({ description: "The beginning of the response body, or the error if there was no response." }),
  note: nullable(
    Type.String({ description: "Defect of the response, such as a malformed header or an unknown charset, or null." }),
  ),
  responseStatusCode: Type.Integer({ description: "0 if there was no response." }),
  responseDurationMs: Type.Integer(),
  ...statusFields,
  triggerType: Type.Integer({ enum: [0, 1], description: "0 scheduled, 1 manual." }),
  reason: nullable(wordOut(failureReasons, { description: "Why the attempt failed, or null." })),
  nextAttempt,
  batchId: nullable(
    field.idOut(
      "batch_",
      "The batch in which the message was sent, and the `webhook-id` of its request. Null if it was sent alone.",
    ),
  ),
  timestamp: field.instantOut,
  msg: Type.Optional(
    nullable(
      Type.Object(MessageOut.properties, { description: "The message without its payload; only with `with_msg`." }),
    ),
  ),
});

const HeaderField = field.object("HeaderField", { name: Type.String(), value: Type.String() });

const headersOut = (description: string) => nullable(Type.Array(HeaderField, { description }));

/** An attempt with the headers that were sent and received. */
export const MessageAttemptDetailOut = field.object("MessageAttemptDetailOut", {
  ...MessageAttemptOut.properties,
  requestHeaders: headersOut(
    "The headers that were sent, in order, the first 4 KiB. The values of sensitive headers are `***`. Null for a successful attempt, and if no request was sent.",
  ),
  responseHeaders: headersOut(
    "The headers of the response, in order, the first 4 KiB. The value of `Set-Cookie` is `***`. Null for a successful attempt, and if there was no response.",
  ),
  apiVersion: nullable(
    Type.String({ description: "The payload version that was sent. Null if the payload had none." }),
  ),
  requestMethod: nullable(
    Type.String({
      description:
        "The method that the transformation chose, or that of a thin event. Null without them, and if nothing was sent.",
    }),
  ),
  requestPayload: nullable(
    Type.String({
      description:
        "The thin event, or the payload that the transformation or the downgrades made, the first 16 KiB. The link in a thin event is `***`. Null if the message's own payload was sent.",
    }),
  ),
  logs: nullable(
    Type.Array(Type.String(), {
      description: "The lines that the transformation, the function or the downgrades logged. Null if no code ran.",
    }),
  ),
});

export const attemptExample = {
  id: "atmpt_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  msgId: "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  endpointId: "ep_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  url: "https://example.com/webhook",
  response: "ok",
  note: null,
  responseStatusCode: 200,
  responseDurationMs: 12,
  status: 0,
  statusText: "success",
  triggerType: 0,
  reason: null,
  nextAttempt: null,
  batchId: null,
  timestamp: "2026-01-01T00:00:00.000Z",
};

export const attemptDetailExample = {
  ...attemptExample,
  response: "",
  responseStatusCode: 503,
  status: 2,
  statusText: "fail",
  reason: "status_5xx",
  requestHeaders: [
    { name: "Content-Type", value: "application/json" },
    { name: "webhook-id", value: "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr" },
  ],
  responseHeaders: [{ name: "Retry-After", value: "30" }],
  ...{ apiVersion: null, requestMethod: null, requestPayload: null, logs: null },
};

const utf8 = new TextDecoder();
const EXPUNGED = "EXPUNGED";

/** `expanded` says whether the client understands the status `canceled`. */
export function attemptOut(attempt: Attempt, ids: IdCodec, withContent: boolean, expanded = false) {
  return {
    id: ids.encode("atmpt_", attempt.seq),
    msgId: ids.encode("msg_", attempt.messageSeq),
    endpointId: ids.encode("ep_", attempt.endpointSeq),
    url: attempt.url,
    response: withContent ? responseText(attempt.response) : "{}",
    note: attempt.note,
    responseStatusCode: attempt.responseStatus,
    responseDurationMs: Math.round(attempt.durationMs),
    ...statusOut(attemptStatus(attempt, expanded)),
    triggerType: triggerOut(attempt.trigger),
    reason: attempt.reason,
    nextAttempt: formatInstantOrNull(attempt.nextAttemptAt),
    batchId: attempt.batchSeq === null ? null : ids.encode("batch_", attempt.batchSeq),
    timestamp: formatInstant(attempt.startedAt),
  };
}

export function attemptDetailOut(attempt: Attempt, ids: IdCodec) {
  const { request = null, response = null } = attempt.headers ?? {};
  const { method = null, payload = null, logs = null } = attempt.transformation ?? {};
  return {
    ...attemptOut(attempt, ids, true),
    ...{ requestHeaders: request, responseHeaders: response },
    apiVersion: attempt.apiVersion ?? null,
    ...{ requestMethod: method, requestPayload: payload, logs },
  };
}

/** An attempt without failure and response was cancelled by the transformation of the endpoint. */
function attemptStatus({ reason, responseStatus }: Attempt, expanded: boolean): DeliveryStatus {
  if (reason !== null) return "failed";
  return responseStatus === 0 && expanded ? "cancelled" : "delivered";
}

function responseText(response: Uint8Array | null): string {
  return response === null ? EXPUNGED : utf8.decode(response);
}

const { metadata: _, ...destinationEndpointFields } = endpointOutFields;

export const MessageEndpointOut = field.object("MessageEndpointOut", {
  ...destinationEndpointFields,
  ...statusFields,
  reason: nullable(reasonOut),
  nextAttempt,
});

const { metadata: __, ...destinationEndpointExample } = endpointExample;
export const destinationExample = {
  ...destinationEndpointExample,
  status: 0,
  statusText: "success",
  reason: null,
  nextAttempt: null,
};

/** How responses show a delivery. */
export interface DeliveryView {
  /** Whether the client understands the status `canceled`. */
  readonly expanded: boolean;
  readonly deliverer: Pick<Deliverer, "retriesAheadMs">;
}

/** Returns an endpoint to which a message is delivered, with the delivery's state. */
export function destinationOut(endpoint: Endpoint, delivery: Delivery, ids: IdCodec, view: DeliveryView) {
  const { metadata: _, ...rest } = endpointOut(endpoint, ids);
  return { ...rest, ...deliveryOut(delivery, view) };
}

function deliveryOut(delivery: Delivery, { expanded, deliverer }: DeliveryView) {
  const aheadMs = delivery.attemptsTotal > 0 ? deliverer.retriesAheadMs : 0;
  return {
    ...statusOut(statusOf(delivery, expanded)),
    reason: delivery.reason,
    nextAttempt: delivery.state === "pending" ? formatInstant(delivery.dueAt + aheadMs) : null,
  };
}

function statusOf({ state, attemptsTotal }: Delivery, expanded: boolean): DeliveryStatus {
  if (state === "delivered") return "delivered";
  if (state === "pending") return attemptsTotal > 0 ? "retrying" : "waiting";
  return state === "cancelled" && expanded ? "cancelled" : "failed";
}

export const EndpointMessageOut = field.object("EndpointMessageOut", {
  ...MessageOut.properties,
  ...statusFields,
  reason: nullable(reasonOut),
  nextAttempt,
});

export const endpointMessageExample = {
  ...messageExample,
  status: 0,
  statusText: "success",
  reason: null,
  nextAttempt: null,
};

/** Returns a message with its delivery's state, as JSON that preserves the payload's bytes. */
export function endpointMessageText(message: string, delivery: Delivery, view: DeliveryView): string {
  return `${message.slice(0, -1)},${JSON.stringify(deliveryOut(delivery, view)).slice(1)}`;
}
