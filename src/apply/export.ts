/** Writes the configuration of a server as a file. */
import { isDeepStrictEqual } from "node:util";
import { Document, isScalar, type Tags, visit } from "yaml";
import { noIds } from "../api/http/resource.ts";
import { defaultDeduplication } from "../commands/source-settings.ts";
import { shownSource } from "../commands/source-type.ts";
import { setMark } from "../core/endpoint-auth.ts";
import { isRawNumber, type RawNumber } from "../core/exact-json.ts";
import type { Fields } from "../core/resources/field.ts";
import type { Source } from "../core/resources/source.ts";
import type { Api } from "./api.ts";
import { NO_TRANSFORMATION } from "./compare.ts";
import type { Path } from "./faults.ts";
import type { Json } from "./json.ts";
import { hasEndpoints, KINDS, nameOf, topKinds } from "./kinds.ts";
import { hasMaskedPassword } from "./marks.ts";
import { everything, type Present, readPresent, readSecrets } from "./present.ts";
import { escaped, isCode } from "./variables.ts";

export interface Exported {
  /** The content of the file. */
  readonly file: Json;
  /** The secrets that the server does not show, such as `endpoint acme/main (auth)`. */
  readonly hidden: readonly string[];
}

/** Reads everything. With `withSecrets`, the signing secrets of endpoints are included. */
export async function exported(api: Api, withSecrets: boolean): Promise<Exported> {
  const present = await readPresent(api, everything);
  const endpoints = present.filter(({ kind }) => kind === "endpoint");
  const secrets = withSecrets ? await readSecrets(api, endpoints) : new Map<Present, string>();
  return exportedFrom(present, secrets);
}

/** Returns the file for things of a server. `secrets` are the public forms of signing secrets. */
export function exportedFrom(present: readonly Present[], secrets: ReadonlyMap<Present, string>): Exported {
  const hidden: string[] = [];
  const hasVersions = present.some(({ kind }) => kind === "payloadVersion");
  const children = Map.groupBy(present, ({ parent }) => parent);
  const entryOf = (one: Present): Json => {
    const secret = secrets.get(one) ?? null;
    const fields = fieldsOf(one, hasVersions);
    const entry: Record<string, unknown> = { [KINDS[one.kind].identity]: one.id, ...fields };
    if (secret !== null && !isPublicKey(secret)) entry.secret = secret;
    hidden.push(...hiddenOf(one, entry, secret));
    if (hasEndpoints(one.kind)) entry.endpoints = sorted(children.get(one) ?? []).map(entryOf);
    return entry;
  };
  const file = topKinds.map((kind) => {
    const things = (children.get(null) ?? []).filter((one) => one.kind === kind);
    return [KINDS[kind].list, sorted(things).map(entryOf)];
  });
  return { file: Object.fromEntries(file), hidden };
}

function sorted(things: readonly Present[]): readonly Present[] {
  return things.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** Returns whether the public form of a secret is the public key of a private key that is not shown. */
function isPublicKey(secret: string): boolean {
  return secret.startsWith("whpk_");
}

/** Returns the line about the secrets of an entry that the server does not show, if there are any. */
function hiddenOf(one: Present, entry: Json, secret: string | null): readonly string[] {
  const names = Object.keys(entry).filter((name) => hasHidden(name, entry[name]));
  if (secret !== null && isPublicKey(secret)) names.push("secret");
  return names.length === 0 ? [] : [`${KINDS[one.kind].word} ${nameOf(one)} (${names.join(", ")})`];
}

function hasHidden(name: string, value: unknown): boolean {
  if (typeof value === "string") return value === setMark || (name === "url" && hasMaskedPassword(value));
  return (
    typeof value === "object" && value !== null && Object.entries(value).some(([key, inner]) => hasHidden(key, inner))
  );
}

/** Returns the fields that differ from the defaults, in the order of the table. */
function fieldsOf(one: Present, hasVersions: boolean): Json {
  const { identity, fields: table } = KINDS[one.kind];
  const values: Record<string, unknown> = {};
  for (const [name, { traits, aliasOf }] of Object.entries(table)) {
    const json = traits.json ?? name;
    if (traits.create === "no" || aliasOf !== undefined || json === identity) continue;
    const own = special(one, json, hasVersions);
    // Other servers do not have all fields.
    if (own === null && one.fields[json] === undefined) continue;
    const value = own ?? { value: one.fields[json] ?? null };
    const isDefault = isDeepStrictEqual(value.value, defaultOf(one, json, table, name));
    if (!isDefault && value !== OMITTED) values[json] = value.value;
  }
  return values;
}

interface Value {
  readonly value: unknown;
}

const OMITTED: Value = { value: undefined };

/** Returns the value of a field that is not simply that of the response. */
function special({ kind, fields }: Present, name: string, hasVersions: boolean): Value | null {
  switch (`${kind} ${name}`) {
    case "endpoint secret":
      return OMITTED;
    case "endpoint headers": {
      const sensitive = (fields.sensitiveHeaders as readonly string[]).map((header) => [header, setMark]);
      return { value: { ...(fields.headers as Json), ...Object.fromEntries(sensitive) } };
    }
    case "endpoint transformation": {
      const { updatedAt: _, ...transformation } = fields.transformation as Json;
      return isDeepStrictEqual(transformation, NO_TRANSFORMATION) ? OMITTED : { value: withoutNulls(transformation) };
    }
    case "endpoint apiVersion":
      // While there are no versions, every endpoint is pinned to none.
      return hasVersions ? null : OMITTED;
    case "source verification":
      return isForcedOff(fields) ? OMITTED : null;
    default:
      return null;
  }
}

function withoutNulls(object: Json): Json {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

/** Returns whether a source is shown as not verified because it has no secret. */
function isForcedOff(fields: Json): boolean {
  return shownSource({ ...fields, verification: "enforce" } as unknown as Source).verification === "off";
}

/** Returns the default of a field as responses show it. Undefined if null must be written. */
function defaultOf(one: Present, json: string, table: Fields, name: string): unknown {
  if (one.kind === "source" && json === "deduplicate") return defaultDeduplication(one.fields.provider as string);
  if (one.kind === "endpoint" && json === "apiVersion") return undefined;
  const { type, initial } = table[name]!;
  return initial === undefined ? undefined : type.format(initial, noIds);
}

/** Returns a file as YAML. */
export function yamlOf(file: Json): string {
  const document = new Document(withEscapes(file), { customTags: withRawNumbers });
  visit(document, {
    Pair: (_, { key }) => {
      // Without quotes, the key would merge objects.
      if (isScalar(key) && key.value === "<<") key.type = "QUOTE_DOUBLE";
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** Numbers that keep their text are written as they are. */
const withRawNumbers = (tags: Tags): Tags => [
  {
    ...{ tag: "tag:yaml.org,2002:float", default: true, identify: isRawNumber },
    resolve: (text: string) => text,
    stringify: ({ value }) => (value as RawNumber).rawJSON,
  },
  ...tags,
];

/** Escapes what looks like a variable, except in code. */
export function withEscapes(value: unknown, path: Path = []): unknown {
  if (typeof value === "string") return isCode(path) ? value : escaped(value);
  if (Array.isArray(value)) return value.map((one, i) => withEscapes(one, [...path, i]));
  if (typeof value !== "object" || value === null || isRawNumber(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withEscapes(inner, [...path, key])]));
}
