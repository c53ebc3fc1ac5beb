import { describe, expect, test } from "bun:test";
import { partFor } from "../../web/docs-part.ts";
import { startServer } from "../support/server.ts";

const reference = (name: string) => ({ $ref: `#/components/${name}` });
const APP = { type: "object", properties: { parent: reference("schemas/App"), owner: reference("schemas/Owner") } };
const COMPONENTS = {
  securitySchemes: { bearer: { type: "http" } },
  schemas: { App: APP, Owner: { type: "string" }, Cat: { type: "string" }, Dog: { type: "string" } },
  responses: { Gone: { description: "The application was deleted." } },
};
const PATHS = {
  "/app": { get: { responses: { 200: reference("schemas/App"), 410: reference("responses/Gone") } } },
  "/pet": { get: { discriminator: { mapping: { cat: "#/components/schemas/Cat" } }, missing: "#/components/x/y" } },
};
const ROOT = { openapi: "3.1.0", info: { title: "Example" }, security: [{ bearer: [] }] };
const DOCUMENT = { ...ROOT, paths: PATHS, components: COMPONENTS };
const { securitySchemes, schemas, responses } = COMPONENTS;

describe("the part of an OpenAPI document", () => {
  test("of an operation has its path, and what it refers to directly or through others", () => {
    expect(partFor(DOCUMENT, ["paths", "/app", "get"])).toEqual({
      ...ROOT,
      paths: { "/app": PATHS["/app"] },
      components: { securitySchemes, schemas: { App: APP, Owner: schemas.Owner }, responses },
    });
    expect(partFor(DOCUMENT, ["paths", "/pet", "get"])).toEqual({
      ...ROOT,
      paths: { "/pet": PATHS["/pet"] },
      components: { securitySchemes, schemas: { Cat: schemas.Cat } },
    });
  });

  test("of components has those, and what they refer to", () => {
    expect(partFor(DOCUMENT, ["components", "securitySchemes"])).toEqual({ ...ROOT, components: { securitySchemes } });
    expect(partFor(DOCUMENT, ["components", "schemas", "App"])).toEqual({
      ...ROOT,
      components: { securitySchemes, schemas: { App: APP, Owner: schemas.Owner } },
    });
    expect(partFor(DOCUMENT, ["components", "schemas"])).toEqual({ ...ROOT, components: { securitySchemes, schemas } });
  });

  test.each([[[]], [["components"]], [["info", "title"]], [["paths", "/other", "get"]]])(
    "of the place %j is the whole document",
    (place: string[]) => {
      expect(partFor(DOCUMENT, place)).toBe(DOCUMENT);
    },
  );

  test("is complete and much smaller for each operation of the server", async () => {
    const server = await startServer();
    const document = await (await fetch(`${server.url}/docs/json`)).json();
    await server.stop();
    const whole = JSON.stringify(document).length;
    let operations = 0;
    for (const [path, methods] of Object.entries<object>(document.paths)) {
      for (const method of Object.keys(methods)) {
        operations++;
        // biome-ignore lint/suspicious/noExplicitAny: a document of any form
        const part: any = partFor(document, ["paths", path, method]);
        const text = JSON.stringify(part);
        expect(part.paths[path]).toEqual(document.paths[path]);
        for (const [, kind, name] of text.matchAll(/"#\/components\/([^/"]+)\/([^/"]+)"/g)) {
          expect(part.components[kind!][name!]).toEqual(document.components[kind!][name!]);
        }
        expect(text.length).toBeLessThan(whole / 5);
      }
    }
    expect(operations).toBeGreaterThan(100);
  });
});
