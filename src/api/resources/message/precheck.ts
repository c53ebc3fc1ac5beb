import { Type } from "@sinclair/typebox";
import { refusalBy, refusals } from "../../../core/missed.ts";
import { notFound } from "../../../core/problem.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { listed, pageQuery, pageRequest } from "../../http/paging.ts";
import { reply } from "../../http/reply.ts";
import { nullable, wordOut } from "../../http/schema.ts";
import { EndpointOut, endpointExample, endpointOut } from "../endpoint/fields.ts";

const MessagePrecheckIn = field.object("MessagePrecheckIn", {
  eventType: field.eventTypeName,
  channels: field.channels("The channels of the message."),
});
const MessagePrecheckOut = field.object("MessagePrecheckOut", {
  active: Type.Boolean({ description: "Whether an endpoint would receive such a message." }),
});

const PrecheckRecipientOut = field.object("MessagePrecheckRecipientOut", {
  endpoint: EndpointOut,
  receives: Type.Boolean({
    description: "Whether the endpoint receives the message. A paused endpoint receives it when it is resumed.",
  }),
  reason: nullable(
    wordOut(refusals, {
      description:
        "Why it does not. `disabled`: it is disabled. `event_type`, `channel`: it does not subscribe to the message. Null if it receives the message.",
    }),
  ),
});

const list = field.listOf("MessagePrecheckRecipientOut", PrecheckRecipientOut);
export const PrecheckRecipientsOut = field.object("MessagePrecheckRecipientsOut", {
  ...list.properties,
  count: Type.Integer({ description: "Number of endpoints of all pages that receive the message." }),
});

const recipientExample = { endpoint: endpointExample, receives: false, reason: "event_type" };

export function messagePrecheckRoutes({ store, ids, lookup }: Context): Operation[] {
  return [
    operation({
      id: "v1.message.precheck",
      readOnlyAccess: true,
      method: "POST",
      path: "/api/v1/app/:app_id/msg/precheck/active",
      tag: "Message",
      summary: "Check whether an endpoint would receive a message",
      description:
        "Lets a sender skip messages that no endpoint subscribes to. Filters of endpoints are not considered.",
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
        const active = entry.endpoints.matching(eventType, channels).length > 0;
        return reply(200, { active });
      },
    }),

    operation({
      id: "message.precheck-recipients",
      readOnlyAccess: true,
      method: "POST",
      path: "/api/v1/app/:app_id/msg/precheck/recipients",
      tag: "Message",
      summary: "List the endpoints that would receive a message",
      description:
        "Lists all endpoints of the application, newest first, with the reason why one would not receive it. Filters are not considered, because there is no payload.",
      access: "environment",
      scopes: ["message:Read", "endpoint:Read"],
      audited: false,
      query: Type.Object(pageQuery),
      body: MessagePrecheckIn,
      bodyExample: { eventType: "user.signup", channels: ["project_1337"] },
      responses: {
        200: {
          description: "A page of endpoints.",
          schema: PrecheckRecipientsOut,
          example: {
            data: [recipientExample],
            iterator: endpointExample.id,
            prevIterator: `-${endpointExample.id}`,
            ...{ done: true, count: 0 },
          },
        },
      },
      problems: [404],
      async handle({ identity, params, query, body: { eventType, channels = null } }) {
        const request = pageRequest(query, ids, "ep_");
        const entry = await lookup.entry(identity, params.app_id);
        if (entry === null) throw notFound("Application not found");
        const receiving = entry.endpoints.matching(eventType, channels);
        const page = await store.configuration.endpoints.list(entry.application.seq, request);
        const idOf = ({ seq }: { readonly seq: number }) => ids.encode("ep_", seq);
        const shown = listed(page, idOf, (endpoint) => {
          const reason = refusalBy(endpoint, { eventType, channels });
          return { endpoint: endpointOut(endpoint, ids), receives: reason === null, reason };
        });
        return reply(200, { ...shown, count: receiving.length });
      },
    }),
  ];
}
