import { notFound } from "../../../core/problem.ts";
import { callerOf } from "../../http/byte-budget.ts";
import type { Context } from "../../http/context.ts";
import { corsHeaders } from "../../http/cors.ts";
import { payloadBytes, payloadResponse } from "../../http/foreign-content.ts";
import { type Operation, operation } from "../../http/operation.ts";

const JSON_TYPE = "application/json";

export function messageRawRoutes({ lookup, pages, responses }: Context): Operation[] {
  return [
    operation({
      id: "message.raw",
      method: "GET",
      path: "/api/v1/app/:app_id/msg/:msg_id/raw",
      tag: "Message",
      summary: "Get the bytes of a message",
      description: "Returns the payload byte for byte, with its content type.",
      access: "application",
      responses: {
        200: payloadBytes,
      },
      problems: [404, 503],
      async handle({ identity, params }) {
        return pages.inTurn(identity, async () => {
          const { message } = await lookup.message(identity, params.app_id, params.msg_id);
          const { payload, received } = message;
          if (payload === null) throw notFound("The payload of this message is no longer stored.");
          const contentType = message.contentType ?? (received === null ? JSON_TYPE : null);
          const lease = responses.lease(callerOf(identity));
          return payloadResponse({ payload, contentType, headers: corsHeaders }, lease);
        });
      },
    }),
  ];
}
