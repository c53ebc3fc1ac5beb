import { Type } from "@sinclair/typebox";
import { challengeAgain, verifyUnasked } from "../../../commands/endpoint-challenge.ts";
import type { Context } from "../../http/context.ts";
import { insufficientAccess } from "../../http/errors.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { EndpointOut, endpointExample, endpointOut } from "./fields.ts";

const EndpointVerifyIn = field.object("EndpointVerifyIn", {
  verified: Type.Optional(
    Type.Boolean({
      default: false,
      description: "True verifies the endpoint without a challenge. Only tokens for the whole environment may do this.",
    }),
  ),
});

const unverified = {
  ...endpointExample,
  paused: true,
  verified: false,
  challenge: {
    since: "2026-01-01T00:00:00.000Z",
    tries: 1,
    nextTryAt: "2026-01-01T00:00:10.000Z",
    lastTryAt: "2026-01-01T00:00:00.000Z",
    reason: "status_4xx",
    detail: "The receiver responded with status 404. A 2xx response with the challenge is needed.",
  },
} as const;

export function endpointVerifyRoutes(context: Context): Operation[] {
  const { ids, lookup } = context;
  return [
    operation({
      id: "endpoint.verify",
      method: "POST",
      path: "/api/v1/app/:app_id/endpoint/:endpoint_id/verify",
      tag: "Endpoint",
      summary: "Send the challenge of an endpoint again",
      description:
        'The receiver gets a signed `{"type": "endpoint.challenge", "challenge": "…"}` and must repeat the challenge in a 2xx response, as text or as `{"challenge": "…"}`. The response to this request does not wait for that: get the endpoint to see the result. Has no effect if the endpoint is verified.',
      access: "application",
      body: EndpointVerifyIn,
      bodyOptional: true,
      bodyExample: {},
      responses: {
        202: {
          description: "The endpoint. It is verified, or the challenge is sent.",
          schema: EndpointOut,
          example: unverified,
        },
      },
      problems: [404, 409, 429],
      async handle({ identity, params, body }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        if (body.verified !== true) return reply(202, endpointOut(await challengeAgain(context, endpoint), ids));
        if (identity.applicationSeq !== null) {
          throw insufficientAccess("A token for one application cannot verify an endpoint without a challenge.");
        }
        return reply(202, endpointOut(await verifyUnasked(context, endpoint), ids));
      },
    }),
  ];
}
