import { expect, test } from "bun:test";
import fc from "fast-check";
import { isReply, parseDoorReply } from "../../src/core/door-reply.ts";

test("a response of any form is either complete and valid or has errors", () => {
  const value = fc.oneof(
    fc.integer({ min: 195, max: 305 }),
    fc.string({ unit: "binary" }),
    fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer())),
    fc.constantFrom(null, true, [], 200.5, {}),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom("status", "headers", "body", "other"), value), (input) => {
      const parsed = parseDoorReply(input);
      if (!isReply(parsed)) return expect(parsed.length).toBeGreaterThan(0);
      expect(Object.keys(parsed).sort()).toEqual(["body", "headers", "status"]);
      // The platform accepts every valid response.
      const { status, headers, body } = parsed;
      const response = new Response(body === "" ? null : body, { status, headers });
      expect(response.ok).toBe(true);
      for (const [name, text] of Object.entries(headers)) expect(response.headers.get(name)).toBe(text.trim());
    }),
  );
});

test("every error names its field", () => {
  const parsed = parseDoorReply({ status: 300, headers: { a: 1, Upgrade: "x" }, body: 5 });
  expect(parsed).toMatchObject([{ path: ["status"] }, { path: ["headers", "a"] }, { path: ["body"] }]);
  expect(parseDoorReply({ headers: { __proto__: null, Upgrade: "x" } })).toMatchObject([
    { path: ["headers", "Upgrade"] },
  ]);
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`x-${i}`, ""]));
  expect(parseDoorReply({ headers: many })).toMatchObject([{ path: ["headers"] }]);
  expect(parseDoorReply({ headers: { a: "x".repeat(8192) } })).toMatchObject([{ path: ["headers"] }]);
});
