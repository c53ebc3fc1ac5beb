/**
 * Prepares a schema for the validator: returns a copy without what only the validator understands,
 * and checks the patterns, so that their errors have a location.
 */
import { sentence } from "./findings.ts";
import { type Patterns, UnusablePattern } from "./patterns.ts";
import { UnusableSchema } from "./unusable-schema.ts";

export type Json = Readonly<Record<string, unknown>>;

/** Keywords whose value is a schema or a list of schemas that apply to the same value. */
const IN_PLACE = ["allOf", "anyOf", "else", "if", "not", "oneOf", "then"];
const OF_ITEMS = ["additionalItems", "contains", "items", "prefixItems", "unevaluatedItems"];
const OF_FIELDS = ["additionalProperties", "propertyNames", "unevaluatedProperties"];
/** Keywords whose value is a schema or a list of schemas. */
export const subschemaKeywords: ReadonlySet<string> = new Set([...IN_PLACE, ...OF_ITEMS, ...OF_FIELDS]);
/** Keywords whose value is a map from names to schemas that are applied. */
export const mapKeywords: ReadonlySet<string> = new Set([
  "dependencies",
  "dependentSchemas",
  "patternProperties",
  "properties",
]);
/** Keywords whose value is a map from names to schemas that apply only where they are referenced. */
const DEFINITIONS = new Set(["$defs", "definitions"]);
/** Keywords whose value is data. */
const VALUES = new Set(["const", "enum"]);
/** Annotations with data, in which the validator must not look for schemas and their names. */
const EXAMPLES = new Set(["default", "example", "examples"]);

/** Returns the prepared copy of a schema. Throws `UnusableSchema` with the location of the error. */
export function prepared(schema: object | boolean, patterns: Patterns): object | boolean {
  return copyOf(schema, [], patterns) as object | boolean;
}

/**
 * `path` is null below unknown keywords, whose objects may be anything. They are copied too, because
 * references may point into them.
 */
function copyOf(schema: unknown, path: readonly string[] | null, patterns: Patterns): unknown {
  if (Array.isArray(schema)) return schema.map((one, i) => copyOf(one, within(path, String(i)), patterns));
  if (!isObject(schema)) return schema;
  if (path !== null) checkPatterns(schema, path, patterns);
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema)) {
    if (isUnseen(name, schema)) continue;
    const isKnown = subschemaKeywords.has(name);
    let prepared = value;
    if (mapKeywords.has(name) || DEFINITIONS.has(name)) prepared = mapOf(value, within(path, name), patterns);
    else if (!VALUES.has(name)) prepared = copyOf(value, isKnown ? within(path, name) : null, patterns);
    if (name === "contains" && path !== null) prepared = selective(prepared);
    // A reference may point into an example, but loops over the schema do not see it.
    const enumerable = !EXAMPLES.has(name);
    Object.defineProperty(copy, name, { value: prepared, enumerable, configurable: true, writable: true });
  }
  return copy;
}

/**
 * Adds a keyword that changes nothing. If `contains` accepts every value, the validator does not
 * count the items as evaluated.
 */
function selective(schema: unknown): unknown {
  if (schema === true) return { minLength: 0 };
  return isObject(schema) ? { minLength: 0, ...schema } : schema;
}

function mapOf(map: unknown, path: readonly string[] | null, patterns: Patterns): unknown {
  if (!isObject(map)) return map;
  const copies = Object.entries(map).map(([name, schema]) => [name, copyOf(schema, within(path, name), patterns)]);
  return Object.fromEntries(copies);
}

/**
 * `$async` would make the check return a promise, and `nullable` is an error if there is no `type`,
 * or if it contradicts the type.
 */
function isUnseen(name: string, schema: Json): boolean {
  if (name === "nullable") return schema.nullable === false || (schema.nullable === true && schema.type === undefined);
  return name === "$async";
}

function checkPatterns(schema: Json, path: readonly string[], patterns: Patterns): void {
  if (typeof schema.pattern === "string") checkPattern(schema.pattern, [...path, "pattern"], patterns);
  if (!isObject(schema.patternProperties)) return;
  for (const source of Object.keys(schema.patternProperties)) {
    checkPattern(source, [...path, "patternProperties", source], patterns);
  }
}

function checkPattern(source: string, path: readonly string[], patterns: Patterns): void {
  try {
    patterns.of(source);
  } catch (error) {
    if (error instanceof UnusablePattern) throw new UnusableSchema(sentence(error.message), path);
    throw error;
  }
}

function within(path: readonly string[] | null, segment: string): readonly string[] | null {
  return path === null ? null : [...path, segment];
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
