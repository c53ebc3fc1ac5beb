/**
 * Finds changes of a JSON Schema that may break those who already use it. Two rules must hold:
 *
 * - Producers that were not changed may go on: a payload with the properties that the old schema names
 *   and that matches it also matches the new schema.
 * - Consumers that read the old form find what they read: every property that the old schema names is
 *   still named, and every one that it requires is still required.
 *
 * Consumers are expected to ignore properties and values that they do not know, so new optional
 * properties, further types and further values of an enum are compatible.
 */

interface Schema {
  readonly [keyword: string]: unknown;
}

/** Maximum number of changes that are named. */
const CHANGES_MAX = 20;
/** Maximum depth to which schemas are compared. */
const DEPTH_MAX = 64;
const NAME_CHARS_MAX = 128;
/**
 * Maximum number of properties, required names and enum values of old schemas that are compared. More
 * are possible only if one schema is compared with many.
 */
const STEPS_MAX = 200_000;

const TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"] as const;

/** Keywords that say nothing about which payloads match. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...["title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly"],
  // The keywords that are compared mean the same in all supported drafts.
  ...["$comment", "$id", "$anchor", "$schema"],
]);
/** Keywords that this file compares by their meaning. Every other keyword must stay the same or go. */
const COMPARED: ReadonlySet<string> = new Set([
  ...["type", "enum", "const", "required", "properties", "additionalProperties", "items", "$defs", "definitions"],
  ...["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"],
  ...["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"],
  ...["multipleOf", "uniqueItems"],
]);
const LOWER = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"] as const;
const UPPER = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"] as const;
/** Keywords whose removal may make payloads valid or invalid, because others depend on them. */
const ENTANGLED: ReadonlySet<string> = new Set(["$ref", "prefixItems", "patternProperties", "not", "if"]);

/**
 * Returns the changes from one schema to the next that may break producers or consumers, as texts. A
 * change that cannot be judged counts as one. Empty if there is none.
 */
export function incompatibleChanges(before: unknown, after: unknown): string[] {
  const comparison = new Comparison();
  comparison.compare(before, after, "", 0);
  return comparison.changes;
}

class Comparison {
  readonly changes: string[] = [];
  #steps = 0;

  compare(before: unknown, after: unknown, path: string, depth: number): void {
    if (this.changes.length >= CHANGES_MAX || this.#steps > STEPS_MAX) return;
    if (before === false || isSame(before, after)) return;
    this.#steps += 1 + breadthOf(schemaOf(before));
    if (this.#steps > STEPS_MAX) this.#add(path, "is too large to be compared");
    else if (depth > DEPTH_MAX) this.#add(path, "is nested too deeply to be compared");
    else if (after === false) this.#add(path, "no longer allows any value");
    else this.#compareSchemas(schemaOf(before), schemaOf(after), path, depth);
  }

  #compareSchemas(old: Schema, young: Schema, path: string, depth: number): void {
    this.#compareTypes(old, young, path);
    this.#compareValues(old, young, path);
    this.#compareBounds(old, young, path);
    this.#compareRequired(old, young, path);
    this.#compareProperties(old, young, path, depth);
    this.#compareItems(old, young, path, depth);
    for (const keyword of ["$defs", "definitions"]) {
      const [from, to] = [schemaOf(old[keyword]), schemaOf(young[keyword])];
      for (const name of Object.keys(from)) {
        if (Object.hasOwn(to, name)) this.compare(from[name], to[name], joined(path, `${keyword}.${name}`), depth + 1);
      }
    }
    this.#compareOthers(old, young, path);
  }

  #add(path: string, text: string): void {
    if (this.changes.length < CHANGES_MAX)
      this.changes.push(path === "" ? `the payload ${text}` : `${named(path)} ${text}`);
  }

  #compareTypes(old: Schema, young: Schema, path: string): void {
    const allowed = typesOf(young);
    const lost = typesOf(old).filter((type) => !allowed.includes(type));
    if (lost.length === TYPES.length - allowed.length && old.type === undefined && lost.length > 0) {
      this.#add(path, `must now be of type ${[young.type].flat().join(" or ")}`);
    } else if (lost.length > 0) {
      this.#add(path, `no longer allows the type ${lost.join(", ")}`);
    }
  }

  #compareValues(old: Schema, young: Schema, path: string): void {
    const allowed = valuesOf(young);
    if (allowed === null) return;
    const had = valuesOf(old);
    if (had === null) {
      this.#add(path, "is now limited to certain values");
      return;
    }
    const keys = new Set(allowed.map(keyOf));
    const lost = had.filter((value) => !keys.has(keyOf(value)));
    if (lost.length > 0) this.#add(path, `no longer allows ${lost.slice(0, 5).map(shownValue).join(", ")}`);
  }

  #compareBounds(old: Schema, young: Schema, path: string): void {
    for (const keyword of LOWER) {
      const [from, to] = [
        boundOf(old, keyword, /^min[LIP]/.test(keyword) ? 0 : -Infinity),
        boundOf(young, keyword, -Infinity),
      ];
      if (to > from) this.#add(path, `has a narrower bound (${keyword}: ${to})`);
    }
    for (const keyword of UPPER) {
      const [from, to] = [boundOf(old, keyword, Infinity), boundOf(young, keyword, Infinity)];
      if (to < from) this.#add(path, `has a narrower bound (${keyword}: ${to})`);
    }
    const [from, to] = [old.multipleOf, young.multipleOf];
    const isMultiple =
      to === from || (typeof to === "number" && typeof from === "number" && Number.isInteger(from / to));
    if (to !== undefined && !isMultiple) this.#add(path, `must now be a multiple of ${shownValue(to)}`);
    if (young.uniqueItems === true && old.uniqueItems !== true) this.#add(path, "must now have unique items");
  }

  #compareRequired(old: Schema, young: Schema, path: string): void {
    const [had, has] = [new Set(textsOf(old.required)), new Set(textsOf(young.required))];
    const known = schemaOf(old.properties);
    for (const name of has) {
      if (had.has(name)) continue;
      const property = named(joined(path, name));
      const isKnown = Object.hasOwn(known, name);
      this.#say(isKnown ? `property ${property} became required` : `required property ${property} was added`);
    }
    const left = schemaOf(young.properties);
    for (const name of had) {
      // A property that was removed is named as such.
      if (has.has(name)) continue;
      if (Object.hasOwn(known, name) && !Object.hasOwn(left, name)) continue;
      this.#say(`property ${named(joined(path, name))} is no longer required`);
    }
  }

  #say(text: string): void {
    if (this.changes.length < CHANGES_MAX) this.changes.push(text);
  }

  #compareProperties(old: Schema, young: Schema, path: string, depth: number): void {
    const [had, has] = [schemaOf(old.properties), schemaOf(young.properties)];
    const others = old.additionalProperties;
    for (const name of Object.keys(had)) {
      const at = joined(path, name);
      if (Object.hasOwn(has, name)) this.compare(had[name], has[name], at, depth + 1);
      else if (had[name] !== false) this.#say(`property ${named(at)} was removed`);
    }
    for (const name of Object.keys(has)) {
      // Where the old schema describes all other properties, it describes this one.
      if (Object.hasOwn(had, name) || !isSchema(others)) continue;
      this.compare(others, has[name], joined(path, name), depth + 1);
    }
    if (others === false || isSame(others, young.additionalProperties)) return;
    if (young.additionalProperties === false) this.#add(path, "no longer allows additional properties");
    else this.compare(others ?? true, young.additionalProperties ?? true, joined(path, "*"), depth + 1);
  }

  #compareItems(old: Schema, young: Schema, path: string, depth: number): void {
    const [from, to] = [old.items ?? true, young.items ?? true];
    if (Array.isArray(from) || Array.isArray(to)) {
      if (!isSame(from, to)) this.#add(path, "has other `items`");
    } else {
      this.compare(from, to, `${path}[]`, depth + 1);
    }
  }

  /** Keywords whose meaning is not known here must not change, but most may be removed. */
  #compareOthers(old: Schema, young: Schema, path: string): void {
    for (const keyword of new Set([...Object.keys(old), ...Object.keys(young)])) {
      if (COMPARED.has(keyword) || ANNOTATIONS.has(keyword)) continue;
      const isRemoved = young[keyword] === undefined && !ENTANGLED.has(keyword);
      if (isRemoved || isSame(old[keyword], young[keyword])) continue;
      this.#add(path, `has another \`${shortened(keyword)}\`, which cannot be compared`);
    }
  }
}

/** Returns whether two JSON values are equal. Values that are nested very deeply never are. */
function isSame(one: unknown, other: unknown, depth = 0): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  const [names, others] = [Object.keys(one), Object.keys(other)];
  if (Array.isArray(one) !== Array.isArray(other) || names.length !== others.length || depth > 4 * DEPTH_MAX)
    return false;
  const [first, second] = [one as Schema, other as Schema];
  return names.every((name) => Object.hasOwn(second, name) && isSame(first[name], second[name], depth + 1));
}

/** Returns a text that is the same for JSON values that are equal. */
function keyOf(value: unknown): string {
  const inOrder = (_: string, inner: unknown) =>
    isSchema(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner;
  return JSON.stringify(value, inOrder);
}

/** Returns the number of parts of a schema that are compared one by one. */
function breadthOf({ properties, required, enum: values }: Schema): number {
  return (
    Object.keys(schemaOf(properties)).length + textsOf(required).length + (Array.isArray(values) ? values.length : 0)
  );
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns a schema as an object. `true` and what is absent allow everything. */
function schemaOf(value: unknown): Schema {
  return isSchema(value) ? value : {};
}

/** Returns the types that a schema allows. A number may be an integer. */
function typesOf({ type }: Schema): readonly string[] {
  if (type === undefined) return TYPES;
  const types = textsOf([type].flat());
  return types.includes("number") ? [...types, "integer"] : types;
}

function valuesOf(schema: Schema): readonly unknown[] | null {
  if (Object.hasOwn(schema, "const")) return [schema.const];
  return Array.isArray(schema.enum) ? schema.enum : null;
}

function boundOf(schema: Schema, keyword: string, fallback: number): number {
  const value = schema[keyword];
  return typeof value === "number" ? value : fallback;
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function joined(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function named(path: string): string {
  return `\`${shortened(path)}\``;
}

function shownValue(value: unknown): string {
  return `\`${shortened(JSON.stringify(value))}\``;
}

function shortened(text: string): string {
  return text.length > NAME_CHARS_MAX ? `${text.slice(0, NAME_CHARS_MAX)}…` : text;
}
