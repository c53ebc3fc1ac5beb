/** What a configuration file may contain: lists of things with the fields that the API takes. */
import { type TObject, type TProperties, type TSchema, Type } from "@sinclair/typebox";
import { findingsOf } from "../api/http/schema.ts";
import { declaredKeys, unknownKeys } from "../api/http/unknown-keys.ts";
import { ApplicationIn } from "../api/resources/application/fields.ts";
import { EndpointIn } from "../api/resources/endpoint/fields.ts";
import { EventTypeIn } from "../api/resources/event-type/fields.ts";
import { PayloadVersionIn } from "../api/resources/payload-version/fields.ts";
import { IngestSourceIn } from "../api/resources/source/fields.ts";
import { similarName } from "../core/text.ts";
import type { Fault, Path } from "./faults.ts";
import { KINDS, type TopKind, topKinds } from "./kinds.ts";

/** Returns the form of an entry. No field is required, because the thing may exist already. */
const entry = (schema: TObject, more: TProperties = {}) => Type.Object({ ...Type.Partial(schema).properties, ...more });

const endpoints = { endpoints: Type.Optional(Type.Array(entry(EndpointIn))) };

const entries: Readonly<Record<TopKind, TSchema>> = {
  eventType: entry(EventTypeIn),
  payloadVersion: entry(PayloadVersionIn),
  application: entry(ApplicationIn, endpoints),
  source: entry(IngestSourceIn, endpoints),
};

const fileForm = Type.Object(
  Object.fromEntries(topKinds.map((kind) => [KINDS[kind].list, Type.Optional(Type.Array(entries[kind]))])),
);

const ALLOWED = `Allowed: ${topKinds.map((kind) => KINDS[kind].list).join(", ")}.`;

/** Separates the keys of a path, which may contain dots. */
const SEPARATOR = "\0";

/** Returns what is wrong with the form of a file's value: unknown keys and values of a wrong form. */
export function formFaults(value: unknown): readonly Fault[] {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return [{ path: [], msg: `The file must be an object. ${ALLOWED}` }];
  }
  const unknown = unknownKeys(fileForm, value, SEPARATOR).map((keys): Fault => {
    const path = pathOf(keys.split(SEPARATOR), value);
    return { path, msg: `Unknown field.${suggestion(path)}` };
  });
  const wrong = findingsOf(fileForm, value, "body").map(({ loc, msg }): Fault => {
    return { path: pathOf(loc.slice(1).map(unbracketed), value), msg };
  });
  return [...unknown, ...wrong];
}

/** Returns what a field may be called that is unknown, with a space before it. */
function suggestion(path: Path): string {
  if (path.length === 1) return ` ${ALLOWED}`;
  const similar = similarName(String(path.at(-1)), declaredKeys(fileForm, path.slice(0, -1)));
  return similar === null ? "" : ` Did you mean ${similar}?`;
}

/** Findings write indices as `[0]`. */
function unbracketed(part: string): string {
  return /^\[\d+\]$/.test(part) ? part.slice(1, -1) : part;
}

/** Returns a path whose indices of lists are numbers. */
export function pathOf(parts: readonly string[], value: unknown): Path {
  let at = value;
  return parts.map((part) => {
    const key = Array.isArray(at) ? Number(part) : part;
    at = typeof at === "object" && at !== null ? (at as Record<string | number, unknown>)[key] : undefined;
    return key;
  });
}
