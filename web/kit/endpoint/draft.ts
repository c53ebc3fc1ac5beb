import type { Endpoint, EndpointChange, EndpointCreation } from "../../../src/api/types.ts";
import type { EndpointField, EndpointFields, FieldName, InputField } from "./fields.ts";
import { FUNCTION_URL, type FunctionValue, NEW_CODE, type Pairs, parsePairs, parseSecrets } from "./function-value.ts";

type Batch = NonNullable<Endpoint["batch"]>;
type Value = string | number | readonly string[] | Pairs | Batch | FunctionValue | null;

/** The input for a schedule without retries. */
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
      return { name: field.name, text: "The secrets must be a JSON object whose values are strings." };
    }
  }
  return null;
}

function eventTypesProblem(eventTypes: Draft["eventTypes"]): string | null {
  return eventTypes?.length === 0 ? "Select one or more event types, or choose to receive all." : null;
}

function inputProblem(field: InputField, text: string): string | null {
  const { kind, label } = field;
  // The server knows which schemes there are.
  if (kind === "url" && !URL.canParse(text)) {
    return `${label} must be an address such as https://example.com/webhooks.`;
  }
  if (kind === "number" && text !== "" && !isWhole(text, field.min, field.max)) {
    return `${label} must be a whole number from ${field.min} to ${field.max}.`;
  }
  if (kind === "batch" && text !== "" && batchOf(text) === null) {
    return `${label} must be two whole numbers, such as ${field.placeholder}.`;
  }
  if (kind === "pairs" && text !== "" && parsePairs(text) === null) {
    return `${label} must be a JSON object whose values are strings.`;
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
