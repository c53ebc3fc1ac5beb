import { Type } from "@sinclair/typebox";
import { type ImportedEventType, importEventTypes, planImport } from "../../../commands/event-type-import.ts";
import { DocumentProblem, type Webhook, webhooksOf } from "../../../core/openapi-webhooks.ts";
import { invalid } from "../../../core/problem.ts";
import { textCharsMax } from "../../../core/resources/shared.ts";
import { eventTypeNameProblem, textProblem } from "../../../core/rule.ts";
import { cutText } from "../../../core/text.ts";
import type { EventType } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import { badRequest } from "../../http/errors.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { nullable } from "../../http/schema.ts";

/** The version of all imported schemas. */
const VERSION = "1";

const EventTypeImportOpenApiIn = field.object("EventTypeImportOpenApiIn", {
  dryRun: Type.Optional(Type.Boolean({ default: false, description: "Only return what would be changed." })),
  replaceAll: Type.Optional(
    Type.Boolean({ default: false, description: "Archive event types that are not in the document." }),
  ),
  spec: Type.Optional(nullable(Type.Object({}, { description: "The OpenAPI document." }))),
  specRaw: Type.Optional(nullable(Type.String({ description: "The OpenAPI document as text in JSON or YAML." }))),
});

const EventTypeFromOpenApi = field.object("EventTypeFromOpenApi", {
  name: Type.String(),
  description: Type.String(),
  deprecated: Type.Boolean(),
  schemas: nullable(Type.Object({})),
  groupName: nullable(Type.String()),
  featureFlags: nullable(Type.Array(Type.String())),
  featureFlag: nullable(Type.String()),
});

const EventTypeImportOpenApiOut = field.object("EventTypeImportOpenApiOut", {
  data: field.object("EventTypeImportOpenApiOutData", {
    modified: Type.Array(Type.String(), { description: "The names of the changed event types; empty in a dry run." }),
    to_modify: nullable(
      Type.Array(EventTypeFromOpenApi, { description: "What would be stored; null unless it is a dry run." }),
    ),
  }),
});

const spec = {
  openapi: "3.1.0",
  info: { title: "Pets", version: "1.0.0" },
  webhooks: {
    "pet.new": {
      post: {
        requestBody: {
          description: "A new pet.",
          content: { "application/json": { schema: { type: "object", required: ["id"] } } },
        },
        responses: { "200": { description: "Received." } },
      },
    },
  },
};

/** The document, and the name of the request field that contains it. */
interface SentDocument {
  readonly name: "spec" | "specRaw";
  readonly document: unknown;
}

export function eventTypeImportRoutes(context: Context): Operation[] {
  return [
    operation({
      id: "v1.event-type.import-openapi",
      method: "POST",
      path: "/api/v1/event-type/import/openapi",
      tag: "Event type",
      summary: "Import event types from an OpenAPI document",
      description:
        "Creates or updates one event type per entry of `webhooks` or `x-webhooks`: its description, deprecation, and payload schema (as version 1). If one is invalid, none is imported. Archived event types are restored.",
      access: "environment",
      body: EventTypeImportOpenApiIn,
      bodyExample: { spec },
      responses: {
        200: {
          description: "The event types that were changed or, in a dry run, would have been changed.",
          schema: EventTypeImportOpenApiOut,
          example: { data: { modified: ["pet.new"], to_modify: null } },
        },
      },
      problems: [400],
      async handle({ identity: { environmentSeq }, body }) {
        const sent = sentDocument(body);
        const imports = webhooksIn(sent).map((webhook) => importOf(sent, webhook));
        if (body.dryRun) {
          const planned = await planImport(context, environmentSeq, imports);
          return { ...reply(200, { data: { modified: [], to_modify: planned.map(outOf) } }), changed: null };
        }
        await importEventTypes(context, environmentSeq, imports, body.replaceAll);
        return reply(200, { data: { modified: imports.map(({ name }) => name), to_modify: null } });
      },
    }),
  ];
}

function sentDocument({ spec, specRaw }: { spec?: object | null; specRaw?: string | null }): SentDocument {
  if ((spec == null) === (specRaw == null)) throw badRequest("Exactly one of spec and specRaw must be set.");
  return spec == null ? { name: "specRaw", document: parsed(specRaw!) } : { name: "spec", document: spec };
}

/** Parses the text as JSON or, if that fails, as YAML. JSON parsing is faster and stricter. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    try {
      return Bun.YAML.parse(text);
    } catch {
      throw badRequest("specRaw is neither JSON nor YAML.");
    }
  }
}

function webhooksIn({ name, document }: SentDocument): Webhook[] {
  try {
    return webhooksOf(document);
  } catch (error) {
    if (!(error instanceof DocumentProblem)) throw error;
    throw invalid(["body", name, ...error.path], error.message);
  }
}

function importOf(sent: SentDocument, { name, description, deprecated, schema }: Webhook): ImportedEventType {
  const loc = ["body", sent.name, "webhooks", name];
  const problem = eventTypeNameProblem(name) ?? textProblem(description);
  if (problem !== null) throw invalid(loc, problem);
  const schemas = schema === null ? null : { [VERSION]: schema };
  const shortened = cutText(description, textCharsMax);
  return { name, change: { description: shortened, deprecated, schemas, archived: false }, loc };
}

function outOf({ name, description, deprecated, schemas, groupName, featureFlags }: EventType) {
  return {
    name,
    description,
    deprecated,
    schemas,
    groupName,
    featureFlags: featureFlags.length === 0 ? null : featureFlags,
    featureFlag: featureFlags[0] ?? null,
  };
}
