import { Type } from "@sinclair/typebox";
import { eventTypeChanged } from "../../../commands/publish.ts";
import { iteratorOfName, listOut, pageLimitDefault, parseNameIterator } from "../../../core/page.ts";
import { conflict, invalid, notFound } from "../../../core/problem.ts";
import { eventTypeNameProblem } from "../../../core/rule.ts";
import type { EventType } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type FoundOrMade, findOrMake } from "../../http/find-or-make.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { orderQuery, pageQuery } from "../../http/paging.ts";
import { noContent, reply } from "../../http/reply.ts";
import type { Identity } from "../../identity/auth.ts";
import {
  changed,
  checkSchemas,
  type EventTypeChange,
  EventTypeIn,
  EventTypeOut,
  EventTypePatch,
  EventTypeUpdate,
  eventTypeExample as example,
  isVisible,
  eventTypeOut as out,
  plainEventType as plain,
} from "./fields.ts";

const bodyExample = { name: "user.signup", description: "Somebody has signed up." };
const found = { description: "The event type.", schema: EventTypeOut, example };
const created = { ...found, description: "The event type was made." };

export function eventTypeRoutes(context: Context): Operation[] {
  const { store, clock } = context;
  const tag = "Event type";
  const path = "/api/v1/event-type/:event_type_name";

  /** Imports change many event types at once: so those of an environment are changed one after the other, and no change is lost. */
  const inTurn = <T>({ environmentSeq }: Identity, work: () => Promise<T>) => context.inTurn.run(environmentSeq, work);

  async function get(identity: Identity, name: string): Promise<EventType> {
    const eventType = await store.configuration.eventTypes.get(identity.environmentSeq, name);
    if (eventType === null || !isVisible(eventType, identity)) throw notFound("Event type not found");
    return eventType;
  }

  /** The one that has this name, archived or not, or else a new one. */
  async function getOrCreate(identity: Identity, name: string, sent: EventTypeChange): Promise<FoundOrMade<EventType>> {
    const found = await findOrMake(
      () => store.configuration.eventTypes.get(identity.environmentSeq, name),
      () => inTurn(identity, () => create(identity, name, sent)),
    );
    if (found === null) throw exists();
    return found;
  }

  /** Null: the name is taken. */
  async function create(identity: Identity, name: string, sent: EventTypeChange): Promise<EventType | null> {
    const problem = eventTypeNameProblem(name);
    if (problem !== null) throw invalid(["path", "event_type_name"], problem);
    const now = clock.now();
    const { environmentSeq } = identity;
    const blank = { ...plain, seq: context.seqs.next(), environmentSeq, name, createdAt: now, updatedAt: now };
    const eventType = changed(blank, sent);
    await checkSchemas(eventType.schemas);
    if (!(await store.configuration.eventTypes.create(eventType))) return null;
    eventTypeChanged(context, eventType);
    return eventType;
  }

  /** `blank`: what is not sent is as in a new one, not as it was. */
  async function update(before: EventType, sent: EventTypeChange, blank: Partial<EventType> = {}): Promise<EventType> {
    const eventType = { ...changed({ ...before, ...blank }, sent), updatedAt: clock.now() };
    await checkSchemas(eventType.schemas, before.schemas);
    await store.configuration.eventTypes.update(eventType);
    eventTypeChanged(context, eventType);
    return eventType;
  }

  /** What was archived comes back, with nothing but what is sent; for one of those who do so at the same time. */
  function restore(identity: Identity, name: string, sent: EventTypeChange): Promise<EventType> {
    return inTurn(identity, async () => {
      const before = await store.configuration.eventTypes.get(identity.environmentSeq, name);
      if (before === null || !before.archived) throw exists();
      return update(before, sent, plain);
    });
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
        const { rows, more } = await store.configuration.eventTypes.list(identity.environmentSeq, {
          limit: query.limit ?? pageLimitDefault,
          ...startOf(query.iterator),
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
      description: "One that was archived comes back with what is sent.",
      access: "environment",
      body: EventTypeIn,
      bodyExample,
      answers: { 201: created },
      problems: [409],
      async handle({ identity, body }) {
        const { thing, made } = await getOrCreate(identity, body.name, body);
        const eventType = made ? thing : await restore(identity, body.name, body);
        return { ...reply(201, out(eventType)), changed: { eventTypeName: body.name } };
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
      problems: [404, 409],
      async handle({ identity, params: { event_type_name: name }, body }) {
        const { thing, made } = await getOrCreate(identity, name, body);
        if (made) return reply(201, out(thing));
        return inTurn(identity, async () => reply(200, out(await update(await get(identity, name), body, plain))));
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
        return inTurn(identity, async () =>
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
        if (query.expunge) {
          await store.configuration.eventTypes.expunge(identity.environmentSeq, eventType.name);
          eventTypeChanged(context, eventType);
        } else {
          await inTurn(identity, async () => update(await get(identity, eventType.name), { archived: true }));
        }
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

function exists() {
  return conflict("An event type with that name already exists", "event_type_exists");
}
