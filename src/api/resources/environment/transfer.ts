import { type Static, Type } from "@sinclair/typebox";
import { allEventTypes, importEventTypes } from "../../../commands/event-type-import.ts";
import { importPayloadVersions, PAYLOAD_VERSIONS_MAX, payloadVersions } from "../../../commands/payload-versions.ts";
import { formatInstant } from "../../../core/instant.ts";
import { invalid } from "../../../core/problem.ts";
import { eventTypeFields, plainEventType } from "../../../core/resources/event-type.ts";
import { settingsOf } from "../../../core/resources/field.ts";
import { payloadVersionFields } from "../../../core/resources/payload-version.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent, reply } from "../../http/reply.ts";
import { applyPatch } from "../../http/resource.ts";
import { nullable } from "../../http/schema.ts";
import { EventTypeIn, EventTypeOut, eventTypeExample, eventTypeOut } from "../event-type/fields.ts";
import {
  PayloadVersionIn,
  PayloadVersionOut,
  payloadVersionExample,
  payloadVersionOut,
} from "../payload-version/fields.ts";

const FORMAT_VERSION = 1;
const EVENT_TYPES_MAX = 10_000;

const EnvironmentOut = field.object("EnvironmentOut", {
  version: Type.Integer(),
  createdAt: field.instantOut,
  eventTypes: Type.Array(EventTypeOut),
  payloadVersions: Type.Array(PayloadVersionOut),
  settings: nullable(Type.Object({}, { description: "Always null: environments have no settings." })),
  connectors: Type.Array(Type.Object({}), { description: "Always empty: connectors are not supported." }),
});

const EnvironmentIn = field.object("EnvironmentIn", {
  eventTypes: Type.Optional(nullable(Type.Array(EventTypeIn, { maxItems: EVENT_TYPES_MAX }))),
  payloadVersions: Type.Optional(nullable(Type.Array(PayloadVersionIn, { maxItems: PAYLOAD_VERSIONS_MAX }))),
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
      description:
        "Returns the event types, including archived ones, and the payload versions, in the form that the import accepts.",
      access: "environment",
      scopes: ["environment:Read", "event-type:Read", "payload-version:Read"],
      audited: false,
      responses: {
        200: {
          description: "The configuration.",
          schema: EnvironmentOut,
          example: {
            version: FORMAT_VERSION,
            createdAt: "2026-01-01T00:00:00.000Z",
            eventTypes: [eventTypeExample],
            payloadVersions: [payloadVersionExample],
            settings: null,
            connectors: [],
          },
        },
      },
      problems: [],
      async handle({ identity }) {
        const eventTypes = await allEventTypes(store, identity.environmentSeq);
        const versions = await payloadVersions(context, identity.environmentSeq);
        return reply(200, {
          version: FORMAT_VERSION,
          createdAt: formatInstant(clock.now()),
          eventTypes: eventTypes.map((eventType) => eventTypeOut(eventType, ids)),
          payloadVersions: versions.map((version) => payloadVersionOut(version, ids)),
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
        "Creates or replaces event types, and then payload versions. If an event type is invalid or rejects the change of its schema, nothing is imported. More than 100 event types or 1 MiB of schemas are stored in portions, so after an error other than 422 some may be imported; repeat the request to import the rest. Other event types and payload versions are unchanged. Settings and connectors are ignored.",
      access: "environment",
      scopes: ["environment:Write", "event-type:Write", "payload-version:Write"],
      body: EnvironmentIn,
      bodyExample: { eventTypes: [{ name: "user.signup", description: "A user has signed up." }] },
      responses: { 204: { description: "The configuration was imported." } },
      problems: [409],
      async handle({ identity, body }) {
        const sent = body.eventTypes ?? [];
        checkDistinct(sent, "eventTypes", "name");
        const versions = body.payloadVersions ?? [];
        checkDistinct(versions, "payloadVersions", "version");
        const imports = sent.map((eventType, i) => ({
          name: eventType.name,
          change: changeOf(eventType),
          loc: ["body", "eventTypes", `[${i}]`, "schemas"],
        }));
        await importEventTypes(context, identity.environmentSeq, imports);
        await importPayloadVersions(
          context,
          identity.environmentSeq,
          versions.map((one, i) => ({
            loc: ["body", "payloadVersions", `[${i}]`],
            version: one.version,
            settings: applyPatch(payloadVersionFields, settingsOf(payloadVersionFields), one),
          })),
        );
        return noContent;
      },
    }),
  ];
}

/** Event types keep their `compatibility` if the document has none. */
function changeOf(sent: Static<typeof EventTypeIn>) {
  const { compatibility, ...others } = applyPatch(eventTypeFields, plainEventType, sent);
  return sent.compatibility === undefined ? others : { ...others, compatibility };
}

function checkDistinct<Key extends string>(
  sent: ReadonlyArray<{ readonly [K in Key]: string }>,
  list: string,
  key: Key,
): void {
  const names = new Set<string>();
  for (const [i, one] of sent.entries()) {
    if (names.has(one[key])) throw invalid(["body", list, `[${i}]`, key], `This ${key} is used twice.`);
    names.add(one[key]);
  }
}
