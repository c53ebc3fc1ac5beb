/**
 * Unsigned handshakes whose reply is computed with the secret of the source. Anyone who knows the
 * URL can have challenges signed. X and Braintree sign them like their events, so the characters of
 * a challenge are limited to those of real ones, and an event that could be one is not accepted.
 */
import { createHash, createHmac } from "node:crypto";
import {
  challengeParameter,
  type HandshakeInput,
  type HandshakeRule,
  jsonReply,
  signedChallenge,
  textReply,
  unsigned,
  withoutSecret,
} from "./handshake.ts";

const uuidLike = /^[A-Za-z0-9-]{1,128}$/;
const hex = /^[a-f0-9]{20,32}$/;

function challengeLike(input: HandshakeInput, name: string, pattern: RegExp): string | null {
  const challenge = input.method === "GET" ? challengeParameter(input, name) : null;
  return challenge !== null && pattern.test(challenge) ? challenge : null;
}

/** The challenge-response check of X, which is repeated every hour. */
export const x: HandshakeRule = {
  methods: ["GET"],
  description: 'GET ?crc_token= gets {"response_token": "sha256=" + base64 HMAC-SHA256 of the token}',
  answer(input, { secrets: [secret] }) {
    const challenge = challengeLike(input, "crc_token", signedChallenge);
    if (challenge === null) return null;
    if (secret === undefined) return withoutSecret();
    const hmac = createHmac("sha256", secret).update(challenge).digest("base64");
    return unsigned(jsonReply({ response_token: `sha256=${hmac}` }));
  },
  // The signature of an event covers its body.
  signsForAnyone: ({ body }) => body.byteLength <= 256 && signedChallenge.test(Buffer.from(body).toString("latin1")),
};

export const linkedin: HandshakeRule = {
  methods: ["GET"],
  description: "GET ?challengeCode= gets the code and its hex HMAC-SHA256 in JSON",
  answer(input, { secrets: [secret] }) {
    const challenge = challengeLike(input, "challengeCode", uuidLike);
    if (challenge === null) return null;
    if (secret === undefined) return withoutSecret();
    const challengeResponse = createHmac("sha256", secret).update(challenge).digest("hex");
    return unsigned(jsonReply({ challengeCode: challenge, challengeResponse }));
  },
};

/** The secret of an eBay source is the verification token. */
export const ebay: HandshakeRule = {
  methods: ["GET"],
  description: "GET ?challenge_code= gets the SHA-256 of the code, the verification token and the URL in JSON",
  answer(input, { secrets: [secret], url }) {
    const challenge = challengeLike(input, "challenge_code", signedChallenge);
    if (challenge === null) return null;
    if (secret === undefined) return withoutSecret();
    const challengeResponse = createHash("sha256").update(challenge).update(secret).update(url).digest("hex");
    return unsigned(jsonReply({ challengeResponse }));
  },
};

/** The HMAC key of Braintree is the SHA-1 digest of the private key. */
export const braintree: HandshakeRule = {
  methods: ["GET"],
  description: "GET ?bt_challenge= gets the public key and the HMAC-SHA1 of the challenge as text",
  answer(input, { secrets: [secret], option }) {
    const challenge = challengeLike(input, "bt_challenge", hex);
    if (challenge === null) return null;
    const publicKey = option("publicKey");
    if (secret === undefined || publicKey === null) return withoutSecret();
    const key = createHash("sha1").update(secret).digest();
    return unsigned(textReply(`${publicKey}|${createHmac("sha1", key).update(challenge).digest("hex")}`));
  },
  signsForAnyone: (input) => hex.test(input.field("bt_payload") ?? ""),
};
