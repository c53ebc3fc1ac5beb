/**
 * Finds keys in a request that its schema does not declare. Most operations ignore such keys and
 * list them in the response header `boathook-ignored`. Bulk operations reject them, because a
 * misspelt filter would match too much.
 */
import { KindGuard, type TObject, type TSchema } from "@sinclair/typebox";
import { type Invalid, invalid } from "../../core/problem.ts";
import { type Reply, toResponse } from "./reply.ts";
import { baseOf } from "./schema.ts";

const IGNORED_HEADER = "boathook-ignored";

/** Maximum number of names in the header. */
const NAMES_MAX = 20;
const NAME_CHARS_MAX = 64;

/**
 * The declared keys of a value. Null if every key is allowed, as in payloads and metadata, or if
 * the value has no keys.
 */
type Shape = ObjectShape | ListShape | null;
interface ObjectShape {
  readonly keys: ReadonlyMap<string, Shape>;
}
interface ListShape {
  readonly items: Shape;
}

const shapes = new WeakMap<TSchema, { readonly shape: Shape }>();

function shapeOf(schema: TSchema): Shape {
  const known = shapes.get(schema);
  if (known !== undefined) return known.shape;
  const shape = derivedShape(schema);
  shapes.set(schema, { shape });
  return shape;
}

function derivedShape(schema: TSchema): Shape {
  const base = baseOf(schema);
  // The first alternative is the expected type; the second is null.
  if (KindGuard.IsUnion(base)) return shapeOf(base.anyOf[0]!);
  if (KindGuard.IsArray(base)) {
    const items = shapeOf(base.items);
    return items === null ? null : { items };
  }
  if (!KindGuard.IsObject(base)) return null;
  const entries = Object.entries(base.properties);
  return entries.length === 0 ? null : { keys: new Map(entries.map(([key, field]) => [key, shapeOf(field)])) };
}

const none: readonly string[] = [];

/** Returns the paths of undeclared keys in a body, in the order of the body. */
export function unknownKeys(schema: TSchema, body: unknown, separator = "."): readonly string[] {
  const shape = shapeOf(schema);
  if (shape === null) return none;
  const found: string[] = [];
  collect(shape, body, "", separator, found);
  return found;
}

function collect(shape: Shape, value: unknown, prefix: string, separator: string, found: string[]): void {
  if (shape === null || typeof value !== "object" || value === null) return;
  if ("items" in shape) {
    if (!Array.isArray(value)) return;
    for (let i = 0; i < value.length && found.length < NAMES_MAX; i++)
      collect(shape.items, value[i], prefix + i + separator, separator, found);
    return;
  }
  for (const key in value) {
    const inner = shape.keys.get(key);
    if (inner === undefined) found.push(prefix + key);
    else if (inner !== null)
      collect(inner, (value as Record<string, unknown>)[key], prefix + key + separator, separator, found);
    if (found.length >= NAMES_MAX) return;
  }
}

/** Returns the keys that a schema declares for the object at a path in a body. */
export function declaredKeys(schema: TSchema, path: readonly (string | number)[]): readonly string[] {
  let shape = shapeOf(schema);
  for (const part of path) {
    if (shape === null) return none;
    shape = "items" in shape ? shape.items : (shape.keys.get(String(part)) ?? null);
  }
  return shape === null || "items" in shape ? none : [...shape.keys.keys()];
}

/** Returns the names of the query parameters that an operation does not declare. */
export function unknownParameters(schema: TObject | undefined, search: string): readonly string[] {
  if (search === "") return none;
  const names = new Set([...new URLSearchParams(search).keys()].map(parameterName));
  return [...names].filter((name) => schema === undefined || !Object.hasOwn(schema.properties, name));
}

/**
 * Returns a parameter's name without the brackets that lists may have, as in `name[]` or `name[0]`.
 */
function parameterName(key: string): string {
  return key.replace(/\[\d*\]$/, "");
}

/** Returns the value of the header `boathook-ignored`. Parameters are written `?name`. */
export function ignoredHeader(keys: readonly string[], parameters: readonly string[]): string {
  const names = [...keys.map(headerName), ...parameters.map((name) => `?${headerName(name)}`)];
  return names.slice(0, NAMES_MAX).join(", ");
}

/** Truncates a name and encodes characters that a token must not contain (RFC 9110, 5.6.2). */
function headerName(name: string): string {
  const characters = [...name.toWellFormed()].slice(0, NAME_CHARS_MAX);
  return characters.map((one) => (/^[!#$&'*+\-.^_`|~0-9A-Za-z]$/.test(one) ? one : percentEncoded(one))).join("");
}

function percentEncoded(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}

/**
 * Returns the body of a bulk operation with all keys in camelCase. Snake_case keys are accepted
 * too. Throws 422 if a key at any level is undeclared or is sent in both forms.
 */
export function strictBody(schema: TSchema, body: unknown): unknown {
  return renamed(shapeOf(schema) ?? { keys: new Map() }, body, ["body"]);
}

function renamed(shape: Shape, value: unknown, loc: readonly string[]): unknown {
  if (shape === null || typeof value !== "object" || value === null) return value;
  if ("items" in shape)
    return Array.isArray(value) ? value.map((item, i) => renamed(shape.items, item, [...loc, `[${i}]`])) : value;
  if (Array.isArray(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [sent, inner] of Object.entries(value)) {
    const key = declaredAs(camelCase(sent), sent, shape.keys, loc);
    if (Object.hasOwn(result, key)) throw sentTwice(loc, sent, key);
    result[key] = renamed(shape.keys.get(key) ?? null, inner, [...loc, sent]);
  }
  return result;
}

/**
 * Returns the query of a bulk operation with all parameters in snake_case. CamelCase parameters are
 * accepted too. Throws 422 if a parameter is undeclared or is sent in both forms.
 */
export function strictSearch(schema: TObject | undefined, search: string): string {
  const declared = new Map(Object.keys(schema?.properties ?? {}).map((name) => [name, null]));
  const result = new URLSearchParams();
  const sentAs = new Map<string, string>();
  for (const [sent, text] of new URLSearchParams(search)) {
    const name = parameterName(sent);
    const key = declaredAs(snakeCase(name), name, declared, ["query"]);
    if ((sentAs.get(key) ?? name) !== name) throw sentTwice(["query"], name, key);
    sentAs.set(key, name);
    result.append(key + sent.slice(name.length), text);
  }
  return result.toString();
}

function declaredAs(
  converted: string,
  sent: string,
  keys: ReadonlyMap<string, unknown>,
  loc: readonly string[],
): string {
  if (keys.has(sent)) return sent;
  if (keys.has(converted)) return converted;
  const what = loc[0] === "query" ? "parameter" : "field";
  const allowed = keys.size === 0 ? `This operation has no ${what}s.` : `Allowed: ${[...keys.keys()].join(", ")}.`;
  throw invalid([...loc, sent.slice(0, 2 * NAME_CHARS_MAX)], `Unknown ${what}. ${allowed}`);
}

function sentTwice(loc: readonly string[], sent: string, key: string): Invalid {
  return invalid([...loc, sent], `Sent twice: as ${key} and in another notation.`);
}

function camelCase(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Adds the header with the names of ignored keys and parameters to a successful response. */
export function namingIgnored(answer: Reply | Response, names: string): Response {
  if (answer instanceof Response) {
    if (answer.ok) answer.headers.set(IGNORED_HEADER, names);
    return answer;
  }
  const isSuccess = answer.status >= 200 && answer.status < 300;
  return toResponse(isSuccess ? { ...answer, headers: { ...answer.headers, [IGNORED_HEADER]: names } } : answer);
}
