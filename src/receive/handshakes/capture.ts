/**
 * Handshakes that bring the secret. Only a source that waits for it takes it; otherwise anyone who
 * knows the URL could replace the secret.
 */
import type { DoorReply, Handshake } from "../receiver.ts";
import { emptyReply, type HandshakeRule, type HandshakeSource, objectBody } from "./handshake.ts";

const secretPattern = /^[\x21-\x7e]{1,512}$/;

export const asana: HandshakeRule = {
  methods: ["POST"],
  description: "The first POST with X-Hook-Secret gets the same header; the value becomes the secret",
  answer(request, source) {
    const secret = request.headers["x-hook-secret"];
    if (request.method !== "POST" || secret === undefined || !secretPattern.test(secret)) return null;
    return captured(secret, source, emptyReply(200, { "x-hook-secret": secret }));
  },
};

export const notion: HandshakeRule = {
  methods: ["POST"],
  description: "The first POST is unsigned and has a verification_token, which becomes the secret; it gets 200",
  answer(input, source) {
    const { method, headers } = input;
    if (method !== "POST" || headers["x-notion-signature"] !== undefined) return null;
    const secret = objectBody(input)?.verification_token;
    if (typeof secret !== "string" || !secretPattern.test(secret)) return null;
    return captured(secret, source, emptyReply(200));
  },
};

function captured(secret: string, { awaitsSecret }: HandshakeSource, reply: DoorReply): Handshake {
  return awaitsSecret
    ? { reply, isSigned: false, capture: secret, unlogged: secret }
    : { reply: emptyReply(401), isSigned: false, refused: "unknown_key", unlogged: secret };
}
