import { describe, expect, test } from "bun:test";
import { schemaBytesMax } from "../../src/core/rule.ts";
import { compileSchema, UnusableSchema } from "../../src/json-schema/compile.ts";

const DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema";

/** Returns the location and the reason with which a schema is refused. */
function refusal(schema: unknown): { path: readonly string[]; message: string } {
  try {
    compileSchema(schema);
  } catch (error) {
    if (error instanceof UnusableSchema) return { path: error.path, message: error.message };
    throw error;
  }
  throw new Error("The schema was accepted.");
}

function places(schema: unknown, payload: unknown): string[] {
  return compileSchema(schema)(payload).map(({ loc }) => loc.join("/"));
}

describe("compiled schema", () => {
  test("a valid payload has no findings", () => {
    expect(compileSchema({ type: "object", required: ["a"] })({ a: 1 })).toEqual([]);
  });

  test("names that occur in the code of the validator are names like others", () => {
    for (const name of ["vErrors.push(", 'a"vErrors.concat(', "vErrors", "self", "errors", "data"]) {
      const schema = { required: [name], properties: JSON.parse(`{${JSON.stringify(name)}:{"type":"number"}}`) };
      const of = (value: unknown) => JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`);
      expect([name, places(schema, of(1)), places(schema, of("a"))]).toEqual([name, [], [`body/payload/${name}`]]);
    }
  });

  test("the findings about a payload have the location and reason of each fault and quote no values", () => {
    const check = compileSchema({
      type: "object",
      required: ["id", "list"],
      properties: { id: { type: "string" }, list: { type: "array", items: { enum: [1, 2] } } },
      additionalProperties: false,
    });
    expect(check({ list: [1, "secret"], "x/y": "secret" })).toEqual([
      { loc: ["body", "payload", "id"], msg: "This field is required.", type: "schema.required" },
      { loc: ["body", "payload", "x/y"], msg: "The schema does not allow this field.", type: expect.any(String) },
      { loc: ["body", "payload", "list", "[1]"], msg: expect.any(String), type: "schema.enum" },
    ]);
    expect(JSON.stringify(check({ list: [1, "secret"], id: 77777 }))).not.toMatch(/secret|77777/);
  });

  test("a check returns at most twenty findings", () => {
    const list = Array.from({ length: 1000 }, () => "x");
    expect(places({ properties: { list: { items: { type: "integer" } } } }, { list })).toHaveLength(20);
  });

  test("a schema is checked by the rules of draft-07 unless it declares 2020-12", () => {
    const tuple = { properties: { list: { prefixItems: [{ type: "string" }] } } };
    expect(places(tuple, { list: [1] })).toEqual([]);
    expect(places({ $schema: DRAFT_2020, ...tuple }, { list: [1] })).toEqual(["body/payload/list/[0]"]);
    const oldTuple = { properties: { list: { items: [{ type: "string" }] } } };
    expect(places(oldTuple, { list: [1] })).toEqual(["body/payload/list/[0]"]);
    expect(refusal({ $schema: DRAFT_2020, ...oldTuple }).path).toEqual(["properties", "list", "items"]);
  });

  test("a schema that declares an older draft is checked by the rules of draft-07", () => {
    expect(places({ $schema: "http://json-schema.org/draft-04/schema#", id: "x", type: "object" }, [])).toHaveLength(1);
  });

  test("a schema may refer to itself", () => {
    const tree = { $defs: { node: { properties: { next: { $ref: "#/$defs/node" }, n: { type: "integer" } } } } };
    expect(places({ $ref: "#/$defs/node", ...tree }, { next: { next: { n: "x" } } })).toEqual([
      "body/payload/next/next/n",
    ]);
    expect(places({ properties: { next: { $ref: "#" } }, required: ["n"] }, { n: 1, next: {} })).toEqual([
      "body/payload/next/n",
    ]);
  });

  test("known formats are checked, and unknown formats are ignored", () => {
    const of = (format: string, value: string) => places({ properties: { a: { format } } }, { a: value }).length;
    expect([of("email", "a@b.example"), of("email", "x"), of("date-time", "x"), of("nonsense", "x")]).toEqual([
      0, 1, 1, 0,
    ]);
  });

  test("the `byte` format accepts only padded base64, of any length", () => {
    const check = compileSchema({ properties: { a: { format: "byte" } } });
    const fits = (a: string) => check({ a }).length === 0;
    const long = "Az09+/aa".repeat(250_000);
    const good = ["", "aGk=", "aA==", "aGkh", "+/+/", long, `${long}aA==`];
    const bad = [
      "a",
      "aGk",
      "aG=k",
      "a===",
      "====",
      "aGk=aGk=",
      "aGk-",
      "aGé=",
      "aG\u0141=",
      "*\n\naGk=",
      "aGkh\n",
      "    ",
    ];
    expect(good.filter((text) => !fits(text))).toEqual([]);
    expect([...bad, `${long}*AAA`, `*${long}AAA`].filter(fits)).toEqual([]);
  });

  test("a schema may use OpenAPI's `nullable`, even without a type", () => {
    const schema = { properties: { a: { type: "string", nullable: true }, b: { nullable: true } } };
    expect(places(schema, { a: null, b: 1 })).toEqual([]);
  });

  test("inherited properties of objects do not count as fields of a payload", () => {
    const schema = { properties: { constructor: { type: "string" } }, required: ["toString"] };
    expect(places(schema, {})).toEqual(["body/payload/toString"]);
  });

  test("a schema on which the validator itself fails is reported as unusable", () => {
    const condition = '{"if": {"unevaluatedItems": {}, "maxProperties": 0}, "then": {"properties": {"a": {}}}}';
    const check = compileSchema({ $schema: DRAFT_2020, ...JSON.parse(condition), patternProperties: { ".": {} } });
    expect(check({})).toEqual([]);
    expect(check({ x: 1 }).map(({ type }) => type)).toEqual(["schema.unusable"]);
  });

  test("a schema with names that are special in JavaScript works like any other", () => {
    const schema = JSON.parse('{"properties":{"__proto__":{"type":"string"}},"required":["__proto__"]}');
    expect(() => compileSchema(schema)(JSON.parse('{"__proto__":{"polluted":1}}'))).not.toThrow();
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test("uniqueItems compares values by content, whatever the order of their keys", () => {
    const schema = { properties: { a: { uniqueItems: true } } };
    expect(
      places(schema, {
        a: [
          { x: 1, y: 2 },
          { y: 2, x: 1 },
        ],
      }),
    ).toEqual(["body/payload/a"]);
    expect(places(schema, { a: [1, "1", [1], { a: 1 }, null, "null"] })).toEqual([]);
  });
});

describe("unusable schemas", () => {
  const cases: [string, unknown, string[]][] = [
    ["that is a string", "x", []],
    ["that is an array", [], []],
    ["that is null", null, []],
    ["with an unknown type", { type: "objekt" }, ["type"]],
    ["with an invalid limit deep inside", { properties: { a: { minLength: -1 } } }, ["properties", "a", "minLength"]],
    ["of an unknown dialect", { $schema: "https://example.com/dialect" }, ["$schema"]],
    ["with an invalid pattern", { pattern: "(" }, ["pattern"]],
    ["with an invalid pattern for field names", { patternProperties: { "(": {} } }, ["patternProperties", "("]],
    ["with a lookahead in a pattern", { properties: { a: { pattern: "^(?!x)" } } }, ["properties", "a", "pattern"]],
    ["with a backreference in a pattern", { properties: { a: { pattern: "(a)\\1" } } }, ["properties", "a", "pattern"]],
    ["with a reference to a map of schemas", { properties: { type: {} }, not: { $ref: "#/properties" } }, []],
    [
      "with a reference to an object that is not a schema",
      { "x-own": { maxLength: "x" }, not: { $ref: "#/x-own" } },
      [],
    ],
    ["with a reference to another URL", { $ref: "https://example.com/schema.json" }, []],
    ["with a reference to a file", { $ref: "file:///etc/passwd" }, []],
    ["with a reference that does not resolve", { $ref: "#/$defs/none" }, []],
    ["that only refers to itself", { $ref: "#" }, []],
    ["whose references form a cycle", { anyOf: [{ $ref: "#/$defs/a" }], $defs: { a: { not: { $ref: "#" } } } }, []],
    ["that is too long", { description: "x".repeat(schemaBytesMax) }, []],
  ];
  for (const [name, schema, path] of cases) {
    test(`a schema ${name} is refused`, () => {
      expect(refusal(schema).path).toEqual(path);
    });
  }

  test("a schema with a reference to the $id of another schema is refused", () => {
    compileSchema({ $id: "https://example.com/a", type: "string" });
    expect(refusal({ $ref: "https://example.com/a" }).message).toContain("not fetched");
  });
});

describe("named schemas under unknown keywords", () => {
  const keywords = ["type", "const", "enum", "format", "required", "maxLength", "minimum", "pattern", "uniqueItems"];
  const notes = ["id", "default", "discriminator", "example", "examples", "nullable", "title", "dependentRequired"];
  const holders = ["items", "not", "if", "contains", "properties", "definitions", "dependencies", "patternProperties"];
  const names = [...keywords, ...notes, ...holders];
  const component = { type: "string", maxLength: 3 };

  for (const name of names) {
    for (const $schema of ["http://json-schema.org/draft-07/schema#", DRAFT_2020]) {
      test(`a schema under an unknown keyword may be named ${name} (${$schema})`, () => {
        const components = { schemas: { [name]: component, Other: { allOf: [{ type: "integer" }] } } };
        const schema = {
          $schema,
          properties: {
            a: { $ref: `#/components/schemas/${name}` },
            b: { $ref: `#/components/schemas/${name}` },
            c: { $ref: "#/components/schemas/Other" },
          },
          components,
        };
        expect(places(schema, { a: 1, b: "xxxx", c: "x" }).sort()).toEqual([
          "body/payload/a",
          "body/payload/b",
          "body/payload/c",
        ]);
        expect(places(schema, { a: "x", b: "xxx", c: 1 })).toEqual([]);
      });
    }
  }

  test("named schemas may be nested deeper under an unknown keyword", () => {
    const schema = { $ref: "#/x-own/type/example/a", "x-own": { type: { example: { a: { type: "string" } } } } };
    expect(places(schema, 1)).toEqual(["body/payload"]);
  });

  test("names of schemas under an unknown keyword are not treated as keywords, even if the object that contains them is used as a schema", () => {
    const used = (own: object) => ({ properties: { a: { $ref: "#/x-own" } }, "x-own": own });
    const notes = { default: {}, example: { type: "string" }, examples: {}, id: {}, discriminator: {}, $async: {} };
    expect(places(used({ ...notes, properties: { b: { type: "string" } } }), { a: { b: 1 } })).toEqual([
      "body/payload/a/b",
    ]);
    expect(places(used({ const: { b: 1 } }), { a: { b: 1 } })).toEqual([]);
    expect(places(used({ const: { b: 1 } }), { a: { b: 2 } })).toEqual(["body/payload/a"]);
    expect(places(used({ properties: { b: false }, dependencies: { b: ["c"] } }), { a: { b: 1 } })).toHaveLength(2);
  });

  test("an object with a schema under the name of a keyword that expects another value cannot be used as a schema", () => {
    const accepted = ["type", "enum", "format", "required", "maxLength"].filter((name) => {
      try {
        compileSchema({ $ref: "#/x-own", "x-own": { [name]: component } });
        return true;
      } catch (error) {
        expect(error).toBeInstanceOf(UnusableSchema);
        return false;
      }
    });
    expect(accepted).toEqual([]);
  });

  test("examples in a schema are not treated as schemas and do not count toward its size", () => {
    const example = Object.fromEntries(Array.from({ length: 1200 }, (_, i) => [`k${i}`, { $id: "x" }]));
    const components = { schemas: { User: { type: "object", required: ["id"], example } } };
    expect(places({ $ref: "#/components/schemas/User", components }, {})).toEqual(["body/payload/id"]);
  });
});

describe("keywords that only the validator knows", () => {
  const strict = { properties: { a: { type: "string" } }, required: ["a"] };
  const keywords: [string, unknown][] = [
    ["$async", true],
    ["$data", true],
    ["discriminator", { propertyName: "a" }],
    ["nullable", true],
    ["$comment", "x"],
  ];
  for (const [word, value] of keywords) {
    test(`the validator's keyword ${word} has no effect`, () => {
      const schemas = [
        { ...strict, [word]: value },
        { allOf: [{ ...strict, [word]: value }] },
        { $ref: "#/definitions/x", definitions: { x: { ...strict, [word]: value } } },
      ];
      for (const schema of schemas) {
        expect(places(schema, { a: 1 })).toEqual(["body/payload/a"]);
        expect(places(schema, { a: "x" })).toEqual([]);
      }
    });

    test(`the validator's keyword ${word} may be the name of a field`, () => {
      expect(places({ properties: { [word]: { type: "string" } }, required: [word] }, {})).toEqual([
        `body/payload/${word}`,
      ]);
      expect(places({ properties: { [word]: { type: "string" } } }, { [word]: 1 })).toEqual([`body/payload/${word}`]);
    });
  }

  test("a limit that is given as a $data reference is refused", () => {
    expect(refusal({ properties: { a: { maximum: { $data: "1/b" } } } }).path).toEqual(["properties", "a", "maximum"]);
  });
});

describe("multipleOf", () => {
  const cases: [divisor: number, multiples: number[], others: number[]][] = [
    [0.01, [19.99, 0.07, 1.1, 4.35, 0, -19.99, 1e21, 123456789.01], [19.999, 0.001, 1e-7]],
    [0.1, [0.3, 0.7, 1.1, 1e300], [0.35, 1.0000000000000002]],
    [3, [9, -9, 0, 3e300], [10, 9.5, 0.3]],
    [1e-7, [1, 0.0000003], [1e-8]],
    [2.5, [5, 7.5], [6]],
    [1.5e-300, [3e-300, 1.5e300], [1e-300]],
  ];
  for (const [multipleOf, multiples, others] of cases) {
    test(`multipleOf ${multipleOf} is checked in decimal arithmetic`, () => {
      const check = compileSchema({ properties: { a: { multipleOf } } });
      expect(multiples.filter((a) => check({ a }).length > 0)).toEqual([]);
      expect(others.filter((a) => check({ a }).length === 0)).toEqual([]);
    });
  }
});
