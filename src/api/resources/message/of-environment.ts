/** The messages of all applications of an environment, for operators. */
import { Type } from "@sinclair/typebox";
import type { IdCodec } from "../../../core/id.ts";
import { formatInstant } from "../../../core/instant.ts";
import { type EnvironmentMessage, type EnvironmentMessageFilter, messageStates } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { found, historyRequest, pageQuery } from "../../http/paging.ts";
import { reply } from "../../http/reply.ts";
import { choice, nullable } from "../../http/schema.ts";
import { applicationNameExample, applicationNameFields, applicationNameOut } from "../application/name.ts";
import { DeliveryCounts } from "./delivery-counts.ts";
import { messageFilter, messageFilterQuery } from "./fields.ts";

const TEXT_CHARS_MAX = 200;
const EVENT_ID_CHARS_MAX = 256;

export const EnvironmentMessageOut = field.object("EnvironmentMessageOut", {
  id: field.idOut("msg_"),
  ...applicationNameFields,
  eventType: Type.String(),
  eventId: nullable(Type.String()),
  channels: nullable(Type.Array(Type.String())),
  tags: nullable(Type.Array(Type.String())),
  timestamp: field.instantOut,
  deliverAt: nullable(field.instantOut),
  deliveries: DeliveryCounts,
});

const example = {
  id: "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  ...applicationNameExample,
  ...{ eventType: "user.signup", eventId: null, channels: null, tags: null },
  ...{ timestamp: "2026-01-01T00:00:00.000Z", deliverAt: null },
  deliveries: { pending: 0, delivered: 1, dead: 0, cancelled: 0 },
};

const query = Type.Object({
  ...pageQuery,
  ...messageFilterQuery,
  app_id: Type.Optional(
    Type.String({ description: "Include only messages of this application, which may stand behind a source." }),
  ),
  state: Type.Optional(
    choice(messageStates, {
      description:
        "Include only messages in this state. `pending`: at least one delivery is pending. `dead`: at least one delivery is dead. `delivered`: at least one delivery is delivered, and none is pending or dead.",
    }),
  ),
  event_id: Type.Optional(
    Type.String({
      maxLength: EVENT_ID_CHARS_MAX,
      description: "Include only messages with this `eventId`. At most 1,000 are found.",
    }),
  ),
  text: Type.Optional(
    Type.String({
      maxLength: TEXT_CHARS_MAX,
      description:
        "Include only messages whose payload contains this text. Compares the bytes of the payload as it was sent, so the case, white space and JSON escapes must be the same.",
    }),
  ),
});

export function environmentMessageRoutes({ store, ids, lookup }: Context): Operation[] {
  return [
    operation({
      id: "message.list-by-environment",
      method: "GET",
      path: "/api/v1/message",
      tag: "Message",
      summary: "List the messages of all applications",
      description:
        "Newest first, without payloads. A search reads a limited number of messages: follow `iterator` until `done` is true, because a page can be short or empty although older messages match.",
      access: "environment",
      query,
      responses: {
        200: {
          description: "A page of messages.",
          schema: field.listOf("EnvironmentMessageOut", EnvironmentMessageOut),
          example: { data: [example], iterator: example.id, prevIterator: `-${example.id}`, done: true },
        },
      },
      problems: [404],
      async handle({ identity, query: sent }) {
        const page = historyRequest(sent, ids, "msg_");
        const { app_id: app, state, event_id: eventId, text } = sent;
        const filter: EnvironmentMessageFilter = {
          ...messageFilter(sent),
          ...(app !== undefined && { applicationSeq: (await lookup.application(identity, app)).seq }),
          ...(state !== undefined && { state }),
          ...(eventId !== undefined && { eventId }),
          ...(text !== undefined && { text: Buffer.from(text) }),
        };
        const messages = await store.survey.messages(identity.environmentSeq, filter, page);
        const idOf = ({ seq }: { readonly seq: number }) => ids.encode("msg_", seq);
        return reply(
          200,
          found(messages, page, idOf, (message) => environmentMessageOut(message, ids)),
        );
      },
    }),
  ];
}

function environmentMessageOut(message: EnvironmentMessage, ids: IdCodec) {
  const { eventType, eventId, channels, tags, deliveries } = message;
  return {
    id: ids.encode("msg_", message.seq),
    ...applicationNameOut(message.application, ids),
    ...{ eventType, eventId, channels, tags },
    timestamp: formatInstant(message.acceptedAt),
    deliverAt: message.deliverAt === null ? null : formatInstant(message.deliverAt),
    deliveries,
  };
}
