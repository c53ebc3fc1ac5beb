import { type ExactJson, type ExactObject, isRawNumber } from "../core/exact-json.ts";
import { invalid } from "../core/problem.ts";
import type { Condition, Place, Step } from "./condition.ts";
import { Operators } from "./operators.ts";
import { isObject } from "./values.ts";

/** Maximum size of a filter as JSON, in bytes. */
export const filterBytesMax = 64 * 1024;
/** Maximum depth of the objects and lists of a filter. */
export const filterDepthMax = 32;

type Loc = readonly string[];
/** Compiles a condition of one level: the whole filter, the payload or one of its fields, the headers. */
type Level = (value: ExactJson, loc: Loc) => Condition;

/**
 * Compiles a filter. Throws 422 with the place of the mistake below `loc`, the place of the filter in
 * the request.
 */
export function compileFilter(filter: ExactObject, loc: Loc = ["body", "filter"]): Condition {
  if (depthOf(filter) > filterDepthMax) throw invalid(loc, `Must not be nested deeper than ${filterDepthMax} levels.`);
  if (Buffer.byteLength(JSON.stringify(filter)) > filterBytesMax) {
    throw invalid(loc, `Must not be longer than ${filterBytesMax} bytes.`);
  }
  return Object.keys(filter).length === 0 ? { kind: "and", parts: [] } : new Compiler().filter(filter, loc);
}

class Compiler {
  readonly #operators = new Operators();

  /** Compiles the whole filter, or an item of its `$and`, `$or` or `$not`. */
  readonly filter: Level = (value, loc) => {
    const fields = objectAt(value, loc, "Must be an object with `payload`, `headers` or `eventType`.");
    return allOf(fields, loc, (name, inner, at) => {
      switch (name) {
        case "payload":
          return this.#payload(inner, at);
        case "headers":
          return this.#headers(inner, at);
        case "eventType":
          return this.#word({ in: "eventType" }, "eventType")(inner, at);
        default:
          return (
            this.#combined(name, inner, at, this.filter) ??
            fail(at, "Must be one of payload, headers, eventType, $and, $or, $not.")
          );
      }
    });
  };

  #payload(value: ExactJson, loc: Loc): Condition {
    const place: Place = { in: "payload", path: [] };
    const isEverything = isObject(value) && Object.keys(value).length === 0;
    if (isEverything) return { kind: "test", place, label: "payload", predicate: { op: "any" }, isNegated: false };
    return this.#value([], "payload")(value, loc);
  }

  /** Returns the compiler of conditions on the value at a path of the payload. */
  #value(path: readonly Step[], label: string): Level {
    const place: Place = { in: "payload", path };
    const level: Level = (value, loc) => {
      if (!isObject(value) || isRawNumber(value)) return this.#operators.equality(place, label, value);
      if (holdsOperators(value, loc)) return this.#operations(place, label, value, loc, level);
      return allOf(value, loc, (name, inner, at) =>
        this.#value([...path, ...stepsOf(name)], `${label}.${name}`)(inner, at),
      );
    };
    return level;
  }

  #headers(value: ExactJson, loc: Loc): Condition {
    const level: Level = (inner, at) => {
      const headers = objectAt(inner, at, "Must be an object with names of headers.");
      return allOf(headers, at, (name, condition, place) => {
        if (!name.startsWith("$")) {
          return this.#word({ in: "headers", name: name.toLowerCase() }, `headers.${name}`)(condition, place);
        }
        return this.#combined(name, condition, place, level) ?? fail(place, "Must be a header, $and, $or or $not.");
      });
    };
    return isObject(value) && Object.keys(value).length === 0 ? { kind: "and", parts: [] } : level(value, loc);
  }

  /** Returns the compiler of conditions on a text that has no fields. */
  #word(place: Place, label: string): Level {
    const level: Level = (value, loc) => {
      if (!isObject(value) || isRawNumber(value)) return this.#operators.equality(place, label, value);
      if (!holdsOperators(value, loc)) throw invalid(loc, "This is a text and has no fields. Use operators.");
      return this.#operations(place, label, value, loc, level);
    };
    return level;
  }

  #operations(place: Place, label: string, operators: ExactObject, loc: Loc, level: Level): Condition {
    return allOf(operators, loc, (name, operand, at) => {
      if (name === "$options" && "$regex" in operators) return null;
      return (
        this.#combined(name, operand, at, level) ??
        this.#operators.test(place, label, { name, operand, options: operators.$options }, at)
      );
    });
  }

  /** Compiles `$and`, `$or` and `$not`. Returns null for other names. */
  #combined(name: string, value: ExactJson, loc: Loc, level: Level): Condition | null {
    if (name === "$not") return { kind: "not", part: level(value, loc) };
    if (name !== "$and" && name !== "$or") return null;
    if (!Array.isArray(value) || value.length === 0) throw invalid(loc, "Must be a list with at least one condition.");
    const parts = value.map((item, i) => level(item, [...loc, `[${i}]`]));
    return { kind: name === "$and" ? "and" : "or", parts };
  }
}

type Member = (name: string, value: ExactJson, loc: Loc) => Condition | null;

/** Returns the condition that all members of an object hold. */
function allOf(fields: ExactObject, loc: Loc, member: Member): Condition {
  const names = Object.keys(fields);
  if (names.length === 0) throw invalid(loc, "Must not be empty.");
  const parts = names.map((name) => member(name, fields[name]!, [...loc, name])).filter((part) => part !== null);
  return parts.length === 1 ? parts[0]! : { kind: "and", parts };
}

/** Returns whether an object consists of operators and not of fields. Throws 422 if it has both. */
function holdsOperators(value: ExactObject, loc: Loc): boolean {
  const names = Object.keys(value);
  if (names.length === 0) throw invalid(loc, 'Must not be empty. To compare with an empty object, use {"$eq": {}}.');
  const operators = names.filter((name) => name.startsWith("$")).length;
  if (operators === 0 || operators === names.length) return operators > 0;
  throw invalid(loc, "Must not have both operators and fields. Combine them with $and.");
}

function objectAt(value: ExactJson, loc: Loc, msg: string): ExactObject {
  if (!isObject(value) || isRawNumber(value)) throw invalid(loc, msg);
  return value;
}

const INDEX = /^(?:0|[1-9]\d{0,8})$/;

function stepsOf(path: string): Step[] {
  return path.split(".").map((name) => ({ name, index: INDEX.test(name) ? Number(name) : -1 }));
}

function depthOf(value: ExactJson): number {
  if (typeof value !== "object" || value === null || isRawNumber(value)) return 0;
  let deepest = 0;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner));
  return 1 + deepest;
}

function fail(loc: Loc, msg: string): never {
  throw invalid(loc, msg);
}
