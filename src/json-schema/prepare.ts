/**
 * What the validator gets of a schema: a copy in which every subschema has a `Visit`, and besides only what the validator is
 * for, which is where to go from there. Whatever else stands in a schema takes no part in it: so no word that means
 * something to the validator alone (`$async` and the like) gets through.
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
/** What stands there is a schema, or a list of them. */
const SUBSCHEMAS = new Set([...SCHEMAS, ...SCHEMAS_TOO, "allOf", "anyOf", "oneOf", "prefixItems"]);
/** What lies in there are schemas by name; the object that holds them is none. */
const MAPS = new Set(["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"]);
/** They lead from one schema to another. */
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
/** With these the validator looks at each field of an object. */
const FIELD_LOOPS = ["additionalProperties", "patternProperties", "propertyNames", "unevaluatedProperties"];
/** A schema behind a reference tells which fields it has looked at, and these are copied. */
const MERGES = ["$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "if", "dependentSchemas"];
/** What stands there is no schema. But where schemas lie by name, each of these may be such a name. */
const DATA = new Set([
  ...assertionKeywords.filter((name) => !MAPS.has(name)),
  ...["default", "discriminator", "example", "examples", "id", "nullable"],
]);
/**
 * Notes for people, data, and words of other dialects. No reference leads in there. Objects under words that nobody knows are
 * kept, since a reference may lead there.
 */
const DROPPED = new Set([...DATA, "$async", "$comment", "$data", "$schema", "$vocabulary", visitKeyword]);

/** The validator must not apply them, even where they stand in a prepared schema. */
export const unseenKeywords: readonly string[] = [...DATA];

export interface Limits {
  /** Of all subschemas, and of the references and patterns in them, which count as several. */
  readonly parts: number;
  /** Levels of JSON. */
  readonly depth: number;
  /** Of one `patternProperties`. */
  readonly patternsOfOneObject: number;
  /** Of one `anyOf` and the like: each of them lies within the one before in what the validator writes. */
  readonly alternatives: number;
}

export interface Dialect {
  /** Does it know `dependentRequired` and what came with it? */
  readonly isRecent: boolean;
  /** Has it to be tracked which fields and items have been looked at, for `unevaluatedProperties` and `unevaluatedItems`? */
  readonly tracks: boolean;
}

/** Makes such copies for one schema. */
export class Preparation {
  /** Counted so far. */
  parts = 0;

  constructor(
    private readonly meter: Meter,
    private readonly patterns: Patterns,
    private readonly limits: Limits,
    private readonly dialect: Dialect,
  ) {}

  /** Throws `UnusableSchema` when it asks for more than is taken. `keyword` is empty under words that nobody knows. */
  prepared(schema: unknown, path: readonly string[] = [], keyword = ""): unknown {
    if (Array.isArray(schema)) return this.#list(schema, path, keyword);
    if (typeof schema === "boolean" || isObject(schema)) this.#count(this.#partsOf(keyword), path);
    if (schema === false) return this.#nothing(keyword);
    // The validator forgets that such items have been looked at, for `unevaluatedItems`.
    if (schema === true && keyword === "contains") return this.prepared({}, path);
    if (!isObject(schema)) return schema;
    const isContainer = keyword === "" && path.length > 0 && holdsSchemas(schema);
    const kept = Object.entries(schema).flatMap(([name, value]) => this.#kept(name, value, path, isContainer));
    return Object.fromEntries([...kept, [visitKeyword, this.#visit(schema, path, isContainer)]]);
  }

  /** In a container, what is a keyword elsewhere may be the name of a schema, to which a reference leads. */
  #kept(name: string, value: unknown, path: readonly string[], isContainer: boolean): [string, unknown][] {
    const inside = [...path, name];
    const isNameThere = DATA.has(name) || (MAPS.has(name) && !holdsSchemas(value, name));
    if (isContainer && isNameThere && isObject(value)) return [[name, this.prepared(value, inside)]];
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
      throw new UnusableSchema(`At most ${this.limits.alternatives} schemas are taken here.`, path);
    }
    return list.map((item, i) => this.prepared(item, [...path, String(i)], keyword));
  }

  #map(name: string, map: Json, path: readonly string[]): Json {
    const entries = Object.entries(map);
    if (name === "patternProperties" && entries.length > this.limits.patternsOfOneObject) {
      throw new UnusableSchema(`At most ${this.limits.patternsOfOneObject} patterns are taken here.`, path);
    }
    const schemas = name === "dependencies" ? entries.filter(([, value]) => !Array.isArray(value)) : entries;
    const prepared = schemas.map(([key, value]) => [key, this.prepared(value, [...path, key], name)]);
    return Object.setPrototypeOf(Object.fromEntries(prepared), mapPrototype);
  }

  /** In the place of `false`, which nothing fits. */
  #nothing(keyword: string): Json {
    const ofFields = keyword === "additionalProperties" || keyword === "unevaluatedProperties";
    const failure = ofFields
      ? { keyword, message: "The schema does not know this field." }
      : { keyword: "false", message: "Nothing is allowed here." };
    return { [visitKeyword]: new Visit(this.meter, [() => failure], {}) };
  }

  #visit(schema: Json, path: readonly string[], isContainer: boolean): Visit {
    const { assertions, flaw } = this.#assertions(schema, path);
    const flawed = flaw ?? (isContainer ? flawOfMaps(schema, path) : null) ?? this.#flawOfPatterns(schema, path);
    const looksAtFields =
      FIELD_LOOPS.some((name) => name in schema) || (this.dialect.tracks && MERGES.some((name) => name in schema));
    const steps = 1 + goneThroughIn(schema) / namesPerStep;
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

  /** With tracking, what each of them has looked at is put together. */
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
    if (path.length > this.limits.depth) throw new UnusableSchema("It is nested too deep.", path);
  }
}

const MERGED = new Set(["allOf", "anyOf", "dependentSchemas", "else", "if", "oneOf", "then"]);
const TRACKED_PARTS = 4;
const MERGED_PARTS = 8;

/** Each of them may make the validator write a function of its own. */
const REFERENCE_PARTS = 4;

function flawOf(error: unknown): string {
  if (error instanceof MalformedKeyword || error instanceof UnusablePattern) return error.message;
  throw error;
}

/** Where a schema has the name of a keyword that wants many of them, what contains it is no schema itself. */
function flawOfMaps(schema: Json, path: readonly string[]): UnusableSchema | null {
  const name = Object.keys(schema).find((key) => MAPS.has(key) && !holdsSchemas(schema[key], key));
  return name === undefined ? null : new UnusableSchema("Must hold schemas.", [...path, name]);
}

/** May all that is in there be schemas? Nearly every schema has a keyword with something else. */
function holdsSchemas(value: unknown, keyword = ""): value is Json {
  if (!isObject(value)) return false;
  const mayBeLists = keyword === "dependencies";
  return Object.values(value).every(
    (held) => typeof held === "boolean" || isObject(held) || (mayBeLists && Array.isArray(held)),
  );
}

/** What the validator goes through one by one at a visit: fields that a schema names, and lists of schemas. */
const GONE_THROUGH = [
  "allOf",
  "anyOf",
  "dependencies",
  "dependentSchemas",
  "items",
  "oneOf",
  "prefixItems",
  "properties",
];

function goneThroughIn(schema: Json): number {
  const found = GONE_THROUGH.map((name) => schema[name]).filter((value) => typeof value === "object" && value !== null);
  return found.reduce((sum: number, value) => sum + Object.keys(value as object).length, 0);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
