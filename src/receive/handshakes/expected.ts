/** Unsigned handshakes whose value must be the one that the source expects. */
import type { Cause, DoorReply, Handshake } from "../receiver.ts";
import {
  challengeParameter,
  emptyReply,
  type HandshakeInput,
  type HandshakeRule,
  isSame,
  jsonReply,
  textReply,
  unsigned,
} from "./handshake.ts";

/** Subscription of Meta and Strava: the verify token must match. */
function hubRule(description: string, reply: (challenge: string) => DoorReply): HandshakeRule {
  return {
    methods: ["GET"],
    description: `GET with hub.mode=subscribe and the right hub.verify_token gets ${description}`,
    answer(input, source) {
      const hub = hubOf(input);
      const token = challengeParameter(input, "hub.verify_token");
      if (hub?.mode !== "subscribe" || token === null) return null;
      return isSame(token, source.option("verifyToken"))
        ? unsigned(reply(hub.challenge))
        : refused(403, "token_mismatch");
    },
  };
}

export const meta = hubRule("hub.challenge as text", textReply);
export const strava = hubRule('{"hub.challenge": …}', (challenge) => jsonReply({ "hub.challenge": challenge }));

/** Verification of intent (W3C WebSub, 5.3). A check that was not requested must get 404. */
export const websub: HandshakeRule = {
  methods: ["GET"],
  description: "GET with hub.mode and the configured hub.topic gets hub.challenge as text",
  answer(input, source) {
    const hub = hubOf(input);
    const topic = challengeParameter(input, "hub.topic");
    if (hub === null || topic === null || (hub.mode !== "subscribe" && hub.mode !== "unsubscribe")) return null;
    return topic === source.option("topic") ? unsigned(textReply(hub.challenge)) : refused(404, "topic_mismatch");
  },
};

/** Fitbit sends a right code and a wrong one, and expects 404 for the wrong one. */
export const fitbit: HandshakeRule = {
  methods: ["GET"],
  description: "GET ?verify= gets 204 for the right code and 404 for a wrong one",
  answer(input, source) {
    const code = input.method === "GET" ? challengeParameter(input, "verify") : null;
    if (code === null) return null;
    return isSame(code, source.option("verifyCode")) ? unsigned(emptyReply(204)) : refused(404, "token_mismatch");
  },
};

/** The client id must be returned for the check of the URL and for every event. */
export const adobeSign: HandshakeRule = {
  methods: ["GET"],
  description: "GET with X-AdobeSign-ClientId gets the same header if the client id is the configured one",
  answer({ method, headers }, source) {
    const clientId = headers["x-adobesign-clientid"];
    if (method !== "GET" || clientId === undefined) return null;
    return isSame(clientId, source.option("clientId"))
      ? unsigned(emptyReply(200, { "x-adobesign-clientid": clientId }))
      : refused(401, "token_mismatch");
  },
};

function hubOf(input: HandshakeInput): { mode: string; challenge: string } | null {
  if (input.method !== "GET") return null;
  const mode = challengeParameter(input, "hub.mode");
  const challenge = challengeParameter(input, "hub.challenge");
  return mode === null || challenge === null ? null : { mode, challenge };
}

function refused(status: number, cause: Cause): Handshake {
  return { reply: emptyReply(status), isSigned: false, refused: cause };
}
