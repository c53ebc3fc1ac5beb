import type { Endpoint, EndpointChange, EndpointCreation } from "../../../src/api/types.ts";
import { FUNCTION_URL, type FunctionValue, NEW_CODE, type Pairs, parsePairs, parseSecrets } from "./function-value.ts";

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
    help: "Enter function: to run code instead of calling an address.",
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
    help: 'A JSON object whose values are texts, such as {"plan": "pro"}.',
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
type Batch = NonNullable<Endpoint["batch"]>;
type Value = string | number | readonly string[] | Pairs | Batch | FunctionValue | null;

/** What the user enters for a schedule without retries. */
const NO_RETRIES = "none";

/**
 * The content of the form: the text of each input and the selected event types. Null event types
 * mean all.
 */
export interface Draft {
  readonly texts: Readonly<Partial<Record<FieldName, string>>>;
  readonly eventTypes: readonly string[] | null;
  /** The secrets of the function, as a JSON object. */
  readonly secrets: string;
}

/** Whether the draft is one of a function. */
export function isFunction({ texts }: Pick<Draft, "texts">): boolean {
  return texts.url?.trim() === FUNCTION_URL;
}

/** An endpoint with at least the fields that the form shows. */
export type EditedEndpoint = Partial<Pick<Endpoint, FieldName>>;

/** Returns the draft for editing `endpoint`, or for a new endpoint if null. */
export function draftOf(fields: EndpointFields, endpoint: EditedEndpoint | null): Draft {
  const texts = fields
    .filter((field) => field.kind !== "event types")
    .map((field) => [field.name, endpoint === null ? emptyText(field) : textOf(field, endpoint)]);
  const secrets = endpoint?.function?.secrets ?? {};
  return {
    texts: Object.fromEntries(texts),
    eventTypes: endpoint?.eventTypes ?? null,
    secrets: Object.keys(secrets).length === 0 ? "" : JSON.stringify(secrets, null, 2),
  };
}

function emptyText(field: InputField): string {
  if (field.kind === "function") return NEW_CODE;
  return field.kind === "choice" ? field.choices[0]!.value : "";
}

function textOf(field: EndpointField, endpoint: EditedEndpoint): string {
  if (field.kind === "function") return endpoint.function?.code ?? "";
  const value: Value = endpoint[field.name] ?? null;
  if (value === null) return "";
  if (field.kind === "delays" && Array.isArray(value) && value.length === 0) return NO_RETRIES;
  if (Array.isArray(value)) return value.join(", ");
  if (field.kind === "batch" && endpoint.batch) return `${endpoint.batch.maxMessages}, ${endpoint.batch.maxWaitMs}`;
  if (typeof value !== "object") return String(value);
  return Object.keys(value).length === 0 ? "" : JSON.stringify(value, null, 2);
}

/** Returns the value of a field as text, for users who may not edit it. */
export function wordsOf(field: EndpointField, endpoint: Endpoint): string {
  return textOf(field, endpoint) || ("none" in field ? field.none : "");
}

/** A problem that the form reports before sending, because it knows the rule. */
export interface DraftProblem {
  readonly name: FieldName;
  readonly text: string;
}

export function problemOf(fields: EndpointFields, draft: Draft): DraftProblem | null {
  for (const field of fields) {
    const text =
      field.kind === "event types"
        ? eventTypesProblem(draft.eventTypes)
        : inputProblem(field, (draft.texts[field.name] ?? "").trim());
    if (text !== null) return { name: field.name, text };
    if (field.kind === "function" && isFunction(draft) && parseSecrets(draft.secrets) === null) {
      return { name: field.name, text: "The secrets must be a JSON object whose values are texts." };
    }
  }
  return null;
}

function eventTypesProblem(eventTypes: Draft["eventTypes"]): string | null {
  return eventTypes?.length === 0 ? "Select one or more event types, or choose to receive all." : null;
}

function inputProblem(field: InputField, text: string): string | null {
  const { kind, label } = field;
  if (kind === "url" && text !== FUNCTION_URL && !(/^https?:\/\//i.test(text) && URL.canParse(text))) {
    return `${label} must be an https:// or http:// address.`;
  }
  if (kind === "number" && text !== "" && !isWhole(text, field.min, field.max)) {
    return `${label} must be a whole number from ${field.min} to ${field.max}.`;
  }
  if (kind === "batch" && text !== "" && batchOf(text) === null) {
    return `${label} must be two whole numbers, such as ${field.placeholder}.`;
  }
  if (kind === "pairs" && text !== "" && parsePairs(text) === null) {
    return `${label} must be a JSON object whose values are texts.`;
  }
  return null;
}

function isWhole(text: string, min: number, max: number): boolean {
  return /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max;
}

/** Returns the request that creates an endpoint. The draft must have no problem. */
export function creationOf(fields: EndpointFields, draft: Draft): EndpointCreation {
  const values = valuesOf(fields, draft).filter(([name, value]) => name !== "function" || value !== null);
  return { url: "", ...Object.fromEntries(values) };
}

/**
 * Returns the request that saves an edit. It contains only the differences from `saved`, so that it
 * does not overwrite changes by others.
 */
export function changeOf(fields: EndpointFields, draft: Draft, saved: Draft): EndpointChange {
  const before = new Map(valuesOf(fields, saved));
  const changed = valuesOf(fields, draft).filter(([name, value]) => !isSame(name, value, before.get(name)!));
  return Object.fromEntries(
    changed.map(([name, value]) => [name, name === "function" ? withRemovedSecrets(value, saved) : value]),
  );
}

/** Adds null for the secrets that the user has removed, because the API keeps those that are absent. */
function withRemovedSecrets(value: Value, saved: Draft): Value {
  if (value === null) return null;
  const { code, secrets } = value as FunctionValue;
  const removed = Object.keys(parseSecrets(saved.secrets) ?? {}).map((name) => [name, null]);
  return { code, secrets: { ...Object.fromEntries(removed), ...secrets } };
}

function valuesOf(fields: EndpointFields, draft: Draft): [FieldName, Value][] {
  return fields.map((field) => [field.name, valueIn(field, draft)]);
}

function valueIn(field: EndpointField, draft: Draft): Value {
  const { texts, eventTypes, secrets } = draft;
  if (field.kind === "event types") return eventTypes;
  const text = texts[field.name] ?? "";
  if (field.kind !== "function") return parseText(field.kind, text.trim());
  return isFunction(draft) ? { code: text, secrets: parseSecrets(secrets) ?? {} } : null;
}

function parseText(kind: Exclude<InputField["kind"], "function">, text: string): Value {
  switch (kind) {
    case "url":
    case "text":
    case "choice":
      return text;
    case "id":
      return text === "" ? null : text;
    case "number":
      return text === "" ? null : Number(text);
    case "pairs":
      return text === "" ? {} : parsePairs(text);
    case "delays":
      return delaysOf(text);
    case "batch":
      return batchOf(text);
    case "list": {
      const distinct = [...new Set(itemsOf(text))];
      return distinct.length === 0 ? null : distinct;
    }
  }
}

/** Returns the limits in a text; null if there are none or they are out of bounds. */
function batchOf(text: string): Batch | null {
  const [maxMessages = "", maxWaitMs = "", ...others] = itemsOf(text);
  const isValid = isWhole(maxMessages, 1, 1000) && isWhole(maxWaitMs, 0, 3_600_000) && others.length === 0;
  return isValid ? { maxMessages: Number(maxMessages), maxWaitMs: Number(maxWaitMs) } : null;
}

function itemsOf(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** Returns the delays in a text; null if it means the server's default. */
export function delaysOf(text: string): readonly string[] | null {
  if (text.trim().toLowerCase() === NO_RETRIES) return [];
  const delays = itemsOf(text).map((item) => item.replaceAll(/\s/g, ""));
  return delays.length === 0 ? null : delays;
}

/** Compares two values. The order matters only for the retry schedule. */
function isSame(name: FieldName, one: Value, other: Value): boolean {
  if (name === "retrySchedule" || !Array.isArray(one) || !Array.isArray(other)) {
    return JSON.stringify(one) === JSON.stringify(other);
  }
  return one.length === other.length && one.every((item) => other.includes(item));
}
