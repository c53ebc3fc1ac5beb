/** An example of what a JSON Schema describes: the one that it names, or one made from what it says of its parts. */

interface Schema {
  readonly [keyword: string]: unknown;
}

export interface SchemaExample {
  readonly value: unknown;
  /** It was made here; the schema does not name one. */
  readonly made: boolean;
}

/** A schema may lead back to itself. */
const DEPTH_MAX = 8;

const byVersion = new Intl.Collator("en", { numeric: true });

/** The schema of the greatest version, which payloads are held against; null when there is none. */
export function latestSchema(schemas: Readonly<Record<string, unknown>> | null): unknown {
  const latest = Object.keys(schemas ?? {})
    .sort(byVersion.compare)
    .at(-1);
  return latest === undefined ? null : schemas![latest];
}

export function exampleOf(schema: unknown): SchemaExample {
  const named = isSchema(schema) ? namedExample(schema) : undefined;
  return named === undefined ? { value: madeFor(schema, schema, 0), made: true } : { value: named, made: false };
}

function madeFor(schema: unknown, root: unknown, depth: number): unknown {
  if (!isSchema(schema) || depth > DEPTH_MAX) return null;
  const named = namedExample(schema);
  if (named !== undefined) return named;
  const other = elsewhere(schema, root);
  if (other !== undefined) return madeFor(other, root, depth + 1);
  switch (typeOf(schema)) {
    case "object":
      return objectFor(schema, root, depth);
    case "array":
      return schema.items === undefined ? [] : [madeFor(schema.items, root, depth + 1)];
    case "string":
      return FORMATS[String(schema.format)] ?? "text";
    case "integer":
    case "number":
      return typeof schema.minimum === "number" ? schema.minimum : 0;
    case "boolean":
      return true;
    default:
      return null;
  }
}

const FORMATS: Readonly<Record<string, string>> = {
  "date-time": "2026-01-01T00:00:00Z",
  date: "2026-01-01",
  email: "person@example.com",
  uri: "https://example.com/",
  url: "https://example.com/",
  uuid: "0b8c7f3e-6f2a-4d53-9a37-0c2d1f5b7e11",
};

function namedExample(schema: Schema): unknown {
  const listed = [schema.examples, schema.enum].find((list) => Array.isArray(list) && list.length > 0);
  return schema.const ?? schema.example ?? (listed as unknown[] | undefined)?.[0] ?? schema.default;
}

/** What stands for this schema: the place of its reference, or the first of its alternatives. */
function elsewhere(schema: Schema, root: unknown): unknown {
  if (typeof schema.$ref === "string") return placeOf(schema.$ref, root);
  const alternatives = [schema.oneOf, schema.anyOf].find((list) => Array.isArray(list) && list.length > 0);
  return (alternatives as unknown[] | undefined)?.[0];
}

/** The part of the schema that `#/a/b` names; null when there is none. */
function placeOf(reference: string, root: unknown): unknown {
  if (!reference.startsWith("#")) return null;
  let at = root;
  for (const escaped of reference.slice(1).split("/").slice(1)) {
    const key = escaped.replaceAll("~1", "/").replaceAll("~0", "~");
    at = isSchema(at) && Object.hasOwn(at, key) ? at[key] : null;
  }
  return at;
}

function typeOf(schema: Schema): unknown {
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  return type ?? (isSchema(schema.properties) || Array.isArray(schema.allOf) ? "object" : undefined);
}

function objectFor(schema: Schema, root: unknown, depth: number): unknown {
  const parts = Array.isArray(schema.allOf) ? schema.allOf.map((part) => madeFor(part, root, depth + 1)) : [];
  const own = isSchema(schema.properties)
    ? Object.entries(schema.properties).map(([name, property]) => [name, madeFor(property, root, depth + 1)])
    : [];
  return Object.assign({}, ...parts, Object.fromEntries(own));
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
