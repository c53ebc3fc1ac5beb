import { Type } from "@sinclair/typebox";
import { expungeAttempt } from "../../../commands/expunge.ts";
import { resend } from "../../../commands/resend.ts";
import type { Seq } from "../../../core/id.ts";
import { notFound } from "../../../core/problem.ts";
import type { Context } from "../../http/context.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent, reply } from "../../http/reply.ts";
import { attemptDetailExample, attemptDetailOut, MessageAttemptDetailOut } from "./fields.ts";

export function attemptRoutes(context: Context): Operation[] {
  const { store, ids, lookup } = context;
  const tag = "Message attempt";
  const app = "/api/v1/app/:app_id";

  return [
    operation({
      id: "v1.message-attempt.get",
      method: "GET",
      path: `${app}/msg/:msg_id/attempt/:attempt_id`,
      tag,
      summary: "Get an attempt",
      access: "application",
      responses: {
        200: { description: "The attempt.", schema: MessageAttemptDetailOut, example: attemptDetailExample },
      },
      problems: [404],
      async handle({ identity, params }) {
        const { message } = await lookup.knownMessage(identity, params.app_id, params.msg_id);
        return reply(200, attemptDetailOut(await attemptOf(message.seq, params.attempt_id), ids));
      },
    }),

    operation({
      id: "v1.message-attempt.expunge-content",
      method: "DELETE",
      path: `${app}/msg/:msg_id/attempt/:attempt_id/content`,
      tag,
      summary: "Delete the response of an attempt",
      access: "environment",
      responses: { 204: { description: "The response was deleted." } },
      problems: [404],
      async handle({ identity, params }) {
        const { message } = await lookup.knownMessage(identity, params.app_id, params.msg_id);
        await expungeAttempt(context, await attemptOf(message.seq, params.attempt_id));
        return noContent;
      },
    }),

    operation({
      id: "v1.message-attempt.resend",
      method: "POST",
      path: `${app}/msg/:msg_id/endpoint/:endpoint_id/resend`,
      tag,
      summary: "Resend a message to an endpoint",
      description:
        "Sends the message now, with a new retry schedule, even if the endpoint does not subscribe to its event type or channels. If it does not match the endpoint's filter as it is now, responds with 400 and the code `filtered`.",
      access: "application",
      capability: "CreateAttempts",
      responses: {
        202: {
          description: "The message is being delivered.",
          schema: Type.Object({}, { title: "EmptyResponse" }),
          example: {},
        },
      },
      problems: [400, 404],
      async handle({ identity, params }) {
        const { application, message } = await lookup.knownMessage(identity, params.app_id, params.msg_id);
        const endpoint = await lookup.endpoint(application, params.endpoint_id);
        await resend(context, { application, message, endpoint });
        return reply(202, {});
      },
    }),
  ];

  async function attemptOf(messageSeq: Seq, id: string) {
    const seq = ids.decode("atmpt_", id);
    const attempt = seq === null ? null : await store.history.attempts.get(messageSeq, seq);
    if (attempt === null) throw notFound("Attempt not found");
    return attempt;
  }
}
