import { describe, expect, test } from "bun:test";
import { type ExactObject, parseExact } from "../../src/core/exact-json.ts";
import { Invalid } from "../../src/core/problem.ts";
import { filterOf } from "../../src/filter/filter.ts";

function findingOf(filter: string) {
  try {
    filterOf(parseExact(filter) as ExactObject);
  } catch (error) {
    if (error instanceof Invalid) return error.findings[0]!;
    throw error;
  }
  return null;
}

const nested = (depth: number) => `${'{"payload":'}${'{"a":'.repeat(depth - 1)}1${"}".repeat(depth)}`;

const rows: readonly [what: string, filter: string, loc: string][] = [
  ["an unknown operator", '{"payload": {"amount": {"$foo": 1}}}', "payload.amount.$foo"],
  ["an unknown field", '{"body": {}}', "body"],
  ["an unknown operator at the top", '{"$nor": []}', "$nor"],
  ["a list that is empty", '{"$and": []}', "$and"],
  ["an `$or` that is no list", '{"payload": {"$or": {"a": 1}}}', "payload.$or"],
  ["a mistake in a list", '{"$or": [{"eventType": "a"}, {"x": 1}]}', "$or.[1].x"],
  ["operators beside fields", '{"payload": {"a": {"$gt": 1, "b": 2}}}', "payload.a"],
  ["an empty object in the payload", '{"payload": {"a": {}}}', "payload.a"],
  ["an empty object in a list", '{"$or": [{}]}', "$or.[0]"],
  ["a comparison with null", '{"payload": {"a": {"$gt": null}}}', "payload.a.$gt"],
  ["a comparison with a list", '{"payload": {"a": {"$lte": [1]}}}', "payload.a.$lte"],
  ["an absurd exponent", '{"payload": {"a": {"$lt": 1e99999999999}}}', "payload.a.$lt"],
  ["`$in` without a list", '{"payload": {"a": {"$in": 1}}}', "payload.a.$in"],
  ["`$nin` without a list", '{"payload": {"a": {"$nin": "x"}}}', "payload.a.$nin"],
  ["`$exists` without a boolean", '{"payload": {"a": {"$exists": 1}}}', "payload.a.$exists"],
  ["`$startsWith` without a string", '{"payload": {"a": {"$startsWith": 1}}}', "payload.a.$startsWith"],
  ["`$endsWith` without a string", '{"payload": {"a": {"$endsWith": null}}}', "payload.a.$endsWith"],
  ["`$regex` without a string", '{"payload": {"a": {"$regex": {"x": 1}}}}', "payload.a.$regex"],
  ["an invalid expression", '{"payload": {"a": {"$regex": "("}}}', "payload.a.$regex"],
  ["a back-reference", '{"payload": {"a": {"$regex": "(a)\\\\1"}}}', "payload.a.$regex"],
  ["a look-ahead", '{"payload": {"a": {"$regex": "a(?=b)"}}}', "payload.a.$regex"],
  ["a look-behind", '{"payload": {"a": {"$regex": "(?<=a)b"}}}', "payload.a.$regex"],
  ["too many repetitions", '{"payload": {"a": {"$regex": "((a{30}){30}){2}"}}}', "payload.a.$regex"],
  ["a long expression", `{"payload": {"a": {"$regex": "${"a".repeat(1001)}"}}}`, "payload.a.$regex"],
  ["an unknown option", '{"payload": {"a": {"$regex": "a", "$options": "x"}}}', "payload.a.$options"],
  ["an option that is no string", '{"payload": {"a": {"$regex": "a", "$options": 1}}}', "payload.a.$options"],
  ["an option without `$regex`", '{"payload": {"a": {"$options": "i"}}}', "payload.a.$options"],
  ["a field of a header", '{"headers": {"x": {"y": 1}}}', "headers.x"],
  ["an operator on all headers", '{"headers": {"$exists": true}}', "headers.$exists"],
  ["headers that are no object", '{"headers": "x"}', "headers"],
  ["a field of the event type", '{"eventType": {"y": 1}}', "eventType"],
  ["a `$not` that is no filter", '{"$not": 5}', "$not"],
  ["too deep nesting", nested(33), ""],
  ["too many bytes", `{"payload": {"a": "${"é".repeat(33_000)}"}}`, ""],
  [
    "expressions that are too long together",
    `{"payload": {"$or": [${Array(5)
      .fill(`{"a": {"$regex": "${"a".repeat(900)}"}}`)
      .join()}]}}`,
    "payload.$or.[4].a.$regex",
  ],
  ["many classes of Unicode", `{"payload": {"a": {"$regex": "${"\\\\pL".repeat(150)}"}}}`, "payload.a.$regex"],
  [
    "wide ranges of an expression that ignores case",
    `{"payload": {"a": {"$regex": "${"[B-\u{1e942}]".repeat(20)}", "$options": "i"}}}`,
    "payload.a.$regex",
  ],
  [
    "wide ranges after a flag that ignores case",
    `{"payload": {"a": {"$regex": "x(?si:${"[\\\\x{42}-\\\\x{1e942}]".repeat(20)})"}}}`,
    "payload.a.$regex",
  ],
  [
    "too many expressions",
    `{"payload": {"$or": [${Array(21).fill('{"a": {"$regex": "a"}}').join()}]}}`,
    "payload.$or.[20].a.$regex",
  ],
];

describe("invalid filters", () => {
  for (const [what, filter, place] of rows) {
    test(`a filter with ${what} is refused with its place`, () => {
      const loc = ["body", "filter", ...(place === "" ? [] : place.split("."))];
      expect(findingOf(filter)).toMatchObject({ loc });
    });
  }

  test("a filter of the maximum depth is accepted", () => {
    expect(findingOf(nested(32))).toBeNull();
  });

  test("names of Object's prototype are not operators or parts of a filter", () => {
    for (const name of ["__proto__", "constructor", "toString"]) {
      expect(findingOf(`{"${name}": {}}`)).toMatchObject({ loc: ["body", "filter", name] });
      expect(findingOf(`{"payload": {"a": {"$${name}": 1}}}`)).toMatchObject({
        loc: ["body", "filter", "payload", "a", `$${name}`],
      });
    }
  });
});
