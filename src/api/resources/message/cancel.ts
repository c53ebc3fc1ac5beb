import { Type } from "@sinclair/typebox";
import { cancelMessage } from "../../../commands/cancel.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";

export const MessageCancelOut = field.object("MessageCancelOut", {
  count: Type.Integer({ description: "Number of cancelled deliveries." }),
});

export function messageCancelRoutes(context: Context): Operation[] {
  return [
    operation({
      id: "message.cancel",
      method: "POST",
      path: "/api/v1/app/:app_id/msg/:msg_id/cancel",
      tag: "Message",
      summary: "Cancel a message that has not been delivered",
      description:
        "Cancels the pending deliveries of the message: those that are scheduled for later, and those that wait for their first attempt or a retry. The payload is kept, and the message can be resent. An attempt under way is not interrupted, so the endpoint may still get the message; the delivery stays cancelled. `already_sent` (409) if no delivery is pending.",
      access: "environment",
      strict: true,
      responses: {
        200: { description: "The deliveries were cancelled.", schema: MessageCancelOut, example: { count: 2 } },
      },
      problems: [404, 409],
      async handle({ identity, params }) {
        const { application, message } = await context.lookup.message(identity, params.app_id, params.msg_id);
        return reply(200, { count: await cancelMessage(context, application, message) });
      },
    }),
  ];
}
