/** Finds or generates an example value for a JSON Schema. */

interface Schema {
  readonly [keyword: string]: unknown;
}

export interface SchemaExample {
  readonly value: unknown;
  /** Whether the value was generated, because the schema contains no example. */
  readonly isGenerated: boolean;
}

/** Maximum depth of a generated value. Schemas can be recursive. */
const DEPTH_MAX = 8;
/** Maximum size of a generated value, roughly in characters of JSON. Small schemas can describe more. */
const CHARS_MAX = 65_536;

/** Returns the example in a schema or, if there is none, a value that fits most schemas like it. */
export function exampleOf(schema: unknown): SchemaExample {
  const named = isSchema(schema) ? namedExample(schema) : undefined;
  return named === undefined
    ? { value: new Generator(schema).generate(schema, 0), isGenerated: true }
    : { value: named, isGenerated: false };
}

class Generator {
  #charsLeft = CHARS_MAX;

  constructor(private readonly root: unknown) {}

  /** Returns a value for a part of the schema, or null if it is too deep or the value is too large. */
  generate(schema: unknown, depth: number): unknown {
    this.#charsLeft -= 4;
    if (!isSchema(schema) || depth > DEPTH_MAX || this.#charsLeft < 0) return null;
    const named = namedExample(schema);
    if (named !== undefined) return this.#fits(named) ? named : null;
    const other = substituteFor(schema, this.root);
    if (other !== undefined) return this.generate(other, depth + 1);
    switch (typeOf(schema)) {
      case "object":
        return this.#object(schema, depth);
      case "array":
        return schema.items === undefined ? [] : [this.generate(schema.items, depth + 1)];
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

  #object(schema: Schema, depth: number): unknown {
    const parts = Array.isArray(schema.allOf) ? schema.allOf.map((part) => this.generate(part, depth + 1)) : [];
    const own: [string, unknown][] = [];
    for (const [name, property] of Object.entries(isSchema(schema.properties) ? schema.properties : {})) {
      if (this.#charsLeft < 0) break;
      this.#charsLeft -= name.length;
      own.push([name, this.generate(property, depth + 1)]);
    }
    return Object.assign({}, ...parts, Object.fromEntries(own));
  }

  #fits(named: unknown): boolean {
    this.#charsLeft -= JSON.stringify(named).length;
    return this.#charsLeft >= 0;
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

/**
 * Returns the schema that replaces this one: the target of its reference or its first alternative.
 */
function substituteFor(schema: Schema, root: unknown): unknown {
  if (typeof schema.$ref === "string") return targetOf(schema.$ref, root);
  const alternatives = [schema.oneOf, schema.anyOf].find((list) => Array.isArray(list) && list.length > 0);
  return (alternatives as unknown[] | undefined)?.[0];
}

/** Returns the part of the schema at `#/a/b`, or null. */
function targetOf(reference: string, root: unknown): unknown {
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

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
