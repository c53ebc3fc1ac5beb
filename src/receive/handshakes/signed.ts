/** Handshakes that the sender signs like any other request. */
import { createHmac } from "node:crypto";
import {
  challengeOf,
  emptyReply,
  type HandshakeRule,
  jsonReply,
  objectBody,
  objectOf,
  signed,
  signedChallenge,
  textReply,
  withoutSecret,
} from "./handshake.ts";

export const slack: HandshakeRule = {
  methods: ["POST"],
  description: 'Signed POST with type url_verification gets {"challenge": …}',
  answer(input) {
    const body = input.method === "POST" ? objectBody(input) : null;
    const challenge = body?.type === "url_verification" ? challengeOf(body.challenge) : null;
    return challenge === null ? null : signed(jsonReply({ challenge }));
  },
};

export const zoom: HandshakeRule = {
  methods: ["POST"],
  description: "Signed POST with event endpoint.url_validation gets plainToken and its hex HMAC-SHA256 in JSON",
  answer(input, { secrets: [secret] }) {
    const body = input.method === "POST" ? objectBody(input) : null;
    if (body?.event !== "endpoint.url_validation") return null;
    const plainToken = challengeOf(objectOf(body.payload)?.plainToken);
    // Without a check of the signature, anyone can have tokens signed.
    if (plainToken === null || !signedChallenge.test(plainToken)) return null;
    if (secret === undefined) return withoutSecret();
    const encryptedToken = createHmac("sha256", secret).update(plainToken).digest("hex");
    return signed(jsonReply({ plainToken, encryptedToken }));
  },
};

/** The check of a URL by Front, when the settings of an app are saved. */
export const front: HandshakeRule = {
  methods: ["POST"],
  description: 'Signed POST with X-Front-Challenge and type sync gets {"challenge": …}',
  answer(input) {
    const challenge = challengeOf(input.headers["x-front-challenge"]);
    if (input.method !== "POST" || challenge === null) return null;
    return objectBody(input)?.type === "sync" ? signed(jsonReply({ challenge })) : null;
  },
};

const interactionPing = 1;
const eventPing = 0;

/**
 * Discord pings the URL of interactions and the URL of webhook events in different forms. An event
 * has the same number as the ping of interactions, but has an `event`.
 */
export const discord: HandshakeRule = {
  methods: ["POST"],
  description: 'Signed POST with type 1 gets {"type":1} (interactions); with type 0 it gets 204 (webhook events)',
  answer(input) {
    const body = input.method === "POST" ? objectBody(input) : null;
    if (body === null || Object.hasOwn(body, "event")) return null;
    if (body.type === interactionPing) return signed(jsonReply({ type: interactionPing }));
    return body.type === eventPing ? signed(emptyReply(204)) : null;
  },
};

export const twitch: HandshakeRule = {
  methods: ["POST"],
  description: "Signed POST with message type webhook_callback_verification gets the challenge as text",
  answer(input) {
    const type = input.headers["twitch-eventsub-message-type"];
    if (input.method !== "POST" || type !== "webhook_callback_verification") return null;
    const challenge = challengeOf(objectBody(input)?.challenge);
    return challenge === null ? null : signed(textReply(challenge));
  },
};

/** Xero's intent to receive: right and wrong signatures, which must get 200 and 401. */
export const xero: HandshakeRule = {
  methods: ["POST"],
  description: "POST with empty events gets an empty 200 if its signature is right, otherwise an empty 401",
  answer(input) {
    const events = input.method === "POST" ? objectBody(input)?.events : undefined;
    return Array.isArray(events) && events.length === 0 ? signed(emptyReply(200)) : null;
  },
};

const snsHost = /^sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/;

/** The subscription is confirmed by requesting a URL of the same service. */
export const sns: HandshakeRule = {
  methods: ["POST"],
  description: "Signed POST with Type SubscriptionConfirmation: its SubscribeURL is requested, and it gets 200",
  answer(input) {
    const body = input.method === "POST" ? objectBody(input) : null;
    if (body?.Type !== "SubscriptionConfirmation") return null;
    const url = confirmationUrl(body.SubscribeURL);
    if (url === null) return { reply: emptyReply(401), isSigned: true, refused: "claim_mismatch" };
    return { ...signed(emptyReply(200)), confirm: url };
  },
};

function confirmationUrl(text: unknown): string | null {
  const url = typeof text === "string" ? URL.parse(text) : null;
  if (url === null || url.protocol !== "https:" || !snsHost.test(url.host)) return null;
  if (url.username !== "" || url.password !== "" || url.pathname !== "/") return null;
  return url.searchParams.get("Action") === "ConfirmSubscription" ? (text as string) : null;
}
