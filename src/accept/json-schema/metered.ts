/**
 * A schema can be made to cost more than its size lets one expect: references that fan out double the work with each
 * level, and with each level of the payload again. So each visit of a (sub)schema is counted, by a keyword that is put
 * into every one of them, and a check that needs too many is ended.
 */
import type { Ajv } from "ajv";
import { _, type CodeKeywordDefinition } from "ajv";

/** What one check may cost: a visit of a schema is 1. Ordinary payloads of ordinary schemas need some hundred. */
const COST_MAX = 200_000;
const KEYWORD = "x-boathook-meter";

/** The check of a payload would have taken too long. */
export class TooCostly extends Error {
  override readonly name = "TooCostly";
}

/** Counts what a check costs. One check runs at a time, from its beginning to its end, so a validator needs but one. */
export class Meter {
  left = 0;

  start(): void {
    this.left = COST_MAX;
  }

  spend(cost: number): void {
    this.left -= cost;
    if (this.left < 0) this.stop();
  }

  stop(): never {
    throw new TooCostly();
  }
}

/** Teaches a validator the keyword that `metered` puts in. */
export function addMeter(ajv: Ajv, meter: Meter): void {
  const keyword: CodeKeywordDefinition = {
    keyword: KEYWORD,
    schemaType: "boolean",
    code({ gen }) {
      const ref = gen.scopeValue("obj", { ref: meter });
      gen.if(_`--${ref}.left < 0`, _`${ref}.stop()`);
    },
  };
  ajv.addKeyword(keyword);
}

/** Data, not schemas: whatever lies in there is left as it is. */
const DATA = new Set(["const", "enum"]);
/** Notes for people. They take no part in a check, and a reference into them is none. */
const NOTES = new Set(["default", "example", "examples"]);
/** What lies in there are schemas by name; the object that holds them is none. */
const MAPS = new Set([
  "$defs",
  "definitions",
  "dependencies",
  "dependentRequired",
  "dependentSchemas",
  "patternProperties",
  "properties",
]);

/**
 * A copy of a schema in which every subschema is counted. Objects under keywords that nobody knows are taken for schemas as
 * well: a reference may lead there.
 */
export function metered(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(metered);
  if (!isObject(schema)) return schema;
  const entries: [string, unknown][] = [];
  for (const [name, value] of Object.entries(schema)) {
    if (NOTES.has(name) || isForeign(name, value, schema)) continue;
    entries.push([name, DATA.has(name) ? value : MAPS.has(name) ? meteredMap(value) : metered(value)]);
  }
  entries.push([KEYWORD, true]);
  return Object.fromEntries(entries);
}

function meteredMap(map: unknown): unknown {
  if (!isObject(map)) return map;
  return Object.fromEntries(Object.entries(map).map(([name, schema]) => [name, metered(schema)]));
}

/** Words of other dialects (draft-04, OpenAPI) that mean nothing here but that the validator refuses. */
function isForeign(name: string, value: unknown, schema: Readonly<Record<string, unknown>>): boolean {
  if (name === "id") return typeof value === "string";
  return name === "nullable" && schema.type === undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
