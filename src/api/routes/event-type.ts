import { type Static, Type } from "@sinclair/typebox";
import { listOut, pageLimitDefault, parseIterator } from "../../core/page.ts";
import { conflict, invalid, notFound } from "../../core/problem.ts";
import { eventTypeNameProblem } from "../../core/rule.ts";
import type { EventType } from "../../store/index.ts";
import type { Identity } from "../auth.ts";
import type { Context } from "../context.ts";
import * as field from "../fields.ts";
import { type Operation, operation } from "../operation.ts";
import { orderQuery, pageQuery } from "../paging.ts";
import { noContent, reply } from "../reply.ts";
import { nullable } from "../schema.ts";
import { formatInstant } from "../time.ts";

const VERSIONS_MAX = 100;
const FLAGS_MAX = 100;

const properties = {
  archived: Type.Optional(Type.Boolean({ default: false, description: "Endpoints cannot ask for it any more." })),
  deprecated: Type.Optional(Type.Boolean({ default: false })),
  schemas: Type.Optional(
    nullable(
      Type.Record(Type.String(), Type.Object({}), {
        maxProperties: VERSIONS_MAX,
        description: "A JSON Schema by version.",
      }),
    ),
  ),
  featureFlag: Type.Optional(nullable(field.eventTypeName)),
  featureFlags: Type.Optional(nullable(Type.Array(field.eventTypeName, { maxItems: FLAGS_MAX, uniqueItems: true }))),
  groupName: Type.Optional(nullable(field.eventTypeName)),
};
const description = field.text("For people.");

const EventTypeUpdate = field.object("EventTypeUpdate", { description, ...properties });
const EventTypeIn = field.object("EventTypeIn", { name: field.eventTypeName, description, ...properties });
const EventTypePatch = field.object("EventTypePatch", { description: Type.Optional(description), ...properties });

const EventTypeOut = field.object("EventTypeOut", {
  name: Type.String(),
  description: Type.String(),
  archived: Type.Boolean(),
  deprecated: Type.Boolean(),
  schemas: nullable(Type.Record(Type.String(), Type.Object({}))),
  featureFlag: nullable(Type.String()),
  featureFlags: nullable(Type.Array(Type.String())),
  groupName: nullable(Type.String()),
  createdAt: field.instantOut,
  updatedAt: field.instantOut,
});

const example = {
  name: "user.signup",
  description: "Somebody has signed up.",
  archived: false,
  deprecated: false,
  schemas: null,
  featureFlag: null,
  featureFlags: null,
  groupName: null,
  createdAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.000Z",
};
const bodyExample = { name: "user.signup", description: "Somebody has signed up." };
const found = { description: "The event type.", schema: EventTypeOut, example };
const created = { ...found, description: "The event type was made." };

type Sent = Static<typeof EventTypePatch>;

export function eventTypeRoutes(context: Context): Operation[] {
  const { store, clock } = context;
  const tag = "Event type";
  const path = "/api/v1/event-type/:event_type_name";

  async function get(identity: Identity, name: string): Promise<EventType> {
    const eventType = await store.eventTypes.get(identity.environmentSeq, name);
    if (eventType === null) throw notFound("Event type not found");
    return eventType;
  }

  async function create(identity: Identity, name: string, sent: Sent): Promise<EventType> {
    const now = clock.now();
    const blank = { seq: context.seqs.next(), environmentSeq: identity.environmentSeq, name, createdAt: now };
    const eventType = { ...changed({ ...blank, ...plain, updatedAt: now }, sent), updatedAt: now };
    if (!(await store.eventTypes.create(eventType))) throw exists();
    return eventType;
  }

  async function update(before: EventType, sent: Sent): Promise<EventType> {
    const eventType = { ...changed(before, sent), updatedAt: clock.now() };
    await store.eventTypes.update(eventType);
    return eventType;
  }

  return [
    operation({
      id: "v1.event-type.list",
      method: "GET",
      path: "/api/v1/event-type",
      tag,
      summary: "List event types",
      description: "By name.",
      access: "application",
      query: Type.Object({
        ...pageQuery,
        ...orderQuery("ascending"),
        include_archived: Type.Optional(Type.Boolean({ default: false })),
        with_content: Type.Optional(Type.Boolean({ default: false, description: "With the schemas." })),
      }),
      answers: {
        200: {
          description: "A page of event types.",
          schema: field.listOf("EventTypeOut", EventTypeOut),
          example: { data: [example], iterator: example.name, prevIterator: `-${example.name}`, done: true },
        },
      },
      problems: [],
      async handle({ identity, query }) {
        const { rows, more } = await store.eventTypes.list(identity.environmentSeq, {
          limit: query.limit ?? pageLimitDefault,
          ...startOf(query.iterator),
          includeArchived: query.include_archived ?? false,
        });
        const items = rows.map((row) => out(row, query.with_content ?? false));
        return reply(
          200,
          listOut(items, ({ name }) => name, more),
        );
      },
    }),

    operation({
      id: "v1.event-type.create",
      method: "POST",
      path: "/api/v1/event-type",
      tag,
      summary: "Create an event type",
      description: "One that was archived comes back with what is sent.",
      access: "environment",
      body: EventTypeIn,
      bodyExample,
      answers: { 201: created },
      problems: [409],
      async handle({ identity, body }) {
        const existing = await store.eventTypes.get(identity.environmentSeq, body.name);
        if (existing === null) return reply(201, out(await create(identity, body.name, body)));
        if (!existing.archived) throw exists();
        return reply(201, out(await update({ ...existing, ...plain }, body)));
      },
    }),

    operation({
      id: "v1.event-type.get",
      method: "GET",
      path,
      tag,
      summary: "Get an event type",
      access: "application",
      answers: { 200: found },
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
      bodyExample: { description: "Somebody has signed up." },
      answers: { 200: found, 201: created },
      problems: [409],
      async handle({ identity, params: { event_type_name: name }, body }) {
        const existing = await store.eventTypes.get(identity.environmentSeq, name);
        if (existing !== null) return reply(200, out(await update({ ...existing, ...plain }, body)));
        const problem = eventTypeNameProblem(name);
        if (problem !== null) throw invalid(["path", "event_type_name"], problem);
        return reply(201, out(await create(identity, name, body)));
      },
    }),

    operation({
      id: "v1.event-type.patch",
      method: "PATCH",
      path,
      tag,
      summary: "Change an event type",
      description: "What is not sent stays as it is.",
      access: "environment",
      body: EventTypePatch,
      bodyExample: { deprecated: true },
      answers: { 200: found },
      problems: [404],
      async handle({ identity, params, body }) {
        const { seq } = await get(identity, params.event_type_name);
        return context.inTurn.run(seq, async () =>
          reply(200, out(await update(await get(identity, params.event_type_name), body))),
        );
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
        expunge: Type.Optional(Type.Boolean({ default: false, description: "Delete it instead of archiving it." })),
      }),
      answers: { 204: { description: "It is archived, or gone." } },
      problems: [404],
      async handle({ identity, params, query }) {
        const eventType = await get(identity, params.event_type_name);
        if (query.expunge) await store.eventTypes.expunge(identity.environmentSeq, eventType.name);
        else await update(eventType, { archived: true });
        return noContent;
      },
    }),
  ];
}

function startOf(iterator: string | undefined): { from: string | null; backwards: boolean } {
  if (iterator === undefined) return { from: null, backwards: false };
  const { id, backwards } = parseIterator(iterator);
  const problem = eventTypeNameProblem(id);
  if (problem !== null) throw invalid(["query", "iterator"], problem);
  return { from: id, backwards };
}

/** An event type of which nothing but the name was said. */
const plain = {
  description: "",
  archived: false,
  deprecated: false,
  schemas: null,
  featureFlags: [],
  groupName: null,
};

function changed<E extends EventType>(before: E, sent: Sent): E {
  return {
    ...before,
    description: sent.description ?? before.description,
    archived: sent.archived ?? before.archived,
    deprecated: sent.deprecated ?? before.deprecated,
    schemas: sent.schemas === undefined ? before.schemas : sent.schemas,
    featureFlags: flagsOf(sent) ?? before.featureFlags,
    groupName: sent.groupName === undefined ? before.groupName : sent.groupName,
  };
}

/** The Svix API has had one flag, and has a list of them now. Undefined: neither was sent. */
function flagsOf({ featureFlags, featureFlag }: Sent): readonly string[] | undefined {
  if (featureFlags !== undefined) return featureFlags ?? [];
  if (featureFlag === undefined) return undefined;
  return featureFlag === null ? [] : [featureFlag];
}

function out(eventType: EventType, withContent = true) {
  return {
    name: eventType.name,
    description: eventType.description,
    archived: eventType.archived,
    deprecated: eventType.deprecated,
    schemas: withContent ? eventType.schemas : null,
    featureFlag: eventType.featureFlags[0] ?? null,
    featureFlags: eventType.featureFlags.length === 0 ? null : eventType.featureFlags,
    groupName: eventType.groupName,
    createdAt: formatInstant(eventType.createdAt),
    updatedAt: formatInstant(eventType.updatedAt),
  };
}

function exists() {
  return conflict("An event type with that name already exists", "event_type_exists");
}
