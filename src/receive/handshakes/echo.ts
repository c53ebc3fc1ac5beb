/** Unsigned handshakes that are answered with a value of the request, and no secret. */
import type { Handshake } from "../receiver.ts";
import {
  challengeOf,
  challengeParameter,
  emptyReply,
  type HandshakeRule,
  jsonBody,
  jsonReply,
  objectBody,
  objectOf,
  textReply,
  unsigned,
} from "./handshake.ts";

/** Dropbox, Nylas and others: the value of a query parameter is returned as text. */
export function echoParameter(name: string, method = "GET"): HandshakeRule {
  return {
    methods: [method],
    description: `${method} ?${name}= gets the value as text`,
    answer(input) {
      if (input.method !== method || input.body.byteLength > 0) return null;
      const challenge = challengeParameter(input, name);
      return challenge === null ? null : unsigned(textReply(challenge));
    },
  };
}

/** A check whether the URL exists, before a webhook is created. */
export const head: HandshakeRule = {
  methods: ["HEAD"],
  description: "HEAD gets 200",
  answer: (request) => (request.method === "HEAD" ? unsigned(emptyReply(200)) : null),
};

/** A check whether the URL exists, with a request that has neither a query nor a body. */
export const emptyGet: HandshakeRule = {
  methods: ["GET"],
  description: "GET without a query gets 200",
  answer: ({ method, query, body }) =>
    method === "GET" && query === "" && body.byteLength === 0 ? unsigned(emptyReply(200)) : null,
};

export const okta: HandshakeRule = {
  methods: ["GET"],
  description: 'GET with X-Okta-Verification-Challenge gets {"verification": value}',
  answer(request) {
    if (request.method !== "GET") return null;
    const challenge = challengeOf(request.headers["x-okta-verification-challenge"]);
    return challenge === null ? null : unsigned(jsonReply({ verification: challenge }));
  },
};

export const monday: HandshakeRule = {
  methods: ["POST"],
  description: 'POST {"challenge": …} gets the same JSON',
  answer(input) {
    const body = input.method === "POST" ? objectBody(input) : null;
    if (body === null || Object.keys(body).join() !== "challenge") return null;
    const challenge = challengeOf(body.challenge);
    return challenge === null ? null : unsigned(jsonReply({ challenge }));
  },
};

/** The activation of a webhook: a form with nothing but the webhook's number. */
export const woocommerce: HandshakeRule = {
  methods: ["POST"],
  description: "Unsigned POST of the form webhook_id=N gets 200",
  answer(request) {
    if (request.method !== "POST" || request.body.byteLength > "webhook_id=".length + 20) return null;
    if (request.headers["x-wc-webhook-signature"] !== undefined) return null;
    return /^webhook_id=\d+$/.test(Buffer.from(request.body).toString("latin1")) ? unsigned(emptyReply(200)) : null;
  },
};

const headerToken = /^[\x21-\x7e]{1,512}$/;

export const smartsheet: HandshakeRule = {
  methods: ["POST"],
  description: "POST with Smartsheet-Hook-Challenge gets the value in Smartsheet-Hook-Response",
  answer(input) {
    const challenge = input.headers["smartsheet-hook-challenge"];
    if (input.method !== "POST" || challenge === undefined || !headerToken.test(challenge)) return null;
    // The requests with events have a signature.
    if (input.headers["smartsheet-hmac-sha256"] !== undefined) return null;
    return unsigned(jsonReply({ smartsheetHookResponse: challenge }, { "smartsheet-hook-response": challenge }));
  },
};

/** RingCentral repeats a header when a subscription is created. */
export const ringcentral: HandshakeRule = {
  methods: ["POST"],
  description: "POST with Validation-Token and an empty body gets the same header",
  answer(request) {
    const token = request.headers["validation-token"];
    if (request.method !== "POST" || request.body.byteLength > 0) return null;
    if (token === undefined || !headerToken.test(token)) return null;
    return unsigned(emptyReply(200, { "validation-token": token }));
  },
};

const originPattern = /^[A-Za-z0-9.\-:]{1,255}$/;

/** Abuse protection of the CloudEvents specification "HTTP 1.1 Web Hooks for Event Delivery", §4. */
export const cloudEvents: HandshakeRule = {
  methods: ["OPTIONS"],
  description: "OPTIONS with WebHook-Request-Origin gets WebHook-Allowed-Origin and WebHook-Allowed-Rate",
  answer(request): Handshake | null {
    const origin = request.headers["webhook-request-origin"];
    if (request.method !== "OPTIONS" || origin === undefined || !originPattern.test(origin)) return null;
    const rate = request.headers["webhook-request-rate"] ?? "";
    return unsigned(
      emptyReply(200, {
        allow: "POST",
        "webhook-allowed-origin": origin,
        "webhook-allowed-rate": /^[1-9]\d{0,9}$/.test(rate) ? rate : "*",
      }),
    );
  },
};

/** Event Grid validates its own schema like this, and CloudEvents with `cloudEvents`. */
export const azureValidation: HandshakeRule = {
  methods: ["POST"],
  description: 'POST with aeg-event-type SubscriptionValidation gets {"validationResponse": code}',
  answer(input) {
    const { method, headers } = input;
    if (method !== "POST" || headers["aeg-event-type"] !== "SubscriptionValidation") return null;
    const events = jsonBody(input);
    const event = Array.isArray(events) && events.length === 1 ? objectOf(events[0]) : null;
    if (event?.eventType !== "Microsoft.EventGrid.SubscriptionValidationEvent") return null;
    const code = challengeOf(objectOf(event.data)?.validationCode);
    return code === null ? null : unsigned(jsonReply({ validationResponse: code }));
  },
};
