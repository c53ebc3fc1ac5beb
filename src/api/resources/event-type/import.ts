import { Type } from "@sinclair/typebox";
import {
  archivedByImport,
  documentSchemasCharsMax,
  type ImportedEventType,
  type Planned,
  planImport,
  storeImport,
} from "../../../commands/event-type-import.ts";
import { DocumentProblem, type Webhook, webhooksOf } from "../../../core/openapi-webhooks.ts";
import { Invalid, invalid } from "../../../core/problem.ts";
import { textCharsMax } from "../../../core/resources/shared.ts";
import { eventTypeNameProblem, textProblem } from "../../../core/rule.ts";
import { cutText } from "../../../core/text.ts";
import type { EventType } from "../../../store/index.ts";
import { TaskOverdue } from "../../../thread/heavy-work.ts";
import type { Context } from "../../http/context.ts";
import { badRequest } from "../../http/errors.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { FINDINGS_MAX, nullable, wordOut } from "../../http/schema.ts";

const WARNINGS_MAX = 100;
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
    skipped: Type.Optional(
      Type.Array(field.object("EventTypeImportSkipped", { name: Type.String(), reason: Type.String() }), {
        description: "The webhooks that cannot be imported, and why; absent if there are none.",
      }),
    ),
    warnings: Type.Optional(
      Type.Array(Type.String(), {
        description:
          "Changes of schemas that may break their users, of event types whose `compatibility` is `warn`; absent if there are none.",
      }),
    ),
    changes: Type.Optional(
      Type.Array(
        field.object("EventTypeImportChange", {
          name: Type.String(),
          change: wordOut(["created", "changed", "unchanged", "archived"]),
          fields: Type.Array(Type.String(), { description: "The changed fields; empty unless `change` is `changed`." }),
        }),
        { description: "The effect on each event type; absent unless it is a dry run." },
      ),
    ),
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
      readOnlyAccess: "dryRun",
      method: "POST",
      path: "/api/v1/event-type/import/openapi",
      tag: "Event type",
      summary: "Import event types from an OpenAPI document",
      description:
        "Creates or updates one event type per entry of `webhooks` or `x-webhooks`: its description, deprecation, and payload schema (as version 1). Entries that cannot be imported are listed in `skipped` with the reason; if none can be imported, the response is 422. Archived event types are restored. The event types of a large document are stored 100 or 1 MiB of schemas at a time, so those stored before an error remain; repeat the request to import the rest.",
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
      problems: [400, 409],
      async handle({ identity: { environmentSeq }, body }) {
        const unusable = new Map<string, Invalid>();
        const imports = importsIn(await sentDocument(context, body), (name, error) => void unusable.set(name, error));
        const onUnusable = ({ name }: ImportedEventType, error: Invalid) => void unusable.set(name, error);
        const planned = await planImport(context, environmentSeq, imports, onUnusable, documentSchemasCharsMax);
        const findings = [...unusable.values()].flatMap((error) => error.findings);
        if (planned.length === 0 && findings.length > 0) throw new Invalid(...findings.slice(0, FINDINGS_MAX));
        const skipped = [...unusable].map(([name, error]) => ({ name: name.toWellFormed(), reason: reasonOf(error) }));
        const warnings = planned.flatMap(({ eventType, warnings }) =>
          warnings.map((text) => `${eventType.name}: ${text}`),
        );
        const remarks = {
          ...(skipped.length > 0 && { skipped }),
          ...(warnings.length > 0 && { warnings: warnings.slice(0, WARNINGS_MAX) }),
        };
        const types = planned.map(({ eventType }) => eventType);
        // Event types that are skipped are in the document, so they are not archived.
        const kept = body.replaceAll ? new Set(unusable.keys()) : null;
        if (body.dryRun) {
          const archived = kept === null ? [] : await archivedByImport(context, environmentSeq, planned, kept);
          const changes = [...planned.map(changeOut), ...archived.map(archivalOut)];
          const data = { modified: [], changes, to_modify: types.map(outOf), ...remarks };
          return { ...reply(200, { data }), changed: null };
        }
        await storeImport(context, environmentSeq, planned, kept);
        return reply(200, { data: { modified: types.map(({ name }) => name), to_modify: null, ...remarks } });
      },
    }),
  ];
}

async function sentDocument(
  context: Context,
  { spec, specRaw }: { spec?: object | null; specRaw?: string | null },
): Promise<SentDocument> {
  if ((spec == null) === (specRaw == null)) throw badRequest("Exactly one of spec and specRaw must be set.");
  if (spec != null) return { name: "spec", document: spec };
  return { name: "specRaw", document: await parsed(context, specRaw!) };
}

/** Parses the text as JSON or, if that fails, as YAML. JSON parsing is faster and stricter. */
async function parsed({ heavyWork }: Context, text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    const yaml = await heavyWork.yamlValue(text).catch((error: unknown) => {
      throw error instanceof TaskOverdue ? badRequest("specRaw takes too long to parse.") : error;
    });
    if (yaml === null) throw badRequest("specRaw is neither JSON nor YAML.");
    return "json" in yaml ? JSON.parse(yaml.json) : yaml.value;
  }
}

/**
 * Yields the event types in a document, and null for those that cannot be imported. Reports the
 * latter to `onUnusable`. Throws 422 if the document is invalid.
 */
function* importsIn(
  sent: SentDocument,
  onUnusable: (name: string, error: Invalid) => void,
): Generator<ImportedEventType | null, void> {
  try {
    for (const one of webhooksOf(sent.document)) {
      const error = "problem" in one ? invalidDocument(sent, one.problem) : nameOrTextError(sent, one);
      if (error !== null) onUnusable(one.name, error);
      yield "problem" in one || error !== null ? null : importOf(sent, one);
    }
  } catch (error) {
    if (!(error instanceof DocumentProblem)) throw error;
    throw invalidDocument(sent, error);
  }
}

function nameOrTextError(sent: SentDocument, { name, description }: Webhook): Invalid | null {
  const problem = eventTypeNameProblem(name) ?? textProblem(description);
  return problem === null ? null : invalid(["body", sent.name, "webhooks", name], problem);
}

function invalidDocument({ name }: SentDocument, { path, message }: DocumentProblem): Invalid {
  return invalid(["body", name, ...path], message);
}

/** Returns the reason without the location, which begins with the name of the event type. */
function reasonOf({ findings }: Invalid): string {
  return findings.map(({ msg }) => msg).join(" ");
}

function importOf(sent: SentDocument, { name, description, deprecated, schema }: Webhook): ImportedEventType {
  const loc = ["body", sent.name, "webhooks", name];
  const schemas = schema === null ? null : { [VERSION]: schema };
  const shortened = cutText(description, textCharsMax);
  return { name, change: { description: shortened, deprecated, schemas, archived: false }, loc };
}

function changeOut({ eventType: { name }, changed }: Planned) {
  if (changed === null) return { name, change: "created", fields: [] };
  return { name, change: changed.length === 0 ? "unchanged" : "changed", fields: changed };
}

function archivalOut(name: string) {
  return { name, change: "archived", fields: [] };
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
