/** A JSON value on its way into the document. */
type Json = string | number | boolean | null | undefined | Json[] | { [name: string]: Json };

/**
 * Moves every schema that has a title to the components, and puts references in its places, so that the document says each
 * thing once and generated clients have names for their types.
 */
export function hoistSchemas(document: object): object {
  const schemas: { [name: string]: Json } = {};
  const { components, ...rest } = JSON.parse(JSON.stringify(document)) as { [name: string]: Json };
  const hoisted = replace(rest, schemas) as object;
  return { ...hoisted, components: { ...(components as object), schemas } };
}

function replace(value: Json, schemas: { [name: string]: Json }): Json {
  if (Array.isArray(value)) return value.map((item) => replace(item, schemas));
  if (typeof value !== "object" || value === null) return value;
  const name = nameOf(value);
  const inner: { [name: string]: Json } = {};
  for (const [key, child] of Object.entries(value)) {
    // Examples are data: whatever they look like, nothing in them is a schema.
    inner[key] = key === "example" || key === "examples" || key === "default" ? child : replace(child, schemas);
  }
  if (name === null) return inner;
  schemas[name] = inner;
  return { $ref: `#/components/schemas/${name}` };
}

/** The document itself has a title as well, but not as a schema. */
function nameOf(value: { [name: string]: Json }): string | null {
  return typeof value.title === "string" && (value.type === "object" || value.anyOf !== undefined) ? value.title : null;
}
