import type { Endpoint, EndpointChange, EndpointCreation } from "../../src/api/types.ts";

/**
 * The fields of an endpoint in the portal, in display order, one line per field. The form, the
 * read-only view, the validation and the request are derived from this list.
 */
export const ENDPOINT_FIELDS: readonly EndpointField[] = [
  { name: "url", kind: "url", label: "URL", placeholder: "https://example.com/webhooks" },
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
  },
];

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
}

interface ListField extends Nullable {
  readonly kind: "list";
  readonly name: NameOf<readonly string[] | null>;
}

interface EventTypesField extends Nullable {
  readonly kind: "event types";
  readonly name: "eventTypes";
}

export type EndpointField = UrlField | TextField | NumberField | ListField | EventTypesField;
/** A field with a text input. */
export type InputField = Exclude<EndpointField, EventTypesField>;

type Name = EndpointField["name"];
type Value = string | number | readonly string[] | null;

/**
 * The content of the form: the text of each input and the selected event types. Null event types
 * mean all.
 */
export interface Draft {
  readonly texts: Readonly<Partial<Record<Name, string>>>;
  readonly eventTypes: readonly string[] | null;
}

const inputFields = ENDPOINT_FIELDS.filter((field): field is InputField => field.kind !== "event types");

/** Returns the draft for editing `endpoint`, or for a new endpoint if null. */
export function draftOf(endpoint: Endpoint | null): Draft {
  const texts = inputFields.map(({ name }) => [name, endpoint === null ? "" : textOf(endpoint[name])]);
  return { texts: Object.fromEntries(texts), eventTypes: endpoint?.eventTypes ?? null };
}

function textOf(value: Value): string {
  if (value === null) return "";
  return typeof value === "object" ? value.join(", ") : String(value);
}

/** Returns the value of a field as text, for users who may not edit it. */
export function wordsOf(field: EndpointField, endpoint: Endpoint): string {
  return textOf(endpoint[field.name]) || ("none" in field ? field.none : "");
}

/**
 * A problem that the form reports before sending, because the server's message would not fit the
 * form.
 */
export interface DraftProblem {
  readonly name: Name;
  readonly text: string;
}

export function problemOf(draft: Draft): DraftProblem | null {
  for (const field of ENDPOINT_FIELDS) {
    const text = field.kind === "event types" ? eventTypesProblem(draft.eventTypes) : inputProblem(field, draft);
    if (text !== null) return { name: field.name, text };
  }
  return null;
}

function eventTypesProblem(eventTypes: Draft["eventTypes"]): string | null {
  return eventTypes?.length === 0 ? "Select one or more event types, or choose to receive all." : null;
}

function inputProblem({ name, kind, label }: InputField, { texts }: Draft): string | null {
  const text = (texts[name] ?? "").trim();
  if (kind === "url" && !(/^https?:\/\//i.test(text) && URL.canParse(text))) {
    return `${label} must be an https:// or http:// address.`;
  }
  if (kind === "number" && text !== "" && !/^[1-9]\d{0,4}$/.test(text)) {
    return `${label} must be a whole number from 1 to 99999.`;
  }
  return null;
}

/** Returns the request that creates an endpoint. The draft must have no problem. */
export function creationOf(draft: Draft): EndpointCreation {
  return { url: "", ...Object.fromEntries(valuesOf(draft)) };
}

/**
 * Returns the request that saves an edit. It contains only the differences from `saved`, so that it
 * does not overwrite changes by others.
 */
export function changeOf(draft: Draft, saved: Draft): EndpointChange {
  const before = new Map(valuesOf(saved));
  return Object.fromEntries(valuesOf(draft).filter(([name, value]) => !isSame(value, before.get(name)!)));
}

function valuesOf({ texts, eventTypes }: Draft): [Name, Value][] {
  return ENDPOINT_FIELDS.map((field) => [
    field.name,
    field.kind === "event types" ? eventTypes : parseText(field.kind, (texts[field.name] ?? "").trim()),
  ]);
}

function parseText(kind: InputField["kind"], text: string): Value {
  switch (kind) {
    case "url":
    case "text":
      return text;
    case "number":
      return text === "" ? null : Number(text);
    case "list": {
      const items = text.split(",").map((item) => item.trim());
      const distinct = [...new Set(items.filter((item) => item !== ""))];
      return distinct.length === 0 ? null : distinct;
    }
  }
}

/** Compares two values, ignoring the order of lists. */
function isSame(one: Value, other: Value): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other;
  return one.length === other.length && one.every((item) => other.includes(item));
}
