import { Type } from "@sinclair/typebox";
import { wants } from "../../../core/event.ts";
import { notFound } from "../../../core/problem.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";

const MessagePrecheckIn = field.object("MessagePrecheckIn", {
  eventType: field.eventTypeName,
  channels: field.channels("The channels of the message."),
});
const MessagePrecheckOut = field.object("MessagePrecheckOut", {
  active: Type.Boolean({ description: "Whether an endpoint would receive such a message." }),
});

export function messagePrecheckRoutes({ lookup }: Context): Operation[] {
  return [
    operation({
      id: "v1.message.precheck",
      method: "POST",
      path: "/api/v1/app/:app_id/msg/precheck/active",
      tag: "Message",
      summary: "Check whether an endpoint would receive a message",
      description: "Lets a sender skip messages that no endpoint subscribes to.",
      access: "environment",
      scopes: ["message:Read"],
      audited: false,
      body: MessagePrecheckIn,
      bodyExample: { eventType: "user.signup", channels: ["project_1337"] },
      responses: { 200: { description: "The result.", schema: MessagePrecheckOut, example: { active: true } } },
      problems: [404],
      async handle({ identity, params, body }) {
        const entry = await lookup.entry(identity, params.app_id);
        if (entry === null) throw notFound("Application not found");
        const { eventType, channels = null } = body;
        const active = entry.endpoints.some(({ subscription }) => wants(subscription, eventType, channels));
        return reply(200, { active });
      },
    }),
  ];
}
