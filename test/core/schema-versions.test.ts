import { expect, test } from "bun:test";
import { latestSchema, versionsOf } from "../../src/core/schema-versions.ts";

test("the latest schema is the one with the greatest version", () => {
  expect(latestSchema({ schemas: { "2": "two", "10": "ten", "1": "one" } })).toBe("ten");
  expect(versionsOf({ schemas: { "2": "two", "10": "ten", "1": "one" } })).toEqual(["1", "2", "10"]);
  expect(latestSchema({ schemas: {} })).toBeUndefined();
  expect(latestSchema({ schemas: null })).toBeUndefined();
});
