/** A JSON value in the document. */
type Json = string | number | boolean | null | undefined | Json[] | { [name: string]: Json };

/**
 * Moves every schema with a title to `schemas` and replaces it with references, so that the
 * document is smaller and generated clients get named types.
 */
export class SchemaHoister {
  /** The moved schemas by title. */
  readonly schemas: { [name: string]: Json } = {};

  /** Returns a copy of a part of the document, without the symbols of TypeBox. */
  hoisted<T extends object>(part: T): T {
    return replace(JSON.parse(JSON.stringify(part)) as Json, this.schemas) as T;
  }
}

function replace(value: Json, schemas: { [name: string]: Json }): Json {
  if (Array.isArray(value)) return value.map((item) => replace(item, schemas));
  if (typeof value !== "object" || value === null) return value;
  const name = nameOf(value);
  const inner: { [name: string]: Json } = {};
  for (const [key, child] of Object.entries(value)) {
    // Examples and defaults are data, even if they look like schemas.
    inner[key] = key === "example" || key === "examples" || key === "default" ? child : replace(child, schemas);
  }
  if (name === null) return inner;
  schemas[name] = inner;
  return { $ref: `#/components/schemas/${name}` };
}

/**
 * Returns the title of an object or union schema. Returns null for any other value, even if the
 * value has a title.
 */
function nameOf(value: { [name: string]: Json }): string | null {
  return typeof value.title === "string" && (value.type === "object" || value.anyOf !== undefined) ? value.title : null;
}
