import { Kind, type TObject, type TSchema, type TUnsafe, Type, TypeRegistry } from "@sinclair/typebox";
import { parseInstant } from "../../core/instant.ts";
import { Invalid, invalid } from "../../core/problem.ts";
import { badRequest } from "./errors.ts";
import { checker, findingsOf } from "./schema.ts";

const INSTANT = "QueryInstant";
TypeRegistry.Set(INSTANT, (_, value) => typeof value === "number");

/** Returns the schema of a query parameter that is a time. Handlers get ms since the Unix epoch. */
export function instant(description: string): TUnsafe<number> {
  return Type.Unsafe<number>({ [Kind]: INSTANT, type: "string", format: "date-time", description });
}

/**
 * Parses a query string by its schema. As in the Svix API, a value of the wrong type returns 400,
 * and a value outside the limits returns 422. Unknown parameters are ignored.
 *
 * `empty` defines how `name=` without a value is treated. Operations that read treat it as absent,
 * because clients send `iterator=` for the first page. Operations that make a change reject it with
 * 422, because a filter that was left empty by mistake must not match everything.
 */
export function parseQuery(schema: TObject, search: string, empty: "absent" | "refused"): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  if (search === "") return values;
  const sent = new URLSearchParams(search);
  for (const [name, field] of Object.entries(schema.properties)) {
    const value = field.type === "array" ? readList(sent, name) : readOne(sent, name, field);
    if (value !== undefined) values[name] = value;
    else if (empty === "refused" && textsOf(sent, name).length > 0)
      throw invalid(["query", name], "Must not be empty.");
  }
  if (!checker(schema).Check(values)) throw new Invalid(...findingsOf(schema, values, "query"));
  return values;
}

function readOne(sent: URLSearchParams, name: string, field: TSchema): unknown {
  const text = sent.get(name);
  if (text === null || (text === "" && field.type === "string")) return undefined;
  const value = convert(text, field);
  if (value === undefined || (field.enum !== undefined && !field.enum.includes(value))) {
    throw badRequest(`Failed to deserialize query string: ${name}: expected ${expectation(field)}`);
  }
  return value;
}

/** Converts the text to the type of the field. Returns undefined if that is not possible. */
function convert(text: string, field: TSchema): unknown {
  if (field.type === "integer") return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (field.type === "boolean") return text === "true" ? true : text === "false" ? false : undefined;
  if (field[Kind] === INSTANT) return parseInstant(text) ?? undefined;
  return text;
}

function expectation(field: TSchema): string {
  if (field.enum !== undefined) return `one of ${field.enum.join(", ")}`;
  if (field[Kind] === INSTANT) return "an instant such as 2026-01-01T00:00:00Z";
  return field.type === "boolean" ? "true or false" : "an integer";
}

/** Reads the values of a list. Accepts `name=a,b`, `name=a&name=b`, `name[]=a` and `name[0]=a`. */
function readList(sent: URLSearchParams, name: string): string[] | undefined {
  const items = textsOf(sent, name).flatMap((text) => text.split(",").filter((item) => item !== ""));
  return items.length === 0 ? undefined : items;
}

/** Returns the texts of a parameter, in any of the notations for lists. */
function textsOf(sent: URLSearchParams, name: string): string[] {
  const isName = (key: string) =>
    key === name || (key.startsWith(`${name}[`) && /^\[\d*\]$/.test(key.slice(name.length)));
  return [...sent].filter(([key]) => isName(key)).map(([, text]) => text);
}
