/** Validates example payloads without storing them, and returns examples of event types. */
import { Type } from "@sinclair/typebox";
import { noEventType } from "../../../commands/event-types.ts";
import { invalid, notFound } from "../../../core/problem.ts";
import { exampleOf } from "../../../core/schema-example.ts";
import { latestSchema, versionsOf } from "../../../core/schema-versions.ts";
import type { EventType } from "../../../store/index.ts";
import { TaskOverdue } from "../../../thread/heavy-work.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { nullable } from "../../http/schema.ts";
import type { Identity } from "../../identity/auth.ts";
import { isVisible } from "./fields.ts";

const version = Type.String({
  minLength: 1,
  maxLength: 256,
  description: "Version of the schema; the latest by default.",
});

const EventTypeValidateIn = field.object("EventTypeValidateIn", {
  eventType: Type.Optional(
    nullable(Type.String({ description: "Name of the event type whose schema is used. Excludes `schema`." })),
  ),
  version: Type.Optional(nullable(version)),
  schema: Type.Optional(
    nullable(Type.Object({}, { additionalProperties: true, description: "A JSON Schema. Excludes `eventType`." })),
  ),
  example: Type.Unknown({ description: "The payload to validate: any JSON value." }),
});

const Finding = field.object("EventTypeFinding", {
  loc: Type.Array(Type.String(), { description: "Location in the request, starting with `body`." }),
  msg: Type.String(),
  type: Type.String(),
});

const EventTypeValidateOut = field.object("EventTypeValidateOut", {
  valid: Type.Boolean({ description: "Whether the schema can be used and the example matches it." }),
  schema: nullable(Finding),
  example: Type.Array(Finding, {
    description:
      "What does not match the schema, at most one finding per location. Empty if the schema cannot be used.",
  }),
});

export const EventTypeExampleOut = field.object("EventTypeExampleOut", {
  payload: Type.Unknown({ description: "A JSON value." }),
  version: nullable(Type.String({ description: "Version of the schema; null if the event type has no schema." })),
  generated: Type.Boolean({
    description: "Whether the payload was generated. Also true if the event type has no schema.",
  }),
});

export function eventTypeExampleRoutes(context: Context): Operation[] {
  const { store, heavyWork } = context;
  const tag = "Event type";

  async function get(identity: Identity, name: string): Promise<EventType> {
    const eventType = await store.configuration.eventTypes.get(identity.environmentSeq, name);
    if (eventType === null || !isVisible(eventType, identity)) throw noEventType();
    return eventType;
  }

  return [
    operation({
      id: "event-type.validate",
      readOnlyAccess: true,
      method: "POST",
      path: "/api/v1/event-type/validate",
      tag,
      summary: "Validate an example payload",
      description:
        "Validates an example against a schema, or against the schema of an event type. Nothing is stored. An event type without a schema accepts every payload.",
      access: "environment",
      scopes: ["event-type:Read"],
      audited: false,
      body: EventTypeValidateIn,
      bodyExample: { schema: { type: "object", required: ["id"] }, example: { id: 17 } },
      responses: {
        200: {
          description: "The findings.",
          schema: EventTypeValidateOut,
          example: { valid: true, schema: null, example: [] },
        },
      },
      problems: [404],
      async handle({ identity, body }) {
        if (body.example === undefined) throw invalid(["body", "example"], "This field is required.");
        const schema = await schemaOf(identity, body);
        if (schema === undefined) return reply(200, { valid: true, schema: null, example: [] });
        const { problem, findings } = await heavyWork
          .payloadFindings(JSON.stringify({ schema, payload: body.example }))
          .catch((error: unknown) => {
            if (!(error instanceof TaskOverdue)) throw error;
            return { problem: { message: "The schema takes too long to check.", path: [] }, findings: [] };
          });
        return reply(200, {
          valid: problem === null && findings.length === 0,
          schema:
            problem === null
              ? null
              : { loc: ["body", "schema", ...problem.path], msg: problem.message, type: "schema.unusable" },
          example: findings.map(({ loc, msg, type }) => ({ loc: ["body", "example", ...loc.slice(2)], msg, type })),
        });
      },
    }),

    operation({
      id: "event-type.example",
      method: "GET",
      path: "/api/v1/event-type/:event_type_name/example",
      tag,
      summary: "Get an example payload of an event type",
      description:
        "Returns the first of these in the schema: `const`, `example`, the first of `examples`, the first of `enum`, `default`. Without them, generates a payload from the types. An event type without a schema has an empty object as its example.",
      access: "application",
      query: Type.Object({ version: Type.Optional(version) }),
      responses: {
        200: {
          description: "The example.",
          schema: EventTypeExampleOut,
          example: { payload: { id: 17 }, version: "1", generated: false },
        },
      },
      problems: [404],
      async handle({ identity, params, query }) {
        const eventType = await get(identity, params.event_type_name);
        const schema = versionOf(eventType, query.version);
        const chosen = query.version ?? versionsOf(eventType).at(-1) ?? null;
        const { value, isGenerated } = schema === undefined ? { value: {}, isGenerated: true } : exampleOf(schema);
        return reply(200, { payload: value, version: chosen, generated: isGenerated });
      },
    }),
  ];

  async function schemaOf(
    identity: Identity,
    sent: { readonly eventType?: string | null; readonly schema?: object | null; readonly version?: string | null },
  ): Promise<unknown> {
    if ((sent.eventType == null) === (sent.schema == null)) {
      throw invalid(["body"], "Exactly one of eventType and schema must be set.");
    }
    if (sent.schema != null && sent.version != null) {
      throw invalid(["body", "version"], "Cannot be combined with schema.");
    }
    if (sent.schema != null) return sent.schema;
    return versionOf(await get(identity, sent.eventType!), sent.version);
  }
}

/** Returns a schema of an event type, or undefined if it has none. Throws 404 for an unknown version. */
function versionOf(eventType: EventType, chosen: string | null | undefined): unknown {
  if (chosen == null) return latestSchema(eventType);
  const { schemas } = eventType;
  if (schemas === null || !Object.hasOwn(schemas, chosen)) throw notFound("The event type has no such version.");
  return schemas[chosen];
}
