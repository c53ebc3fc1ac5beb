/**
 * Prepares a schema for the validator. The prepared copy contains a `Visit` in every subschema and
 * the keywords that lead to other subschemas. All other keywords are removed, so those that only
 * the validator understands, such as `$async`, have no effect.
 */
import { type Assertion, assertionKeywords, assertionOf, MalformedKeyword } from "./assertions.ts";
import { sentence } from "./findings.ts";
import { type Meter, namesPerStep } from "./meter.ts";
import { type Patterns, UnusablePattern } from "./patterns.ts";
import { UnusableSchema } from "./unusable-schema.ts";
import { mapPrototype, Visit, visitKeyword } from "./visit.ts";

type Json = Readonly<Record<string, unknown>>;

const SCHEMAS = ["additionalItems", "additionalProperties", "contains", "else", "if", "items", "not", "propertyNames"];
const SCHEMAS_TOO = ["then", "unevaluatedItems", "unevaluatedProperties"];
/** Keywords whose value is a schema or a list of schemas. */
const SUBSCHEMAS = new Set([...SCHEMAS, ...SCHEMAS_TOO, "allOf", "anyOf", "oneOf", "prefixItems"]);
/** Keywords whose value is a map from names to schemas. The map itself is not a schema. */
const MAPS = new Set(["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"]);
/** Keywords that link one schema to another. */
const REFERENCES = new Set([
  "$anchor",
  "$dynamicAnchor",
  "$dynamicRef",
  "$id",
  "$recursiveAnchor",
  "$recursiveRef",
  "$ref",
]);
const COUNTS = new Set(["maxContains", "minContains"]);
/** Keywords for which the validator iterates over the fields of an object. */
const FIELD_LOOPS = ["additionalProperties", "patternProperties", "propertyNames", "unevaluatedProperties"];
/** Keywords for which the validator copies lists of evaluated fields between schemas. */
const MERGES = ["$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "if", "dependentSchemas"];
/**
 * Keywords whose value is not a schema. In a map of schemas, each of these may also be the name of
 * a schema.
 */
const DATA = new Set([
  ...assertionKeywords.filter((name) => !MAPS.has(name)),
  ...["default", "discriminator", "example", "examples", "id", "nullable"],
]);
/**
 * Keywords to drop: annotations, data, and keywords of other dialects. References cannot point into
 * them. Objects under unknown keywords are kept, because references may point into them.
 */
const DROPPED = new Set([...DATA, "$async", "$comment", "$data", "$schema", "$vocabulary", visitKeyword]);

/** Keywords that the validator must ignore, even where they appear in a prepared schema. */
export const unseenKeywords: readonly string[] = [...DATA];

export interface Limits {
  /**
   * Maximum number of parts of a schema. Each subschema is one part; references and patterns count
   * as several.
   */
  readonly parts: number;
  /** Maximum nesting depth of the JSON. */
  readonly depth: number;
  /** Maximum number of patterns in one `patternProperties`. */
  readonly patternsOfOneObject: number;
  /**
   * Maximum length of one `anyOf` or similar list. In the generated code, each entry is nested in
   * the previous one.
   */
  readonly alternatives: number;
}

export interface Dialect {
  /**
   * Whether the dialect is 2019-09 or later and so has `dependentRequired` and similar keywords.
   */
  readonly isRecent: boolean;
  /**
   * Whether evaluated fields and items must be tracked, for `unevaluatedProperties` and
   * `unevaluatedItems`.
   */
  readonly tracks: boolean;
}

/** Prepares one schema. */
export class Preparation {
  /** Number of parts prepared so far. */
  parts = 0;

  constructor(
    private readonly meter: Meter,
    private readonly patterns: Patterns,
    private readonly limits: Limits,
    private readonly dialect: Dialect,
  ) {}

  /**
   * Returns the prepared copy of a subschema. `keyword` is empty below unknown keywords. Throws
   * `UnusableSchema` if the schema exceeds a limit.
   */
  prepared(schema: unknown, path: readonly string[] = [], keyword = ""): unknown {
    if (Array.isArray(schema)) return this.#list(schema, path, keyword);
    if (typeof schema === "boolean" || isObject(schema)) this.#count(this.#partsOf(keyword), path);
    if (schema === false) return this.#rejectAll(keyword);
    // For `unevaluatedItems`, the validator does not mark items matched by `contains: true` as
    // evaluated.
    if (schema === true && keyword === "contains") return this.prepared({}, path);
    if (!isObject(schema)) return schema;
    const isContainer = keyword === "" && path.length > 0 && holdsSchemas(schema);
    const kept = Object.entries(schema).flatMap(([name, value]) => this.#kept(name, value, path, isContainer));
    return Object.fromEntries([...kept, [visitKeyword, this.#visit(schema, path, isContainer)]]);
  }

  /**
   * Returns the entries of the prepared copy for one key. In a container, a key that is usually a
   * keyword may be the name of a referenced schema.
   */
  #kept(name: string, value: unknown, path: readonly string[], isContainer: boolean): [string, unknown][] {
    const inside = [...path, name];
    const isSchemaName = DATA.has(name) || (MAPS.has(name) && !holdsSchemas(value, name));
    if (isContainer && isSchemaName && isObject(value)) return [[name, this.prepared(value, inside)]];
    if (DROPPED.has(name)) return [];
    if (REFERENCES.has(name)) {
      this.#count(REFERENCE_PARTS, inside);
      return typeof value === "string" || value === true ? [[name, value]] : [];
    }
    if (COUNTS.has(name)) return typeof value === "number" ? [[name, value]] : [];
    if (MAPS.has(name)) return isObject(value) ? [[name, this.#map(name, value, inside)]] : [];
    if (SUBSCHEMAS.has(name)) return [[name, this.prepared(value, inside, name)]];
    return typeof value === "object" ? [[name, this.prepared(value, inside)]] : [];
  }

  #list(list: readonly unknown[], path: readonly string[], keyword: string): unknown[] {
    if (keyword !== "" && list.length > this.limits.alternatives) {
      throw new UnusableSchema(`At most ${this.limits.alternatives} schemas are allowed here.`, path);
    }
    return list.map((item, i) => this.prepared(item, [...path, String(i)], keyword));
  }

  #map(name: string, map: Json, path: readonly string[]): Json {
    const entries = Object.entries(map);
    if (name === "patternProperties" && entries.length > this.limits.patternsOfOneObject) {
      throw new UnusableSchema(`At most ${this.limits.patternsOfOneObject} patterns are allowed here.`, path);
    }
    const schemas = name === "dependencies" ? entries.filter(([, value]) => !Array.isArray(value)) : entries;
    const prepared = schemas.map(([key, value]) => [key, this.prepared(value, [...path, key], name)]);
    return Object.setPrototypeOf(Object.fromEntries(prepared), mapPrototype);
  }

  /** Returns the replacement for the schema `false`, which no value matches. */
  #rejectAll(keyword: string): Json {
    const ofFields = keyword === "additionalProperties" || keyword === "unevaluatedProperties";
    const failure = ofFields
      ? { keyword, message: "The schema does not allow this field." }
      : { keyword: "false", message: "No value is allowed here." };
    return { [visitKeyword]: new Visit(this.meter, [() => failure], {}) };
  }

  #visit(schema: Json, path: readonly string[], isContainer: boolean): Visit {
    const { assertions, flaw } = this.#assertions(schema, path);
    const flawed = flaw ?? (isContainer ? mapFlaw(schema, path) : null) ?? this.#flawOfPatterns(schema, path);
    const looksAtFields =
      FIELD_LOOPS.some((name) => name in schema) || (this.dialect.tracks && MERGES.some((name) => name in schema));
    const steps = 1 + scannedEntriesOf(schema) / namesPerStep;
    return new Visit(this.meter, assertions, { steps, looksAtFields, flaw: flawed });
  }

  #assertions(schema: Json, path: readonly string[]): { assertions: Assertion[]; flaw: UnusableSchema | null } {
    const assertions: Assertion[] = [];
    for (const name of assertionKeywords) {
      if (!Object.hasOwn(schema, name) || (name === "dependentRequired" && !this.dialect.isRecent)) continue;
      try {
        const assertion = assertionOf(name, schema, this.patterns);
        if (assertion !== null) assertions.push(assertion);
      } catch (error) {
        return { assertions, flaw: new UnusableSchema(sentence(flawOf(error)), [...path, name]) };
      }
    }
    return { assertions, flaw: null };
  }

  /** With tracking, these subschemas cost more, because their evaluated fields are merged. */
  #partsOf(keyword: string): number {
    if (!this.dialect.tracks) return 1;
    return MERGED.has(keyword) ? MERGED_PARTS : TRACKED_PARTS;
  }

  #flawOfPatterns({ patternProperties }: Json, path: readonly string[]): UnusableSchema | null {
    for (const source of isObject(patternProperties) ? Object.keys(patternProperties) : []) {
      try {
        this.patterns.of(source);
      } catch (error) {
        return new UnusableSchema(sentence(flawOf(error)), [...path, "patternProperties", source]);
      }
    }
    return null;
  }

  #count(parts: number, path: readonly string[]): void {
    this.parts += parts;
    if (this.parts > this.limits.parts) {
      throw new UnusableSchema(`The schema has more than ${this.limits.parts} parts.`, path);
    }
    if (path.length > this.limits.depth) throw new UnusableSchema("The schema is nested too deeply.", path);
  }
}

const MERGED = new Set(["allOf", "anyOf", "dependentSchemas", "else", "if", "oneOf", "then"]);
const TRACKED_PARTS = 4;
const MERGED_PARTS = 8;

/**
 * Number of parts that a reference counts as. For each reference, the validator may generate a
 * separate function.
 */
const REFERENCE_PARTS = 4;

function flawOf(error: unknown): string {
  if (error instanceof MalformedKeyword || error instanceof UnusablePattern) return error.message;
  throw error;
}

/**
 * Returns an error if an object uses a map keyword as a plain name. Such an object is a container,
 * not a schema.
 */
function mapFlaw(schema: Json, path: readonly string[]): UnusableSchema | null {
  const name = Object.keys(schema).find((key) => MAPS.has(key) && !holdsSchemas(schema[key], key));
  return name === undefined ? null : new UnusableSchema("Must contain schemas.", [...path, name]);
}

/**
 * Returns whether all values could be schemas. In nearly every real schema, at least one keyword
 * has a value that is not a schema.
 */
function holdsSchemas(value: unknown, keyword = ""): value is Json {
  if (!isObject(value)) return false;
  const mayBeLists = keyword === "dependencies";
  return Object.values(value).every(
    (held) => typeof held === "boolean" || isObject(held) || (mayBeLists && Array.isArray(held)),
  );
}

/** Keywords whose entries the validator scans on each visit. */
const SCANNED_KEYWORDS = [
  "allOf",
  "anyOf",
  "dependencies",
  "dependentSchemas",
  "items",
  "oneOf",
  "prefixItems",
  "properties",
];

function scannedEntriesOf(schema: Json): number {
  const found = SCANNED_KEYWORDS.map((name) => schema[name]).filter(
    (value) => typeof value === "object" && value !== null,
  );
  return found.reduce((sum: number, value) => sum + Object.keys(value as object).length, 0);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
