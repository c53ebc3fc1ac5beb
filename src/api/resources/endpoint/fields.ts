/** The fields of an endpoint: as they are sent, as they are kept, as they are answered. */
import { type Static, Type } from "@sinclair/typebox";
import type { IdCodec } from "../../../core/id.ts";
import { formatInstant } from "../../../core/instant.ts";
import { formatDuration, parseDuration } from "../../../core/unit.ts";
import type { Endpoint } from "../../../store/index.ts";
import type { plainSettings } from "../../../store/plain-endpoint.ts";
import * as field from "../../http/fields.ts";
import { choice, distinct, nullable, ruled } from "../../http/schema.ts";

const RETRY_WAITS_MAX = 50;
const RETRY_WAIT_MS_MAX = 365 * 86_400_000;
/** Shorter than any network answers, longer than any receiver should take. */
const TIMEOUT_MS_MIN = 100;
const TIMEOUT_MS_MAX = 600_000;
const CONCURRENCY_MAX = 1000;
const URL_CHARS_MAX = 65_536;
const VERSION_MAX = 65_535;
/** Whoever wants more of them wants all. */
export const EVENT_TYPES_MAX = 1000;

const wait = ruled(
  Type.String(),
  (text) => {
    const ms = parseDuration(text);
    if (ms === null) return "Must be a duration such as 250ms, 5s, 30m, 2h or 5d.";
    return ms <= RETRY_WAIT_MS_MAX ? null : "Must be at most 365d.";
  },
  { examples: ["5s"] },
);

const FILTER_RULE = () => "Filters on payloads are not supported by this version.";

/** What Boathook has and the Svix API has not. */
const ours = {
  retrySchedule: Type.Optional(
    nullable(
      Type.Array(wait, {
        maxItems: RETRY_WAITS_MAX,
        description: "Waits after each failed attempt; empty = one attempt, null = as the server has it.",
        examples: [["5s", "5m"]],
      }),
    ),
  ),
  timeoutMs: Type.Optional(
    nullable(
      Type.Integer({
        minimum: TIMEOUT_MS_MIN,
        maximum: TIMEOUT_MS_MAX,
        description: "For a whole attempt, answer included; null = as the server has it.",
      }),
    ),
  ),
  concurrency: Type.Optional(
    nullable(
      Type.Integer({
        minimum: 1,
        maximum: CONCURRENCY_MAX,
        description: "Attempts under way at once; null = as the server has it.",
      }),
    ),
  ),
  ordering: Type.Optional(
    choice(["parallel", "fifo"], {
      default: "parallel",
      description: "`fifo`: one at a time, the next only when the one before has been delivered or is dead.",
    }),
  ),
  paused: Type.Optional(Type.Boolean({ default: false, description: "Keeps everything and sends nothing." })),
  filter: Type.Optional(
    nullable(ruled(Type.Object({}), FILTER_RULE, { description: "Reserved: must be null in this version." })),
  ),
};

const eventTypes = (description: string) =>
  Type.Optional(nullable(distinct(field.eventTypeName, { description, minItems: 1, maxItems: EVENT_TYPES_MAX })));

const shared = {
  uid: field.uid("ep_", "endpoint"),
  description: Type.Optional(field.text("For people.")),
  disabled: Type.Optional(Type.Boolean({ default: false, description: "Gets nothing." })),
  eventTypes: eventTypes("Only messages of these types; null or absent = all."),
  filterTypes: eventTypes("Old name of `eventTypes`."),
  channels: field.channels("Only messages sent on one of these channels; null or absent = all."),
  metadata: field.metadata,
  throttleRate: field.throttleRate("Attempts a second at most; null = no limit."),
  rateLimit: field.rateLimit,
  version: Type.Optional(Type.Integer({ minimum: 1, maximum: VERSION_MAX, default: 1, deprecated: true })),
  ...ours,
};

const url = Type.String({
  minLength: 1,
  maxLength: URL_CHARS_MAX,
  description: "Where webhooks are sent: http or https.",
  examples: ["https://example.com/webhook"],
});

export const EndpointUpdate = field.object("EndpointUpdate", { url, ...shared });

export const EndpointIn = field.object("EndpointIn", {
  url,
  ...shared,
  secret: Type.Optional(
    nullable(
      Type.String({
        description:
          "`whsec_` and the base64 of 24 to 75 bytes, or `whsk_` and the base64 of an ed25519 seed and its public key. Made by the server unless given.",
        examples: ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
      }),
    ),
  ),
  headers: Type.Optional(nullable(field.headers)),
});

export const EndpointPatch = field.object("EndpointPatch", { url: Type.Optional(url), ...shared });

/** What create, update and patch have in common, so that one function can read it. */
export type EndpointChange = Static<typeof EndpointPatch>;

const texts = Type.Array(Type.String());
const nullableInteger = Type.Union([Type.Integer(), Type.Null()]);

export const endpointOutFields = {
  id: field.idOut("ep_"),
  uid: nullable(Type.String()),
  url: Type.String(),
  description: Type.String(),
  disabled: Type.Boolean(),
  eventTypes: nullable(texts),
  filterTypes: nullable(texts),
  channels: nullable(texts),
  metadata: Type.Record(Type.String(), Type.String()),
  throttleRate: nullableInteger,
  rateLimit: nullableInteger,
  version: Type.Integer(),
  retrySchedule: nullable(texts),
  timeoutMs: nullableInteger,
  concurrency: nullableInteger,
  ordering: Type.String({ enum: ["parallel", "fifo"] }),
  paused: Type.Boolean(),
  filter: Type.Null(),
  failingSince: nullable(
    Type.String({ format: "date-time", description: "Since when every attempt has failed; null while it is well." }),
  ),
  createdAt: field.instantOut,
  updatedAt: field.instantOut,
};

export const EndpointOut = field.object("EndpointOut", endpointOutFields);

export const endpointExample = {
  id: "ep_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  uid: null,
  url: "https://example.com/webhook",
  description: "",
  disabled: false,
  eventTypes: ["user.signup"],
  filterTypes: ["user.signup"],
  channels: null,
  metadata: {},
  throttleRate: null,
  rateLimit: null,
  version: 1,
  retrySchedule: null,
  timeoutMs: null,
  concurrency: null,
  ordering: "parallel",
  paused: false,
  filter: null,
  failingSince: null,
  createdAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.000Z",
};

/** All that the Svix API of either version has, and ours. */
export function endpointOut(endpoint: Endpoint, ids: IdCodec) {
  return {
    id: ids.encode("ep_", endpoint.seq),
    uid: endpoint.uid,
    url: endpoint.url,
    description: endpoint.description,
    disabled: endpoint.disabled,
    eventTypes: endpoint.eventTypes,
    filterTypes: endpoint.eventTypes,
    channels: endpoint.channels,
    metadata: endpoint.metadata,
    throttleRate: endpoint.throttleRate,
    rateLimit: endpoint.throttleRate,
    version: endpoint.version,
    retrySchedule: endpoint.retryScheduleMs?.map(formatDuration) ?? null,
    timeoutMs: endpoint.timeoutMs,
    concurrency: endpoint.concurrency,
    ordering: endpoint.ordering,
    paused: endpoint.paused,
    filter: null,
    failingSince: endpoint.failingSince === null ? null : formatInstant(endpoint.failingSince),
    createdAt: formatInstant(endpoint.createdAt),
    updatedAt: formatInstant(endpoint.updatedAt),
  };
}

/** The fields that a change may touch. */
type Changeable = typeof plainSettings;

/** Lays what was sent (less the address, which has rules of its own) over what is there; absent fields change nothing. */
export function changed<E extends Changeable>(before: E, sent: EndpointChange): E {
  const throttleRate = sent.throttleRate === undefined ? sent.rateLimit : sent.throttleRate;
  return {
    ...before,
    uid: orBefore(sent.uid, before.uid),
    description: sent.description ?? before.description,
    disabled: sent.disabled ?? before.disabled,
    eventTypes: orBefore(sentEventTypes(sent), before.eventTypes),
    channels: orBefore(sent.channels, before.channels),
    metadata: sent.metadata === undefined ? before.metadata : (sent.metadata ?? {}),
    version: sent.version ?? before.version,
    throttleRate: orBefore(throttleRate, before.throttleRate),
    concurrency: orBefore(sent.concurrency, before.concurrency),
    ordering: sent.ordering ?? before.ordering,
    timeoutMs: orBefore(sent.timeoutMs, before.timeoutMs),
    retryScheduleMs:
      sent.retrySchedule === undefined
        ? before.retryScheduleMs
        : (sent.retrySchedule?.map((text) => parseDuration(text)!) ?? null),
    paused: sent.paused ?? before.paused,
  };
}

/** Under whichever name they were sent; undefined: they were not. */
export function sentEventTypes({ eventTypes, filterTypes }: EndpointChange): readonly string[] | null | undefined {
  return eventTypes === undefined ? filterTypes : eventTypes;
}

/** Null is a value; only what was not sent keeps what is there. */
function orBefore<T>(sent: T | undefined, before: T): T {
  return sent === undefined ? before : sent;
}
