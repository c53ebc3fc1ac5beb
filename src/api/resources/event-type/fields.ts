/** The fields of an event type: as they are sent, as they are kept, as they are answered. */
import { type Static, Type } from "@sinclair/typebox";
import type { EventTypeSettings } from "../../../commands/event-types.ts";
import { formatInstant } from "../../../core/instant.ts";
import { schemaBytesMax } from "../../../json-schema/compile.ts";
import type { EventType } from "../../../store/index.ts";
import * as field from "../../http/fields.ts";
import { choice, distinct, nullable } from "../../http/schema.ts";
import type { Identity } from "../../identity/auth.ts";

const VERSIONS_MAX = 100;
const FLAGS_MAX = 100;
const VALIDATIONS = ["off", "warn", "reject"] as const;

const properties = {
  archived: Type.Optional(Type.Boolean({ default: false, description: "Endpoints cannot ask for it any more." })),
  deprecated: Type.Optional(Type.Boolean({ default: false })),
  schemas: Type.Optional(
    nullable(
      Type.Record(Type.String(), Type.Object({}), {
        maxProperties: VERSIONS_MAX,
        description: `A JSON Schema by version, each at most ${schemaBytesMax} bytes: draft-07 (when it does not say which) or 2020-12. Payloads are held against the latest version. References must stay within the schema.`,
        examples: [{ "1": { type: "object", required: ["id"], properties: { id: { type: "string" } } } }],
      }),
    ),
  ),
  validation: Type.Optional(
    choice(VALIDATIONS, {
      default: "warn",
      description:
        "What becomes of messages that do not fit the schema: `off` nothing, `warn` they are taken and say so in `warnings`, `reject` they are refused with 422.",
    }),
  ),
  featureFlag: Type.Optional(nullable(field.eventTypeName)),
  featureFlags: Type.Optional(nullable(distinct(field.eventTypeName, { maxItems: FLAGS_MAX }))),
  groupName: Type.Optional(nullable(field.eventTypeName)),
};
const description = field.text("For people.");

export const EventTypeUpdate = field.object("EventTypeUpdate", { description, ...properties });
export const EventTypeIn = field.object("EventTypeIn", { name: field.eventTypeName, description, ...properties });
export const EventTypePatch = field.object("EventTypePatch", {
  description: Type.Optional(description),
  ...properties,
});

export const EventTypeOut = field.object("EventTypeOut", {
  name: Type.String(),
  description: Type.String(),
  archived: Type.Boolean(),
  deprecated: Type.Boolean(),
  schemas: nullable(Type.Record(Type.String(), Type.Object({}))),
  validation: Type.String({ enum: [...VALIDATIONS] }),
  featureFlag: nullable(Type.String()),
  featureFlags: nullable(Type.Array(Type.String())),
  groupName: nullable(Type.String()),
  createdAt: field.instantOut,
  updatedAt: field.instantOut,
});

export const eventTypeExample = {
  name: "user.signup",
  description: "Somebody has signed up.",
  archived: false,
  deprecated: false,
  schemas: null,
  validation: "warn",
  featureFlag: null,
  featureFlags: null,
  groupName: null,
  createdAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.000Z",
};

/** What create, update and patch have in common, so that one function can read it. */
export type EventTypeChange = Static<typeof EventTypePatch>;

/** Applies what was sent to `before`; absent fields change nothing. */
export function changed(before: EventTypeSettings, sent: EventTypeChange): EventTypeSettings {
  return {
    description: sent.description ?? before.description,
    archived: sent.archived ?? before.archived,
    deprecated: sent.deprecated ?? before.deprecated,
    schemas: sent.schemas === undefined ? before.schemas : sent.schemas,
    validation: sent.validation ?? before.validation,
    featureFlags: flagsOf(sent) ?? before.featureFlags,
    groupName: sent.groupName === undefined ? before.groupName : sent.groupName,
  };
}

/** The Svix API has had one flag, and has a list of them now. Undefined: neither was sent. */
function flagsOf({ featureFlags, featureFlag }: EventTypeChange): readonly string[] | undefined {
  if (featureFlags !== undefined) return featureFlags ?? [];
  if (featureFlag === undefined) return undefined;
  return featureFlag === null ? [] : [featureFlag];
}

/** Tokens of one application see event types without a flag, and those with one of their own. */
export function isVisible({ featureFlags }: EventType, { featureFlags: own }: Identity): boolean {
  return own === null || featureFlags.length === 0 || featureFlags.some((flag) => own.includes(flag));
}

export function eventTypeOut(eventType: EventType, withContent = true) {
  return {
    name: eventType.name,
    description: eventType.description,
    archived: eventType.archived,
    deprecated: eventType.deprecated,
    schemas: withContent ? eventType.schemas : null,
    validation: eventType.validation,
    featureFlag: eventType.featureFlags[0] ?? null,
    featureFlags: eventType.featureFlags.length === 0 ? null : eventType.featureFlags,
    groupName: eventType.groupName,
    createdAt: formatInstant(eventType.createdAt),
    updatedAt: formatInstant(eventType.updatedAt),
  };
}
