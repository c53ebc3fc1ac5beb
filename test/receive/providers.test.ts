import { describe, expect, test } from "bun:test";
import { tableExpression } from "../../src/receive/expression.ts";
import { findProvider, nearestProviderId, providers } from "../../src/receive/providers/index.ts";

describe("the table of providers", () => {
  test("no two rows share an id or an alias", () => {
    const names = providers.flatMap(({ id, aliases }) => [id, ...aliases]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  for (const provider of providers) {
    const { id } = provider;
    test(`the row of ${id} is complete and its expressions are valid`, () => {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(provider.name).not.toBe("");
      expect(provider.source).not.toBe("");
      for (const expression of [provider.eventType, provider.deliveryId]) {
        if (expression !== null) expect(() => tableExpression(expression)).not.toThrow();
      }
      for (const header of provider.headers) expect(header).toMatch(/^[A-Za-z0-9-]+$/);
      const names = provider.config.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    });
  }

  test("a row that checks no signature over the body is not verified", () => {
    const weak = new Set(["token", "body-token", "basic"]);
    for (const { id, scheme, state } of providers) {
      if (weak.has(scheme.type)) expect({ id, state }).toEqual({ id, state: "authenticated" });
      if (scheme.type === "none") expect({ id, state }).toEqual({ id, state: "unattempted" });
    }
  });
});

describe("nearestProviderId()", () => {
  test.each([
    ["strip", "stripe"],
    ["Github", "github"],
    ["standard_webhooks", "standard-webhooks"],
    ["shopfy", "shopify"],
  ])("the nearest id to %s is %s", (name, id) => {
    expect(nearestProviderId(name)).toBe(id);
  });

  test("a name of any length has a nearest id", () => {
    expect(findProvider(nearestProviderId("x".repeat(100_000)))).not.toBeNull();
    expect(findProvider(nearestProviderId(""))).not.toBeNull();
  });

  test("names of the language are not providers", () => {
    for (const name of ["__proto__", "constructor", "toString"]) expect(findProvider(name)).toBeNull();
  });
});
