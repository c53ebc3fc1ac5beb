import { schemaBytesMax } from "../rule.ts";
import {
  alias,
  createdAt,
  type RecordOf,
  requiredAtCreation,
  rowNumber,
  setting,
  settingsOf,
  updatedAt,
} from "./field.ts";
import { eventTypeName, label } from "./shared.ts";
import { choice, flag, list, map, nullable, nullMeans, object, type ValueType } from "./value-type.ts";

const VERSIONS_MAX = 100;
const FLAGS_MAX = 100;

const schemas = nullable(
  map<unknown>(object(), {
    maxProperties: VERSIONS_MAX,
    description: `JSON Schemas by version, at most ${schemaBytesMax} bytes each, in draft-07 (the default) or 2020-12. Payloads are validated against the latest version. References must point within the schema.`,
    examples: [{ "1": { type: "object", required: ["id"], properties: { id: { type: "string" } } } }],
  }),
);

const validation = choice(["off", "warn", "reject"], {
  description:
    "What happens to messages that do not match the schema: `off` skips validation, `warn` accepts the message with `warnings`, `reject` responds with 422.",
});

const compatibility = choice(["off", "warn", "reject"], {
  description:
    "What happens to changes of the latest schema that may break receivers, such as a property that is removed: `off` skips the check, `warn` names them in `warnings`, `reject` responds with 409. See /docs/guide/versions.",
});

type Flags = readonly string[];

/** The flags of an event type. In JSON, an empty list is null. */
const flags = nullMeans<Flags, Flags, Flags>([], list(eventTypeName, { maxItems: FLAGS_MAX, distinct: true }));
const featureFlags: ValueType<Flags, Flags | null, Flags | null> = {
  ...flags,
  output: { ...flags.output, nullable: true },
  format: (value) => (value.length === 0 ? null : value),
};

const oneFlag = nullable(eventTypeName);
const featureFlag: ValueType<Flags, string | null, string | null> = {
  ...oneFlag,
  parse: (input) => (input === null ? [] : [input]),
  format: (value) => value[0] ?? null,
};

/** All fields of an event type. To add a field, add a line here and a column in a migration. */
export const eventTypeFields = {
  seq: rowNumber(),
  environmentSeq: rowNumber(),
  name: requiredAtCreation(eventTypeName, { example: "user.signup" }),
  description: setting(label("Free-text description."), "", {
    create: "required",
    update: "required",
    example: "A user has signed up.",
  }),
  archived: setting(flag({ description: "Endpoints can no longer subscribe to it." }), false),
  deprecated: setting(flag(), false),
  /** Schemas by version, exactly as in the request. */
  schemas: setting(schemas, null),
  validation: setting(validation, "warn"),
  compatibility: setting(compatibility, "off"),
  /** The single flag of earlier versions of the Svix API. */
  featureFlag: alias("featureFlags", featureFlag),
  featureFlags: setting(featureFlags, []),
  groupName: setting(nullable(eventTypeName), null),
  createdAt,
  updatedAt,
};

export interface EventType extends RecordOf<typeof eventTypeFields> {}

/** The settings of an event type that is created with only a name. */
export const plainEventType = settingsOf(eventTypeFields);
/** The settings of an event type that clients may change. */
export type EventTypeSettings = typeof plainEventType;
