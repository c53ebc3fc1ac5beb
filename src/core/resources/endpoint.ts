import {
  alias,
  atCreation,
  createdAt,
  defaultsOf,
  key,
  type RecordOf,
  required,
  rowNumber,
  setting,
  state,
  updatedAt,
} from "./field.ts";
import { channels, eventTypeName, headers, label, metadata, rateLimit, throttleRate, uid } from "./shared.ts";
import {
  choice,
  duration,
  flag,
  instant,
  integer,
  list,
  nullable,
  nullableOutput,
  nullMeans,
  reserved,
  text,
} from "./value-type.ts";

const RETRY_WAITS_MAX = 50;
const RETRY_WAIT_MS_MAX = 365 * 86_400_000;
/** From the fastest possible response to the longest that a receiver should need. */
const TIMEOUT_MS_MIN = 100;
const TIMEOUT_MS_MAX = 600_000;
const CONCURRENCY_MAX = 1000;
const URL_CHARS_MAX = 65_536;
const VERSION_MAX = 65_535;
/** An endpoint that needs more can subscribe to all event types. */
export const EVENT_TYPES_MAX = 1000;

const url = text({
  minLength: 1,
  maxLength: URL_CHARS_MAX,
  description: "Where webhooks are sent: http or https.",
  examples: ["https://example.com/webhook"],
});

const eventTypes = (description: string) =>
  nullable(list(eventTypeName, { description, minItems: 1, maxItems: EVENT_TYPES_MAX, distinct: true }));

const retrySchedule = nullable(
  list(duration(RETRY_WAIT_MS_MAX, { examples: ["5s"] }), {
    maxItems: RETRY_WAITS_MAX,
    description: "Waits after each failed attempt; empty = one attempt, null = as the server has it.",
    examples: [["5s", "5m"]],
  }),
);

const timeoutMs = nullable(
  integer({
    minimum: TIMEOUT_MS_MIN,
    maximum: TIMEOUT_MS_MAX,
    description: "For a whole attempt, answer included; null = as the server has it.",
  }),
);

const concurrency = nullable(
  integer({
    minimum: 1,
    maximum: CONCURRENCY_MAX,
    description: "Attempts under way at once; null = as the server has it.",
  }),
);

const ordering = choice(["parallel", "fifo"], {
  description: "`fifo`: one at a time, the next only when the one before has been delivered or is dead.",
});

const secret = nullable(
  text({
    description:
      "`whsec_` and the base64 of 24 to 75 bytes, or `whsk_` and the base64 of an ed25519 seed and its public key. Made by the server unless given.",
    examples: ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
  }),
);

const failingSince = nullableOutput(
  instant({ description: "Since when every attempt has failed; null while it is well." }),
);

/**
 * All fields of an endpoint. To add one: a line here, a column in a migration, a label in the
 * portal.
 */
export const endpointFields = {
  seq: key("ep_"),
  applicationSeq: rowNumber(),
  uid: setting(uid("ep_", "endpoint"), null),
  /** In the form of the WHATWG URL standard. */
  url: required(url, { example: "https://example.com/webhook" }),
  description: setting(label("For people."), ""),
  disabled: setting(flag({ description: "Gets nothing." }), false),
  eventTypes: setting(eventTypes("Only messages of these types; null or absent = all."), null, {
    example: ["user.signup"],
  }),
  filterTypes: alias("eventTypes", eventTypes("Old name of `eventTypes`."), { example: ["user.signup"] }),
  channels: setting(channels("Only messages sent on one of these channels; null or absent = all."), null),
  metadata: setting(metadata, {}),
  /** Attempts per second. */
  throttleRate: setting(throttleRate("Attempts a second at most; null = no limit."), null),
  rateLimit: alias("throttleRate", rateLimit),
  version: setting(integer({ minimum: 1, maximum: VERSION_MAX, deprecated: true }), 1),
  /** Null: the server's `retry-schedule`. */
  retryScheduleMs: setting(retrySchedule, null, { json: "retrySchedule" }),
  /** Null: the server's `delivery-timeout`. */
  timeoutMs: setting(timeoutMs, null),
  /** Null: the server's `endpoint-concurrency`. */
  concurrency: setting(concurrency, null),
  ordering: setting(ordering, "parallel"),
  paused: setting(flag({ description: "Keeps everything and sends nothing." }), false),
  filter: setting(
    reserved("Filters on payloads are not supported by this version.", {
      description: "Reserved: must be null in this version.",
    }),
    null,
    { stored: false },
  ),
  /** Stored encrypted in a table of its own, with the secrets that it replaced. */
  secret: atCreation(secret, null, { stored: false, output: "never" }),
  /** Names keep their case. Changed by operations of their own. */
  headers: atCreation(nullMeans({}, headers), {}, { output: "never" }),
  /** Since when every attempt has failed; null while healthy. */
  failingSince: state(failingSince, null),
  createdAt,
  updatedAt,
};

export interface Endpoint extends RecordOf<typeof endpointFields> {}

interface Plain extends Pick<Endpoint, "seq" | "applicationSeq" | "url"> {
  readonly now: number;
}

/** Returns a new endpoint with the defaults of all other fields. */
export function plainEndpoint({ now, ...given }: Plain): Endpoint {
  return { ...defaultsOf(endpointFields), ...given, createdAt: now, updatedAt: now };
}
