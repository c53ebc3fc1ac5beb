import { Type } from "@sinclair/typebox";
import { allEventTypes, importEventTypes } from "../../../commands/event-type-import.ts";
import { formatInstant } from "../../../core/instant.ts";
import { invalid } from "../../../core/problem.ts";
import { eventTypeFields, plainEventType } from "../../../core/resources/event-type.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent, reply } from "../../http/reply.ts";
import { applyPatch } from "../../http/resource.ts";
import { nullable } from "../../http/schema.ts";
import { EventTypeIn, EventTypeOut, eventTypeExample, eventTypeOut } from "../event-type/fields.ts";

const FORMAT_VERSION = 1;
const EVENT_TYPES_MAX = 10_000;

const EnvironmentOut = field.object("EnvironmentOut", {
  version: Type.Integer(),
  createdAt: field.instantOut,
  eventTypes: Type.Array(EventTypeOut),
  settings: nullable(Type.Object({}, { description: "Always null: environments have no settings." })),
  connectors: Type.Array(Type.Object({}), { description: "Always empty: connectors are not supported." }),
});

const EnvironmentIn = field.object("EnvironmentIn", {
  eventTypes: Type.Optional(nullable(Type.Array(EventTypeIn, { maxItems: EVENT_TYPES_MAX }))),
  settings: Type.Optional(nullable(Type.Object({}, { description: "Ignored." }))),
  connectors: Type.Optional(nullable(Type.Array(Type.Object({}), { description: "Ignored." }))),
});

export function environmentTransferRoutes(context: Context): Operation[] {
  const { store, clock, ids } = context;
  const tag = "Environment";
  return [
    operation({
      id: "v1.environment.export",
      readOnlyAccess: true,
      method: "POST",
      path: "/api/v1/environment/export",
      tag,
      summary: "Export the configuration of the environment",
      description: "Returns the event types, including archived ones, in the form that the import accepts.",
      access: "environment",
      scopes: ["environment:Read", "event-type:Read"],
      audited: false,
      responses: {
        200: {
          description: "The configuration.",
          schema: EnvironmentOut,
          example: {
            version: FORMAT_VERSION,
            createdAt: "2026-01-01T00:00:00.000Z",
            eventTypes: [eventTypeExample],
            settings: null,
            connectors: [],
          },
        },
      },
      problems: [],
      async handle({ identity }) {
        const eventTypes = await allEventTypes(store, identity.environmentSeq);
        return reply(200, {
          version: FORMAT_VERSION,
          createdAt: formatInstant(clock.now()),
          eventTypes: eventTypes.map((eventType) => eventTypeOut(eventType, ids)),
          settings: null,
          connectors: [],
        });
      },
    }),

    operation({
      id: "v1.environment.import",
      method: "POST",
      path: "/api/v1/environment/import",
      tag,
      summary: "Import a configuration into the environment",
      description:
        "Creates or replaces event types. If one is invalid, none is imported. More than 100 event types or 1 MiB of schemas are stored in portions, so after an error other than 422 some may be imported; repeat the request to import the rest. Other event types are unchanged. Settings and connectors are ignored.",
      access: "environment",
      scopes: ["environment:Write", "event-type:Write"],
      body: EnvironmentIn,
      bodyExample: { eventTypes: [{ name: "user.signup", description: "A user has signed up." }] },
      responses: { 204: { description: "The configuration was imported." } },
      problems: [],
      async handle({ identity, body }) {
        const sent = body.eventTypes ?? [];
        checkDistinct(sent);
        const imports = sent.map((eventType, i) => ({
          name: eventType.name,
          change: applyPatch(eventTypeFields, plainEventType, eventType),
          loc: ["body", "eventTypes", `[${i}]`, "schemas"],
        }));
        await importEventTypes(context, identity.environmentSeq, imports);
        return noContent;
      },
    }),
  ];
}

function checkDistinct(eventTypes: ReadonlyArray<{ readonly name: string }>): void {
  const names = new Set<string>();
  for (const [i, { name }] of eventTypes.entries()) {
    if (names.has(name)) throw invalid(["body", "eventTypes", `[${i}]`, "name"], "This name is used twice.");
    names.add(name);
  }
}
