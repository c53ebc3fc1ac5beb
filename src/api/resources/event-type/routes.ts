import { Type } from "@sinclair/typebox";
import {
  changeEventType,
  createEventType,
  expungeEventType,
  noEventType,
  putEventType,
} from "../../../commands/event-types.ts";
import { iteratorOfName, listOut, pageLimitDefault, parseNameIterator } from "../../../core/page.ts";
import { invalid } from "../../../core/problem.ts";
import { eventTypeFields, plainEventType } from "../../../core/resources/event-type.ts";
import { eventTypeNameProblem } from "../../../core/rule.ts";
import type { EventType } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { orderQuery, pageQuery } from "../../http/paging.ts";
import { noContent, reply } from "../../http/reply.ts";
import { applyPatch } from "../../http/resource.ts";
import type { Identity } from "../../identity/auth.ts";
import {
  EventTypeIn,
  EventTypeOut,
  EventTypePatch,
  EventTypeUpdate,
  EventTypeWrittenOut,
  eventTypeOut,
  eventTypeWrittenOut,
  eventTypeExample as example,
  isVisible,
} from "./fields.ts";

const bodyExample = { name: "user.signup", description: "A user has signed up." };
const found = { description: "The event type.", schema: EventTypeOut, example };
const written = {
  description: "The event type.",
  schema: EventTypeWrittenOut,
  example: { ...example, warnings: ["schemas.1: required property `id` was added"] },
};
const created = { ...written, description: "The event type was created.", example };

export function eventTypeRoutes(context: Context): Operation[] {
  const { store, ids } = context;
  const tag = "Event type";
  const path = "/api/v1/event-type/:event_type_name";

  const out = (eventType: EventType, withContent = true) => eventTypeOut(eventType, ids, withContent);

  async function get(identity: Identity, name: string): Promise<EventType> {
    const eventType = await store.configuration.eventTypes.get(identity.environmentSeq, name);
    if (eventType === null || !isVisible(eventType, identity)) throw noEventType();
    return eventType;
  }

  return [
    operation({
      id: "v1.event-type.list",
      method: "GET",
      path: "/api/v1/event-type",
      tag,
      summary: "List event types",
      description: "Ordered by name.",
      access: "application",
      query: Type.Object({
        ...pageQuery,
        ...orderQuery("ascending", "name"),
        include_archived: Type.Optional(Type.Boolean({ default: false })),
        with_content: Type.Optional(Type.Boolean({ default: false, description: "Include the schemas." })),
      }),
      responses: {
        200: {
          description: "A page of event types.",
          schema: field.listOf("EventTypeOut", EventTypeOut),
          example: { data: [example], iterator: example.name, prevIterator: `-${example.name}`, done: true },
        },
      },
      problems: [],
      async handle({ identity, query }) {
        const { rows, more } = await store.configuration.eventTypes.list(identity.environmentSeq, {
          limit: query.limit ?? pageLimitDefault,
          ...startOf(query.iterator),
          order: query.order ?? "ascending",
          includeArchived: query.include_archived ?? false,
          featureFlags: identity.featureFlags,
        });
        const items = rows.map((row) => out(row, query.with_content ?? false));
        return reply(
          200,
          listOut(items, ({ name }) => iteratorOfName(name), more),
        );
      },
    }),

    operation({
      id: "v1.event-type.create",
      method: "POST",
      path: "/api/v1/event-type",
      tag,
      summary: "Create an event type",
      description: "An archived event type with this name is restored with the settings in the request.",
      access: "environment",
      body: EventTypeIn,
      bodyExample,
      responses: { 201: created },
      problems: [409],
      async handle({ identity, body }) {
        const key = { environmentSeq: identity.environmentSeq, name: body.name };
        const created = await createEventType(context, key, applyPatch(eventTypeFields, plainEventType, body));
        return { ...reply(201, eventTypeWrittenOut(created, ids)), changed: { eventTypeName: body.name } };
      },
    }),

    operation({
      id: "v1.event-type.get",
      method: "GET",
      path,
      tag,
      summary: "Get an event type",
      access: "application",
      responses: { 200: found },
      problems: [404],
      async handle({ identity, params }) {
        return reply(200, out(await get(identity, params.event_type_name)));
      },
    }),

    operation({
      id: "v1.event-type.update",
      method: "PUT",
      path,
      tag,
      summary: "Create or replace an event type",
      access: "environment",
      body: EventTypeUpdate,
      description: "Absent fields get their defaults. An event type keeps its `compatibility` if the body has none.",
      bodyExample: { description: "A user has signed up." },
      responses: { 200: written, 201: created },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        const key = { environmentSeq: identity.environmentSeq, name: checkedName(params.event_type_name) };
        const settings = applyPatch(eventTypeFields, plainEventType, body);
        const put = await putEventType(context, key, settings, body.compatibility ?? null);
        return reply(put.created ? 201 : 200, eventTypeWrittenOut(put, ids));
      },
    }),

    operation({
      id: "v1.event-type.patch",
      method: "PATCH",
      path,
      tag,
      summary: "Change an event type",
      description: "Absent fields are unchanged.",
      access: "environment",
      body: EventTypePatch,
      bodyExample: { deprecated: true },
      responses: { 200: written },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        const key = { environmentSeq: identity.environmentSeq, name: params.event_type_name };
        const change = (before: EventType) => applyPatch(eventTypeFields, before, body);
        return reply(200, eventTypeWrittenOut(await changeEventType(context, key, change), ids));
      },
    }),

    operation({
      id: "v1.event-type.delete",
      method: "DELETE",
      path,
      tag,
      summary: "Archive or delete an event type",
      access: "environment",
      query: Type.Object({
        expunge: Type.Optional(
          Type.Boolean({ default: false, description: "Delete the event type instead of archiving it." }),
        ),
      }),
      responses: { 204: { description: "The event type was archived or deleted." } },
      problems: [404],
      async handle({ identity, params, query }) {
        const eventType = await get(identity, params.event_type_name);
        if (query.expunge) await expungeEventType(context, eventType);
        else await changeEventType(context, eventType, () => ({ archived: true }));
        return noContent;
      },
    }),
  ];
}

function startOf(iterator: string | undefined): { from: string | null; backwards: boolean } {
  if (iterator === undefined) return { from: null, backwards: false };
  const { name, backwards } = parseNameIterator(iterator);
  const problem = eventTypeNameProblem(name);
  if (problem !== null) throw invalid(["query", "iterator"], problem);
  return { from: name, backwards };
}

function checkedName(name: string): string {
  const problem = eventTypeNameProblem(name);
  if (problem !== null) throw invalid(["path", "event_type_name"], problem);
  return name;
}
