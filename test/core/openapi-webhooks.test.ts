import { describe, expect, test } from "bun:test";
import {
  DocumentProblem,
  type UnusableWebhook,
  type Webhook,
  webhooksMax,
  webhooksOf,
} from "../../src/core/openapi-webhooks.ts";

const DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema";

/** Returns a document with one webhook whose payload has this schema. */
function withSchema(schema: unknown, more: object = {}, version = "3.1.0") {
  const content = { "application/json": { schema } };
  return { openapi: version, webhooks: { "pet.new": { post: { requestBody: { content } } } }, ...more };
}

function usableIn(document: unknown): Webhook[] {
  return [...webhooksOf(document)].filter((one): one is Webhook => !("problem" in one));
}

function unusableIn(document: unknown): UnusableWebhook[] {
  return [...webhooksOf(document)].filter((one) => "problem" in one);
}

function schemaOf(document: unknown) {
  return usableIn(document)[0]!.schema;
}

/** Returns the problem of a document or of its first unusable webhook. */
function problemOf(document: unknown): { path: readonly string[]; message: string } {
  try {
    const [first] = unusableIn(document);
    if (first !== undefined) return first.problem;
  } catch (error) {
    if (error instanceof DocumentProblem) return { path: error.path, message: error.message };
    throw error;
  }
  throw new Error("The document was accepted.");
}

describe("OpenAPI webhooks", () => {
  test("a webhook becomes an event type with the webhook's description, deprecation and schema", () => {
    const document = {
      openapi: "3.1.0",
      webhooks: {
        a: {
          post: {
            description: "An a.",
            deprecated: true,
            requestBody: { content: { "application/json; charset=utf-8": { schema: { type: "object" } } } },
          },
        },
      },
    };
    expect(usableIn(document)).toEqual([
      { name: "a", description: "An a.", deprecated: true, schema: { $schema: DRAFT_2020, type: "object" } },
    ]);
  });

  test("a webhook may be listed under x-webhooks, but a webhook of the same name under webhooks takes precedence", () => {
    const one = (description: string) => ({ post: { description } });
    const document = { webhooks: { a: one("new") }, "x-webhooks": { a: one("old"), b: one("b") } };
    expect(usableIn(document).map(({ name, description }) => [name, description])).toEqual([
      ["a", "new"],
      ["b", "b"],
    ]);
  });

  test("webhooks are extracted one at a time, as they are asked for", () => {
    const read: string[] = [];
    const item = (name: string) => ({
      get post() {
        read.push(name);
        return { description: name };
      },
    });
    const found = webhooksOf({ webhooks: { a: item("a"), b: item("b") } });
    expect(read).toEqual([]);
    expect(found.next().value).toMatchObject({ name: "a" });
    expect(read).not.toContain("b");
    expect(found.next().value).toMatchObject({ name: "b" });
    expect(read).toContain("b");
  });

  test("a webhook gets the description nearest to its operation", () => {
    const describe = (item: object) => usableIn({ webhooks: { a: item } })[0]!.description;
    expect(describe({ description: "item", post: { summary: "operation" } })).toBe("operation");
    expect(describe({ description: "item", post: { requestBody: { description: "body" } } })).toBe("body");
    expect(describe({ description: "item", put: {} })).toBe("item");
    expect(describe({})).toBe("");
  });

  test("a webhook without a JSON payload has no schema", () => {
    const content = { "application/xml": { schema: { type: "object" } } };
    expect(schemaOf({ webhooks: { a: { post: { requestBody: { content } } } } })).toBeNull();
  });

  test("a webhook and its body may be references", () => {
    const document = {
      openapi: "3.1.0",
      webhooks: { a: { $ref: "#/components/pathItems/A" } },
      components: {
        pathItems: { A: { post: { requestBody: { $ref: "#/components/requestBodies/B" } } } },
        requestBodies: { B: { content: { "application/json": { schema: { type: "object" } } } } },
      },
    };
    expect(schemaOf(document)).toMatchObject({ type: "object" });
  });
});

describe("webhook schemas", () => {
  test("a webhook schema includes each definition that it references once", () => {
    const schemas = {
      Pet: { type: "object", properties: { owner: { $ref: "#/components/schemas/Owner" } } },
      Owner: { type: "object", properties: { pets: { items: { $ref: "#/components/schemas/Pet" } } } },
      Stranger: {},
    };
    expect(schemaOf(withSchema({ $ref: "#/components/schemas/Pet" }, { components: { schemas } }))).toEqual({
      $schema: DRAFT_2020,
      type: "object",
      properties: { owner: { $ref: "#/$defs/Owner" } },
      $defs: {
        Owner: { type: "object", properties: { pets: { items: { $ref: "#/$defs/Pet" } } } },
        Pet: { type: "object", properties: { owner: { $ref: "#/$defs/Owner" } } },
      },
    });
  });

  test("two definitions with the same name get different names in a webhook schema", () => {
    const document = withSchema(
      { anyOf: [{ $ref: "#/components/schemas/A" }, { $ref: "#/components/more/A" }] },
      { components: { schemas: { A: { type: "string" } }, more: { A: { type: "null" } } } },
    );
    expect(schemaOf(document)).toMatchObject({
      anyOf: [{ $ref: "#/$defs/A" }, { $ref: "#/$defs/A_2" }],
      $defs: { A: { type: "string" }, A_2: { type: "null" } },
    });
  });

  test("a webhook schema may have properties with any name, even the name of a keyword", () => {
    const properties = { $ref: { type: "string" }, example: { $ref: "#/components/schemas/A" }, properties: {} };
    const document = withSchema({ properties }, { components: { schemas: { A: { type: "string" } } } });
    expect(schemaOf(document)).toMatchObject({ properties: { ...properties, example: { $ref: "#/$defs/A" } } });
  });

  test("a webhook schema keeps its examples, or gets those of the media type if it has none", () => {
    const example = { $ref: "not a reference" };
    expect(schemaOf(withSchema({ example }))).toMatchObject({ example });
    const content = { "application/json": { schema: {}, examples: { one: { value: { n: 1 } }, two: { value: 2 } } } };
    const document = { openapi: "3.1.0", webhooks: { a: { post: { requestBody: { content } } } } };
    expect(schemaOf(document)).toMatchObject({ examples: [{ n: 1 }, 2] });
  });

  test("the OpenAPI 3.0 keywords in a webhook schema are converted to JSON Schema", () => {
    const schema = {
      properties: {
        a: { type: "string", nullable: true, enum: ["x"] },
        b: { type: "integer", minimum: 0, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false },
      },
    };
    expect(schemaOf(withSchema(schema, {}, "3.0.3"))).toEqual({
      properties: {
        a: { type: ["string", "null"], enum: ["x", null] },
        b: { type: "integer", exclusiveMinimum: 0, maximum: 9 },
      },
    });
  });

  test("a webhook schema keeps the dialect that its document declares", () => {
    const dialect = "http://json-schema.org/draft-07/schema#";
    expect(schemaOf(withSchema({}, { jsonSchemaDialect: dialect }))).toEqual({ $schema: dialect });
  });
});

describe("invalid OpenAPI documents", () => {
  const cases: [string, unknown, string[]][] = [
    ["that is null", null, []],
    ["that is an array", [], []],
    ["without webhooks", { openapi: "3.1.0", paths: {} }, []],
    ["whose webhooks are a list", { webhooks: [] }, []],
    ["with a webhook that is a string", { webhooks: { a: "x" } }, ["webhooks", "a"]],
    ["with a reference to another URL", withSchema({ $ref: "https://example.com/a" }), ["webhooks", "pet.new"]],
    ["with a reference to another file", withSchema({ items: { $ref: "a.yaml#/x" } }), ["webhooks", "pet.new"]],
    ["with a reference that does not resolve", withSchema({ $ref: "#/components/x" }), ["webhooks", "pet.new"]],
    ["whose references form a cycle", { webhooks: { a: { $ref: "#/webhooks/a" } } }, ["webhooks", "a"]],
    ["with a reference to an inherited property", withSchema({ $ref: "#/constructor" }), ["webhooks", "pet.new"]],
  ];
  for (const [name, document, path] of cases) {
    test(`a document ${name} is refused`, () => {
      expect(problemOf(document).path).toEqual(path);
    });
  }

  test("a YAML document that contains itself is refused", () => {
    const schema: Record<string, unknown> = {};
    schema.properties = { a: schema };
    expect(problemOf(withSchema(schema)).message).toContain("too large");
    const example: unknown[] = [];
    example.push(example, example);
    expect(problemOf(withSchema({ example })).message).toContain("too large");
  });

  test("a document with too many webhooks is refused", () => {
    const webhooks = Object.fromEntries(Array.from({ length: webhooksMax + 1 }, (_, i) => [`w${i}`, {}]));
    expect(problemOf({ webhooks }).message).toContain(String(webhooksMax));
  });
});
