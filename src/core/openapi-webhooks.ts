/**
 * Extracts event types from an OpenAPI document: the entries of `webhooks` (3.1) or `x-webhooks`
 * (3.0). Each event type gets a self-contained JSON Schema for its payload, which includes all
 * referenced parts. Nothing is fetched: references must point into the document.
 */
import { jsonDepthMax } from "./json.ts";

/** A webhook of the document, as an event type. */
export interface Webhook {
  readonly name: string;
  readonly description: string;
  readonly deprecated: boolean;
  /** Null if the document does not describe the payload. */
  readonly schema: Readonly<Record<string, unknown>> | null;
}

/** The document is invalid at `path`. */
export class DocumentProblem extends Error {
  override readonly name = "DocumentProblem";
  constructor(
    readonly path: readonly string[],
    message: string,
  ) {
    super(message);
  }
}

/** A webhook that cannot be an event type, and the reason. */
export interface UnusableWebhook {
  readonly name: string;
  readonly problem: DocumentProblem;
}

type Json = Readonly<Record<string, unknown>>;

export const webhooksMax = 1000;
/**
 * Maximum number of values in one schema, including all referenced parts. A larger schema would
 * exceed the size limit anyway.
 */
const NODES_MAX = 20_000;
/**
 * Maximum number of unusable webhooks. Each may take as long to process as the largest schema, so a
 * document is refused as soon as it exceeds this number.
 */
const UNUSABLE_MAX = 100;
const REFERENCES_MAX = 32;
const DIALECT_OF_3_1 = "https://json-schema.org/draft/2020-12/schema";

/**
 * Yields the webhooks of an OpenAPI document one by one, because each may take milliseconds to
 * extract. If both sections contain a name, the entry in `webhooks` is used. Throws
 * `DocumentProblem` if the document is invalid.
 */
export function* webhooksOf(document: unknown): Generator<Webhook | UnusableWebhook, void> {
  if (!isObject(document)) throw new DocumentProblem([], "Not an OpenAPI document.");
  const { webhooks, "x-webhooks": extension } = document;
  if (!isObject(webhooks) && !isObject(extension)) {
    throw new DocumentProblem([], "The document has neither webhooks nor x-webhooks.");
  }
  const found = [...entriesOf("x-webhooks", extension), ...entriesOf("webhooks", webhooks)];
  if (found.length > webhooksMax) throw new DocumentProblem([], `The document has more than ${webhooksMax} webhooks.`);
  const byName = new Map(found.map((entry) => [entry.name, entry]));
  let unusable = 0;
  for (const { path, name, item } of byName.values()) {
    const one = webhookOrProblem(document, path, name, item);
    if ("problem" in one && ++unusable > UNUSABLE_MAX) throw one.problem;
    yield one;
  }
}

function webhookOrProblem(
  document: Json,
  path: readonly string[],
  name: string,
  item: unknown,
): Webhook | UnusableWebhook {
  try {
    return webhookOf(document, path, name, item);
  } catch (error) {
    if (!(error instanceof DocumentProblem)) throw error;
    return { name, problem: error };
  }
}

function entriesOf(section: string, map: unknown) {
  if (!isObject(map)) return [];
  return Object.entries(map).map(([name, item]) => ({ path: [section, name], name, item }));
}

function webhookOf(document: Json, path: readonly string[], name: string, sent: unknown): Webhook {
  const item = follow(document, sent, path);
  const operation = operationOf(item);
  const body = follow(document, operation.requestBody ?? {}, [...path, "requestBody"]);
  const texts = [operation.description, operation.summary, body.description, item.description, item.summary];
  return {
    name,
    description: texts.find((text) => typeof text === "string") ?? "",
    deprecated: operation.deprecated === true,
    schema: schemaOf(document, body, path),
  };
}

/**
 * Returns the operation of a path item. Webhooks are sent with POST, but other methods in the
 * document are accepted.
 */
function operationOf(item: Json): Json {
  const found = ["post", "put", "patch", "get", "delete"].map((method) => item[method]).find(isObject);
  return found ?? {};
}

function schemaOf(document: Json, body: Json, path: readonly string[]): Json | null {
  const media = mediaOf(body);
  if (media === null) return null;
  const examples = examplesOf(document, media, path);
  if (media.schema === undefined && examples.length === 0) return null;
  const schema = new Bundle(document, path).whole(media.schema ?? {});
  const hasOwn = schema.examples !== undefined || schema.example !== undefined;
  return examples.length === 0 || hasOwn ? schema : { ...schema, examples };
}

/** Returns the JSON media type of a request body, or null if there is none. */
function mediaOf({ content }: Json): Json | null {
  if (!isObject(content)) return null;
  const types = Object.keys(content);
  const type = types.find((one) => /^application\/json\b/i.test(one)) ?? types.find((one) => /json|\*\/\*/i.test(one));
  const media = type === undefined ? undefined : content[type];
  return isObject(media) ? media : null;
}

function examplesOf(document: Json, { example, examples }: Json, path: readonly string[]): unknown[] {
  if (example !== undefined) return [example];
  if (!isObject(examples)) return [];
  return Object.values(examples)
    .map((one) => follow(document, one, [...path, "examples"]).value)
    .filter((value) => value !== undefined);
}

/**
 * Returns the object that a value is or refers to. Throws `DocumentProblem` if the result is not an
 * object, or if more than 32 references must be followed.
 */
function follow(document: Json, value: unknown, path: readonly string[]): Json {
  let at = value;
  for (let i = 0; i < REFERENCES_MAX && isObject(at) && typeof at.$ref === "string"; i++) {
    at = resolve(document, at.$ref, path);
  }
  if (isObject(at) && typeof at.$ref === "string")
    throw new DocumentProblem(path, `The references form a cycle or a chain of more than ${REFERENCES_MAX}.`);
  if (!isObject(at)) throw new DocumentProblem(path, "Must be an object.");
  return at;
}

/** Returns the value that a local reference points to. */
function resolve(document: Json, reference: string, path: readonly string[]): unknown {
  if (!reference.startsWith("#/")) {
    throw new DocumentProblem(path, "References must point into this document (#/…); other documents are not fetched.");
  }
  let at: unknown = document;
  for (const segment of reference.slice(2).split("/").map(unescapePointer)) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, segment)) {
      throw new DocumentProblem(path, `The reference ${reference.slice(0, 128)} does not resolve.`);
    }
    at = (at as Json)[segment];
  }
  return at;
}

/** Keywords whose values are data, even if they look like schemas. */
const DATA = new Set(["const", "default", "discriminator", "enum", "example", "examples", "externalDocs", "xml"]);
/** Keywords whose values are maps from names to schemas. */
const MAPS = new Set(["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"]);

/** Copies a schema together with all schemas that it references. */
class Bundle {
  readonly #names = new Map<string, string>();
  readonly #definitions: [string, unknown][] = [];
  readonly #is30: boolean;
  #nodes = 0;

  constructor(
    private readonly document: Json,
    private readonly path: readonly string[],
  ) {
    this.#is30 = typeof document.openapi === "string" && document.openapi.startsWith("3.0");
  }

  whole(sent: unknown): Json {
    // The top level is the schema itself, not a reference to the schema.
    const { $ref: _, ...beside } = isObject(sent) ? sent : {};
    const top = this.#schema({ ...follow(this.document, sent === true ? {} : sent, this.path), ...beside }) as Json;
    this.#fillDefinitions();
    const dialect = this.#is30 || top.$schema !== undefined ? {} : { $schema: this.#dialect() };
    if (this.#definitions.length === 0) return { ...dialect, ...top };
    const own = isObject(top.$defs) ? top.$defs : {};
    return { ...dialect, ...top, $defs: { ...own, ...Object.fromEntries(this.#definitions) } };
  }

  #dialect(): string {
    const { jsonSchemaDialect: own } = this.document;
    return typeof own === "string" && own.startsWith("http://json-schema.org/") ? own : DIALECT_OF_3_1;
  }

  #schema(value: unknown, depth = 0): unknown {
    this.#count(depth);
    if (Array.isArray(value)) return value.map((item) => this.#schema(item, depth + 1));
    if (!isObject(value)) return value;
    const fields = Object.entries(value).map(([key, child]): [string, unknown] => {
      if (key === "$ref" && typeof child === "string") return [key, this.#definition(child)];
      if (DATA.has(key)) return [key, this.#data(child, depth + 1)];
      return [key, MAPS.has(key) ? this.#map(child, depth + 1) : this.#schema(child, depth + 1)];
    });
    const copy = Object.fromEntries(fields);
    return this.#is30 ? fromOpenApi30(copy) : copy;
  }

  #map(value: unknown, depth: number): unknown {
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, this.#schema(schema, depth + 1)]));
  }

  /**
   * Copies a value that is not a schema. In YAML a value may contain itself, so depth and size are
   * limited here too.
   */
  #data(value: unknown, depth: number): unknown {
    this.#count(depth);
    if (Array.isArray(value)) return value.map((item) => this.#data(item, depth + 1));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, this.#data(child, depth + 1)]));
  }

  /** Returns a reference to the definition that will contain the target of this reference. */
  #definition(reference: string): string {
    let name = this.#names.get(reference);
    if (name === undefined) {
      name = this.#freeName(unescapePointer(reference.slice(reference.lastIndexOf("/") + 1)));
      this.#names.set(reference, name);
    }
    return `#/$defs/${name}`;
  }

  /**
   * Copies the referenced schemas. Each copy may add further references to the map during the loop.
   */
  #fillDefinitions(): void {
    for (const [reference, name] of this.#names) {
      this.#definitions.push([name, this.#schema(resolve(this.document, reference, this.path))]);
    }
  }

  #freeName(wish: string): string {
    const base = wish.replaceAll(/[^A-Za-z0-9._-]/g, "_") || "schema";
    const taken = new Set(this.#names.values());
    let name = base;
    for (let i = 2; taken.has(name); i++) name = `${base}_${i}`;
    return name;
  }

  #count(depth: number): void {
    if (++this.#nodes > NODES_MAX || depth > jsonDepthMax) {
      throw new DocumentProblem(
        this.path,
        "The schema is too large or too deeply nested, including everything it references.",
      );
    }
  }
}

/** Converts keywords that exist only in OpenAPI 3.0 to JSON Schema. */
function fromOpenApi30(schema: Record<string, unknown>): Record<string, unknown> {
  const { nullable, exclusiveMinimum, exclusiveMaximum, ...rest } = schema;
  const { minimum, maximum, ...unbounded } = rest;
  return {
    ...unbounded,
    ...(nullable === true && typeof rest.type === "string" && { type: [rest.type, "null"] }),
    ...(nullable === true && Array.isArray(rest.enum) && { enum: [...new Set([...rest.enum, null])] }),
    ...bound("minimum", "exclusiveMinimum", minimum, exclusiveMinimum),
    ...bound("maximum", "exclusiveMaximum", maximum, exclusiveMaximum),
  };
}

function bound(name: string, exclusiveName: string, value: unknown, exclusive: unknown): Json {
  if (exclusive === true) return value === undefined ? {} : { [exclusiveName]: value };
  return {
    ...(value !== undefined && { [name]: value }),
    ...(typeof exclusive === "number" && { [exclusiveName]: exclusive }),
  };
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unescapePointer(segment: string): string {
  return decoded(segment).replaceAll("~1", "/").replaceAll("~0", "~");
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
