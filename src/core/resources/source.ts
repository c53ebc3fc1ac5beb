import type { DoorReply } from "../received.ts";
import {
  createdAt,
  defaultsOf,
  given,
  key,
  type RecordOf,
  required,
  requiredAtCreation,
  rowNumber,
  setting,
  state,
  updatedAt,
} from "./field.ts";
import { label, metadata, uid } from "./shared.ts";
import {
  choice,
  flag,
  id,
  instant,
  integer,
  type Keywords,
  nullable,
  nullableOutput,
  object,
  text,
  type ValueType,
} from "./value-type.ts";

const TYPE_CHARS_MAX = 100;
const EXPRESSION_CHARS_MAX = 1024;
const INGEST_RATE_MAX = 1_000_000;

/** The period in which rotations of a source's token are limited, in ms. As in the Svix API. */
export const rotationWindowMs = 48 * 60 * 60 * 1000;

/** Which requests count as the same. */
export interface Deduplication {
  /** `delivery-id`, `body`, a path such as `$.id`, or `header:Name`. */
  readonly by: string;
  /** How long a request is remembered, counted from the first one. */
  readonly windowSeconds: number;
}

/** The settings of a source that its provider's scheme needs, such as `secret`. */
export type SourceConfig = Readonly<Record<string, unknown>>;

/**
 * Returns a type for objects of the form `V`, with any object in requests. The commands that change
 * sources check and complete the object.
 */
function checkedObject<V>(keywords: Keywords): ValueType<V, Readonly<Record<string, unknown>>, V> {
  return object(keywords) as unknown as ValueType<V, Readonly<Record<string, unknown>>, V>;
}

const type = text({
  minLength: 1,
  maxLength: TYPE_CHARS_MAX,
  description: "The provider: an id or an alias of `GET /api/v1/provider`. It cannot be changed.",
});

const config = checkedObject<SourceConfig>({
  description:
    "What the provider's scheme needs, such as `secret`. Responses show secrets as `[set]`; sending `[set]` back keeps the stored value.",
});

const verification = choice(["enforce", "record", "off"], {
  description:
    "`enforce`: requests that do not pass the check are refused. `record`: they are stored and marked `failed`. `off`: nothing is checked.",
});

const answer = nullable(
  checkedObject<DoorReply>({
    description:
      "The response to the sender after its message was stored: `status` (200 to 299), `headers` and `body`. Null means the provider's default.",
  }),
);

const eventType = nullable(
  text({
    minLength: 1,
    maxLength: EXPRESSION_CHARS_MAX,
    description:
      'Where the event type is found: a path in the body such as `$.type`, a header such as `header:X-Event`, or a literal. Null means the provider\'s. Without a match it is "<type>.received".',
  }),
);

const deduplicate = nullable(
  checkedObject<Deduplication>({
    description:
      "How duplicates are recognised: `by` is `delivery-id`, `body`, a path such as `$.id`, or `header:Name`; `windowSeconds` is how long a request is remembered. Null turns it off; absent means the provider's default.",
  }),
);

const ingestRate = nullable(
  integer({
    minimum: 1,
    maximum: INGEST_RATE_MAX,
    description: "Maximum messages that are stored per second; null means no limit.",
  }),
);

/** All fields of a source. To add a field, add a line here and a column in a migration. */
export const sourceFields = {
  seq: key("src_"),
  environmentSeq: rowNumber(),
  /** The application behind the source. Its endpoints receive the messages of the source. */
  applicationSeq: {
    ...given(id("app_", { description: "The application that the source's messages belong to." }), {
      json: "appId",
      example: "app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
    }),
    fixed: true as const,
  },
  uid: setting(uid("src_", "source", "environment"), null, { example: "stripe-eu" }),
  name: required(label("Display name.", { minLength: 1 }), { example: "Stripe Europe" }),
  /** The type exactly as in the request, which may be an alias of the provider. */
  type: requiredAtCreation(type, { example: "stripe" }),
  /** The id of the provider's row. */
  provider: { ...given(text(), { example: "stripe" }), fixed: true as const },
  /** Stored encrypted. */
  config: setting(config, {}, { example: { secret: "[set]" } }),
  verification: setting(verification, "enforce"),
  answer: setting(answer, null),
  eventType: setting(eventType, null),
  /** Null means that duplicates are not recognised. The default depends on the provider. */
  deduplicate: setting(deduplicate, null, { example: { by: "delivery-id", windowSeconds: 86_400 } }),
  ingestRate: setting(ingestRate, null),
  disabled: setting(flag({ description: "Nothing is received: requests to the URL get a 404." }), false),
  metadata: setting(metadata, {}),
  /** A secret that a handshake has brought, until the first verified message. Stored encrypted. */
  captured: state(nullable(text()), null, { output: "unless null" }),
  /** Time of the latest run of a source of type `cron`. */
  lastRunAt: { ...state(nullableOutput(instant()), null, { output: "never" }), fixed: true as const },
  createdAt,
  updatedAt,
};

export interface Source extends RecordOf<typeof sourceFields> {}

interface Plain extends Pick<Source, "seq" | "environmentSeq" | "applicationSeq" | "name" | "type" | "provider"> {
  readonly now: number;
}

/** Returns a new source. Absent fields get their defaults. */
export function plainSource({ now, ...given }: Plain): Source {
  return { ...defaultsOf(sourceFields), ...given, createdAt: now, updatedAt: now };
}
