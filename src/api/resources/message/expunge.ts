import { Type } from "@sinclair/typebox";
import { expungeApplication, expungeMessages } from "../../../commands/expunge.ts";
import { notFound } from "../../../core/problem.ts";
import { nameCharsMax } from "../../../core/rule.ts";
import { actorOf } from "../../http/audit-trail.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent, reply } from "../../http/reply.ts";
import { withoutRepetitions } from "../../http/schema.ts";
import { startedExample, startedOut, startedTask } from "../background-task/task.ts";

const MESSAGES_MAX = 1000;

const BulkExpungeContentsIn = field.object("BulkExpungeContentsIn", {
  ids: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: nameCharsMax, pattern: "^[a-zA-Z0-9\\-_.]+$" }), {
      maxItems: MESSAGES_MAX,
      default: [],
      description: "Ids or `eventId`s of messages.",
    }),
  ),
});
const BulkExpungeContentsOut = field.object("BulkExpungeContentsOut", {
  results: Type.Record(Type.String(), Type.String({ enum: ["expunged", "not-found"] }), {
    description: "The result of each message, by the id in the request.",
  }),
});

const messageId = "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr";

export function messageExpungeRoutes(context: Context): Operation[] {
  const { ids, lookup } = context;
  const tag = "Message";
  const path = "/api/v1/app/:app_id/msg";
  return [
    operation({
      id: "v1.message.expunge-content",
      method: "DELETE",
      path: `${path}/:msg_id/content`,
      tag,
      summary: "Delete the payload of a message",
      description: "Cancels the pending deliveries of the message. Cannot be undone.",
      access: "environment",
      responses: { 204: { description: "The payload was deleted." } },
      problems: [404],
      async handle({ identity, params }) {
        const application = await lookup.application(identity, params.app_id);
        const [isThere] = await expungeMessages(context, application, [lookup.key("msg_", params.msg_id)]);
        if (!isThere) throw notFound("Message not found");
        return noContent;
      },
    }),

    operation({
      id: "v1.message.bulk-expunge-content",
      method: "POST",
      path: `${path}/bulk-expunge`,
      tag,
      summary: "Delete the payloads of several messages",
      description: "Cancels the pending deliveries of these messages, in one commit. Cannot be undone.",
      access: "environment",
      strict: true,
      body: BulkExpungeContentsIn,
      bodyOptional: true,
      bodyExample: { ids: [messageId, "my-event-id"] },
      responses: {
        200: {
          description: "The result of each message.",
          schema: BulkExpungeContentsOut,
          example: { results: { [messageId]: "expunged", "my-event-id": "not-found" } },
        },
      },
      problems: [404],
      async handle({ identity, params, body }) {
        const application = await lookup.application(identity, params.app_id);
        const names = withoutRepetitions(body.ids ?? []);
        const found = await expungeMessages(
          context,
          application,
          names.map((name) => lookup.key("msg_", name)),
        );
        const results = names.map((name, i) => [name, found[i] ? "expunged" : "not-found"]);
        return reply(200, { results: Object.fromEntries(results) });
      },
    }),

    operation({
      id: "v1.message.expunge-all-contents",
      method: "POST",
      path: `${path}/expunge-all-contents`,
      tag,
      summary: "Delete the payloads of all messages of an application",
      description: "Affects the messages that exist now and cancels their pending deliveries. Cannot be undone.",
      access: "environment",
      strict: true,
      responses: {
        202: {
          description: "The task was started.",
          schema: startedOut("ExpungeAllContentsOut"),
          example: startedExample("application.purge_content"),
        },
      },
      problems: [404, 429],
      async handle({ identity, params }) {
        const application = await lookup.application(identity, params.app_id);
        return reply(202, startedTask(await expungeApplication(context, application, actorOf(identity, ids)), ids));
      },
    }),
  ];
}
