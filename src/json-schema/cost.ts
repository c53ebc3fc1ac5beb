/** Bounds the cost of a check before it runs, so that cheap checks need no deadline. */
import { unescapePointer } from "./findings.ts";
import { formatCost } from "./formats.ts";
import type { Patterns } from "./patterns.ts";
import { isObject, type Json, mapKeywords, subschemaKeywords } from "./prepare.ts";

/** Keywords whose cost has no simple bound. */
const UNBOUNDED = ["$dynamicRef", "$recursiveRef", "unevaluatedItems", "unevaluatedProperties"];
/** Keywords that apply to nothing where they stand. */
const INERT = new Set(["$comment", "$defs", "$schema", "definitions", "description", "title"]);
/** Cost of reporting a violation. */
const VIOLATION_COST = 10;
/** Cost of a division in decimal arithmetic. */
const DIVISION_COST = 100;
/** Cost of an instruction of a pattern per character, at most. */
const INSTRUCTION_COST = 2;

/**
 * Returns the highest cost of a check, in steps of about 10 ns per byte of the payload. Infinity if
 * there is no bound.
 *
 * In a schema that does not refer to itself, each part applies to each value at most once. A part is
 * a name, a keyword or a value. It takes at most one step per character or entry of the value, and
 * a violation, pattern or format as many more as its own cost says. Referenced parts count once per
 * reference. Fields are disjoint pieces of the payload, so of their schemas only the most expensive
 * counts. So the cost, multiplied by the size of the payload, is never exceeded.
 */
export function costOf(schema: object | boolean, patterns: Patterns): number {
  return new Costs(schema, patterns).of(schema);
}

class Costs {
  /** The costs of referenced parts. The cost of a part that is being added up is Infinity. */
  readonly #known = new Map<string, number>();

  constructor(
    private readonly root: object | boolean,
    private readonly patterns: Patterns,
  ) {}

  of(schema: unknown): number {
    if (Array.isArray(schema)) return sum(schema, (one) => this.of(one));
    if (!isObject(schema)) return VIOLATION_COST;
    if (UNBOUNDED.some((name) => Object.hasOwn(schema, name))) return Number.POSITIVE_INFINITY;
    // Names make it hard to see what a reference points to.
    if (schema !== this.root && Object.hasOwn(schema, "$id")) return Number.POSITIVE_INFINITY;
    return 1 + sum(Object.entries(schema), ([name, value]) => this.#ofKeyword(name, value));
  }

  #ofKeyword(name: string, value: unknown): number {
    if (INERT.has(name)) return 0;
    if (name === "$ref") return this.#ofReference(value);
    if (name === "properties" && isObject(value)) return this.#ofFields(value);
    return VIOLATION_COST + this.#ofConstraint(name, value);
  }

  #ofConstraint(name: string, value: unknown): number {
    if (subschemaKeywords.has(name)) return this.of(value);
    if (mapKeywords.has(name) && isObject(value)) {
      const pattern = (key: string) => (name === "patternProperties" ? this.#ofPattern(key) : 0);
      return sum(Object.entries(value), ([key, one]) => 1 + pattern(key) + this.of(one));
    }
    if (name === "required") return VIOLATION_COST * partsOf(value);
    if (name === "pattern") return this.#ofPattern(value);
    if (name === "format") return formatCost(String(value));
    if (name === "multipleOf") return Number.isSafeInteger(value) ? 1 : DIVISION_COST;
    return partsOf(value);
  }

  #ofFields(fields: Json): number {
    const costs = Object.values(fields).map((schema) => this.of(schema));
    return costs.length + Math.max(0, ...costs);
  }

  #ofPattern(source: unknown): number {
    return INSTRUCTION_COST * this.patterns.of(String(source)).instructions;
  }

  #ofReference(reference: unknown): number {
    const pointer = String(reference);
    const known = this.#known.get(pointer);
    if (known !== undefined) return known;
    this.#known.set(pointer, Number.POSITIVE_INFINITY);
    const target = this.#target(pointer);
    const cost = target === undefined ? Number.POSITIVE_INFINITY : this.of(target);
    this.#known.set(pointer, cost);
    return cost;
  }

  /** Returns what a reference points to. Returns undefined if it is not a pointer into the schema. */
  #target(reference: string): unknown {
    if (!/^#(\/[^%]*)?$/.test(reference)) return undefined;
    let at: unknown = this.root;
    for (const segment of reference.split("/").slice(1).map(unescapePointer)) {
      if (typeof at !== "object" || at === null || !Object.hasOwn(at, segment)) return undefined;
      at = (at as Json)[segment];
    }
    return at;
  }
}

/** Number of names and values in a value. */
function partsOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return 1 + sum(Object.values(value), partsOf);
}

function sum<T>(items: readonly T[], costOf: (item: T) => number): number {
  return items.reduce((total, item) => total + costOf(item), 0);
}
