import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { Value } from "@sinclair/typebox/value";
import { startServer, type TestServer } from "../support/server.ts";

type Schema = Record<string, unknown>;
interface Media {
  schema: Schema;
  example: unknown;
}
interface Documented {
  operationId: string;
  summary: string;
  tags: string[];
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { description: string; content?: Record<string, Media> }>;
  security?: unknown[];
}
interface Document {
  openapi: string;
  info: { title: string; version: string };
  tags: { name: string }[];
  paths: Record<string, Record<string, Documented>>;
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, Schema> };
}

let server: TestServer;
let document: Document;
let operations: (Documented & { method: string; path: string })[];
beforeAll(async () => {
  server = await startServer();
  document = (await (await fetch(`${server.url}/docs/json`)).json()) as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
  );
});
afterAll(() => server.stop());

/** Yields every object in the document. */
function* objects(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const child of Object.values(value)) yield* objects(child);
}

describe("the OpenAPI document", () => {
  test("/docs/json and /api/v1/openapi.json return the OpenAPI document as application/json", async () => {
    for (const path of ["/docs/json", "/api/v1/openapi.json", "/api/v1/openapi.json/"]) {
      const answer = await fetch(server.url + path);
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
      expect(await answer.json()).toEqual(document);
    }
  });

  test("clients that accept gzip get the OpenAPI document compressed, and other clients get it uncompressed", async () => {
    for (const [accepted, coding] of [
      ["br;q=1, gzip;q=0.5", "gzip"],
      ["gzip;q=0", null],
    ] as const) {
      const answer = await fetch(`${server.url}/docs/json`, {
        headers: { "accept-encoding": accepted },
        decompress: false,
      });
      expect([answer.headers.get("content-encoding"), answer.headers.get("vary")]).toEqual([coding, "accept-encoding"]);
      const bytes = await answer.bytes();
      expect(JSON.parse(Buffer.from(coding === null ? bytes : gunzipSync(bytes)).toString())).toEqual(document);
    }
  });

  test("the OpenAPI document states its version, title and authorization", () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info.title).toBe("Boathook");
    expect(document.components.securitySchemes.bearer).toMatchObject({ type: "http", scheme: "bearer" });
  });

  test("every operation has a unique id, a summary and one declared tag", () => {
    const tags = new Set(document.tags.map(({ name }) => name));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { summary, tags: own } of operations) {
      expect(summary.length).toBeGreaterThan(0);
      expect(own).toHaveLength(1);
      expect(tags.has(own[0]!)).toBe(true);
    }
  });

  test("every path parameter is documented as required, and none is documented twice", () => {
    for (const { path, parameters = [] } of operations) {
      const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name!);
      const described = parameters.filter((parameter) => parameter.in === "path");
      expect(described.map(({ name }) => name).sort()).toEqual(inPath.sort());
      for (const parameter of described) expect(parameter.required).toBe(true);
      const names = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test("every operation documents a success and the errors that it can return", () => {
    for (const { operationId, responses, security, requestBody, path } of operations) {
      const statuses = Object.keys(responses);
      if (security === undefined) {
        const wanted = [
          "401",
          "403",
          "503",
          ...(requestBody ? ["408", "413", "422"] : []),
          ...(path.includes("{") ? ["404"] : []),
        ];
        expect([operationId, wanted.filter((status) => !statuses.includes(status))]).toEqual([operationId, []]);
      }
      expect(statuses.some((status) => /^(?:[23]|101)/.test(status))).toBe(true);
      for (const { description } of Object.values(responses)) expect(description.length).toBeGreaterThan(0);
    }
  });

  test("every operation that starts a background task documents that too many tasks are refused with 429", () => {
    const starting = operations.filter(({ responses }) => JSON.stringify(responses[202] ?? null).includes(`"qtask_`));
    expect(starting.length).toBeGreaterThanOrEqual(7);
    for (const { operationId, responses } of starting)
      expect([operationId, Object.keys(responses)]).toEqual([operationId, expect.arrayContaining(["429"])]);
  });

  test("operations that refuse valid requests with 422 document the form of their refusal", () => {
    const refusing = ["ingest.source.send-example", "v1.ingest.source.rotate-token"];
    for (const { responses } of operations.filter(({ operationId }) => refusing.includes(operationId))) {
      const names = ["HttpErrorOut", "HTTPValidationError"];
      expect(responses[422]?.content?.["application/json"]?.schema).toEqual({
        anyOf: names.map((name) => ({ $ref: `#/components/schemas/${name}` })),
      });
    }
  });

  test("every documented body has an example", () => {
    for (const { operationId, responses, requestBody } of operations) {
      const bodies = [requestBody, ...Object.values(responses)].flatMap((body) => Object.values(body?.content ?? {}));
      for (const media of bodies) expect([operationId, media.example !== undefined]).toEqual([operationId, true]);
    }
  });

  test("every example matches its schema", () => {
    const definitions = Object.entries(document.components.schemas).map(([name, schema]) => [
      name,
      inlined(schema, document),
    ]);
    expect(definitions.length).toBeGreaterThan(20);
    for (const { operationId, responses, requestBody } of operations) {
      const bodies = [requestBody, ...Object.values(responses)].flatMap((body) => Object.values(body?.content ?? {}));
      for (const { schema, example } of bodies) {
        expect([operationId, mismatch(inlined(schema, document), example)]).toEqual([operationId, null]);
      }
    }
  });

  test("every reference has a target, and no schema uses the keyword nullable", () => {
    for (const value of objects(document)) {
      if (typeof value.$ref === "string") {
        const name = value.$ref.replace("#/components/schemas/", "");
        expect(document.components.schemas).toHaveProperty([name]);
      }
      expect(value).not.toHaveProperty("nullable");
    }
  });

  test("the OpenAPI document names no host except example.com", () => {
    const hosts = [...JSON.stringify(document).matchAll(/https?:\/\/([^/"\\ ]+)/g)].map(([, host]) => host);
    expect(new Set(hosts)).toEqual(new Set(["example.com"]));
  });
});

/** Returns the schema with all references resolved. */
function inlined(schema: unknown, { components }: Document): Schema {
  const replace = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(replace);
    if (typeof value !== "object" || value === null) return value;
    const { $ref } = value as { $ref?: string };
    if ($ref !== undefined) return replace(components.schemas[$ref.replace("#/components/schemas/", "")]);
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, replace(child)]));
  };
  return replace(schema) as Schema;
}

/**
 * Returns where a value violates a schema, or null. Supports only the keywords that the document
 * uses.
 */
function mismatch(schema: Schema, value: unknown, at = "$"): string | null {
  if (Array.isArray(schema.anyOf)) {
    const fits = schema.anyOf.some((one) => mismatch(one as Schema, value, at) === null);
    return fits ? null : at;
  }
  if (Array.isArray(schema.enum)) return schema.enum.some((one) => Value.Equal(one, value)) ? null : at;
  switch (schema.type) {
    case "null":
      return value === null ? null : at;
    case "array": {
      if (!Array.isArray(value)) return at;
      const found = value.map((item, i) => mismatch((schema.items ?? {}) as Schema, item, `${at}[${i}]`));
      return found.find((one) => one !== null) ?? null;
    }
    case "object": {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return at;
      const missing = ((schema.required ?? []) as string[]).find((name) => !(name in value));
      if (missing !== undefined) return `${at}.${missing}`;
      const properties = (schema.properties ?? {}) as Record<string, Schema>;
      for (const [name, child] of Object.entries(value)) {
        const found = properties[name] === undefined ? null : mismatch(properties[name], child, `${at}.${name}`);
        if (found !== null) return found;
      }
      return null;
    }
    case "integer":
      return Number.isInteger(value) ? null : at;
    case "string":
    case "boolean":
    case "number":
      return typeof value === schema.type ? null : at;
    default:
      return null;
  }
}
