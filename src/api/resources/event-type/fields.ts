/** The fields of an event type in the API, derived from its table. */
import { Type } from "@sinclair/typebox";
import type { WrittenEventType } from "../../../commands/event-types.ts";
import type { IdCodec } from "../../../core/id.ts";
import { type EventType, eventTypeFields } from "../../../core/resources/event-type.ts";
import { versionsOf } from "../../../core/schema-versions.ts";
import * as field from "../../http/fields.ts";
import {
  createProperties,
  exampleOf,
  outputOf,
  outputProperties,
  patchProperties,
  updateProperties,
} from "../../http/resource.ts";
import type { Identity } from "../../identity/auth.ts";

export const EventTypeIn = field.object("EventTypeIn", createProperties(eventTypeFields));
export const EventTypeUpdate = field.object("EventTypeUpdate", updateProperties(eventTypeFields));
export const EventTypePatch = field.object("EventTypePatch", patchProperties(eventTypeFields));
export const EventTypeOut = field.object("EventTypeOut", {
  ...outputProperties(eventTypeFields),
  schemaVersions: Type.Array(Type.String(), {
    description: "Versions of the schemas, the latest last. Present even if a list omits the schemas.",
  }),
});
/** An event type in the response to a request that created or changed it. */
export const EventTypeWrittenOut = field.object("EventTypeWrittenOut", {
  ...EventTypeOut.properties,
  warnings: Type.Optional(
    Type.Array(Type.String(), {
      description:
        "Changes of the latest schema that may break its users, if `compatibility` is `warn`. Absent if there are none.",
    }),
  ),
});
export const eventTypeExample = { ...exampleOf(eventTypeFields), schemaVersions: ["1"] };

export function eventTypeOut(eventType: EventType, ids: IdCodec, withContent = true) {
  const shown = withContent ? eventType : { ...eventType, schemas: null };
  return { ...outputOf(eventTypeFields, shown, ids), schemaVersions: versionsOf(eventType) };
}

export function eventTypeWrittenOut({ eventType, warnings }: WrittenEventType, ids: IdCodec) {
  return { ...eventTypeOut(eventType, ids), ...(warnings.length > 0 && { warnings: [...warnings] }) };
}

/**
 * Returns whether the caller sees an event type: if it has no feature flags, or at least one of the
 * caller's.
 */
export function isVisible({ featureFlags }: EventType, { featureFlags: own }: Identity): boolean {
  return own === null || featureFlags.length === 0 || featureFlags.some((flag) => own.includes(flag));
}
