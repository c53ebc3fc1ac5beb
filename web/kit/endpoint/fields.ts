import type { Endpoint, EndpointChange } from "../../../src/api/types.ts";

/**
 * The settings of an endpoint, in display order, one line per field. The form, the read-only view,
 * the validation and the request are derived from this list.
 */
export const ENDPOINT_FIELDS: readonly EndpointField[] = [
  {
    name: "url",
    kind: "url",
    label: "URL",
    placeholder: "https://example.com/webhooks",
    help: "The scheme chooses the protocol, such as https:// or grpcs://. Enter function: to run code instead of calling an address, or websocket: for programs that connect to this server. Stored passwords are shown as ***.",
  },
  {
    name: "function",
    kind: "function",
    label: "Code of the function",
    help: "Define async function handler(event, ctx). It can use ctx.fetch, ctx.send, ctx.log and ctx.secrets.",
  },
  {
    name: "description",
    kind: "text",
    label: "Description",
    placeholder: "What the endpoint is for",
    isOptional: true,
  },
  { name: "eventTypes", kind: "event types", label: "Event types", none: "all" },
  {
    name: "channels",
    kind: "list",
    label: "Channels",
    none: "all",
    help: "Separate channels with commas. The endpoint receives only messages with one of these channels. Leave empty to receive all messages.",
  },
  {
    name: "throttleRate",
    kind: "number",
    label: "Maximum attempts per second",
    none: "no limit",
    help: "Leave empty for no limit.",
    min: 1,
    max: 65_535,
  },
  {
    name: "concurrency",
    kind: "number",
    label: "Maximum attempts at the same time",
    none: "server default",
    help: "Leave empty for the server's default.",
    min: 1,
    max: 1_000,
  },
  {
    name: "ordering",
    kind: "choice",
    label: "Order of messages",
    choices: [
      { value: "parallel", label: "parallel: messages do not wait for each other" },
      { value: "fifo", label: "fifo: one message at a time, in the order of acceptance" },
    ],
  },
  {
    name: "timeoutMs",
    kind: "number",
    label: "Timeout of an attempt in ms",
    none: "server default",
    help: "From 100 to 600,000. Leave empty for the server's default.",
    min: 100,
    max: 600_000,
  },
  {
    name: "batch",
    kind: "batch",
    label: "Batches",
    none: "one by one",
    placeholder: "100, 5000",
    help: "Send several messages in one request: the largest number of messages (1 to 1,000) and the longest wait in ms (0 to 3,600,000). Leave empty to send them one by one.",
  },
  {
    name: "payloadMode",
    kind: "choice",
    label: "Payload",
    choices: [
      { value: "full", label: "full: requests contain the payload" },
      { value: "reference", label: "reference: requests contain a URL that returns the payload once" },
    ],
  },
  { name: "retrySchedule", kind: "delays", label: "Retry schedule", none: "server default" },
  {
    name: "apiVersion",
    kind: "id",
    label: "Payload version",
    none: "the form before the first version",
    help: "The version in which payloads are sent. Leave empty to pin a new endpoint to the newest version. Emptying it upgrades the endpoint to the newest version.",
  },
  {
    name: "uid",
    kind: "id",
    label: "UID",
    none: "none",
    help: "Your own ID for the endpoint: letters, digits and - _ . It can be used instead of the ID in requests.",
  },
  {
    name: "metadata",
    kind: "pairs",
    label: "Metadata",
    none: "none",
    help: 'A JSON object whose values are strings, such as {"plan": "pro"}.',
  },
];

const PORTAL_NAMES: readonly string[] = [
  ...["url", "function", "description", "eventTypes", "channels", "throttleRate", "batch", "payloadMode"],
  "apiVersion",
];
/** The settings that customers may change themselves. */
export const PORTAL_FIELDS = ENDPOINT_FIELDS.filter(({ name }) => PORTAL_NAMES.includes(name));

interface Labels {
  readonly label: string;
  readonly placeholder?: string;
  /** Help text below the input. */
  readonly help?: string;
  readonly isOptional?: boolean;
}

/** The names of the settings whose type is exactly `Value`. */
type NameOf<Value> = {
  [K in keyof EndpointChange & keyof Endpoint]: [Endpoint[K], Value] extends [Value, Endpoint[K]] ? K : never;
}[keyof EndpointChange & keyof Endpoint];

/**
 * A nullable setting. These settings are used less often, so the form hides them until the user
 * asks for more.
 */
interface Nullable extends Labels {
  /** The text to show when the value is null. */
  readonly none: string;
}

interface UrlField extends Labels {
  readonly kind: "url";
  readonly name: "url";
}

interface TextField extends Labels {
  readonly kind: "text";
  readonly name: NameOf<string>;
}

interface NumberField extends Nullable {
  readonly kind: "number";
  readonly name: NameOf<number | null>;
  readonly min: number;
  readonly max: number;
}

interface ListField extends Nullable {
  readonly kind: "list";
  readonly name: NameOf<readonly string[] | null>;
}

/** A list of durations, in order. */
interface DelaysField extends Nullable {
  readonly kind: "delays";
  readonly name: "retrySchedule";
}

/** The limits of batches: the number of messages and the wait in ms. */
interface BatchField extends Nullable {
  readonly kind: "batch";
  readonly name: "batch";
}

interface IdField extends Nullable {
  readonly kind: "id";
  readonly name: "uid" | "apiVersion";
}

interface ChoiceField extends Labels {
  readonly kind: "choice";
  readonly name: "ordering" | "payloadMode";
  readonly choices: readonly { readonly value: string; readonly label: string }[];
}

interface PairsField extends Nullable {
  readonly kind: "pairs";
  readonly name: "metadata";
}

/** The code and the secrets of an endpoint with the URL `function:`. Other endpoints do not have it. */
interface FunctionField extends Labels {
  readonly kind: "function";
  readonly name: "function";
}

interface EventTypesField extends Nullable {
  readonly kind: "event types";
  readonly name: "eventTypes";
}

export type EndpointField =
  | UrlField
  | FunctionField
  | TextField
  | NumberField
  | ListField
  | DelaysField
  | BatchField
  | IdField
  | ChoiceField
  | PairsField
  | EventTypesField;
/** A field whose draft is a text. */
export type InputField = Exclude<EndpointField, EventTypesField>;
export type EndpointFields = readonly EndpointField[];

export type FieldName = EndpointField["name"];
