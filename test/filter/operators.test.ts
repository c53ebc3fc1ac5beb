import { describe, expect, test } from "bun:test";
import { checked, messageWith } from "./support.ts";

type Row = readonly [condition: string, payload: string, matches: boolean];

/** Conditions on the field `a`, or on the whole payload if they begin with a path. */
const TABLES: Readonly<Record<string, readonly Row[]>> = {
  $eq: [
    ['{"a": 5}', '{"a": 5}', true],
    ['{"a": {"$eq": 5}}', '{"a": 6}', false],
    ['{"a": 5}', '{"a": "5"}', false],
    ['{"a": 1.0}', '{"a": 1e0}', true],
    ['{"a": 0}', '{"a": -0}', true],
    ['{"a": 9007199254740993}', '{"a": 9007199254740992}', false],
    ['{"a": 9007199254740993}', '{"a": 9007199254740993}', true],
    ['{"a": 0.1}', '{"a": 0.1000000000000000055511151231257827}', false],
    ['{"a": 1e400}', '{"a": 1e401}', false],
    ['{"a": "caf\\u00e9"}', '{"a": "café"}', true],
    ['{"a": "café"}', '{"a": "cafe\\u0301"}', false],
    ['{"a": null}', '{"a": null}', true],
    ['{"a": null}', "{}", false],
    ['{"a": true}', '{"a": 1}', false],
    ['{"a": {"$eq": {}}}', '{"a": {}}', true],
    ['{"a": {"$eq": {"x": 1, "y": [1.0]}}}', '{"a": {"y": [1], "x": 10e-1}}', true],
    ['{"a": {"$eq": {"x": 1}}}', '{"a": {"x": 1, "y": 2}}', false],
    ['{"a": [1, 2]}', '{"a": [1, 2]}', true],
    ['{"a": [1, 2]}', '{"a": [2, 1]}', false],
    ['{"a": [1]}', '{"a": [[1], 2]}', true],
    ['{"a": 2}', '{"a": [1, 2]}', true],
    ['{"a": 2}', '{"a": [[1, 2]]}', false],
    ['{"a": 2}', '{"a": 1, "a": 2}', true],
    ['{"a": 1}', '{"a": 1, "a": 2}', false],
  ],
  $ne: [
    ['{"a": {"$ne": 5}}', '{"a": 5}', false],
    ['{"a": {"$ne": 5}}', '{"a": 6}', true],
    ['{"a": {"$ne": 5}}', "{}", true],
    ['{"a": {"$ne": null}}', "{}", true],
    ['{"a": {"$ne": 5}}', '{"a": [4, 5]}', false],
    ['{"a": {"$ne": 5}}', '{"a": []}', true],
  ],
  $gt: [
    ['{"a": {"$gt": 10}}', '{"a": 10.000000000000000000001}', true],
    ['{"a": {"$gt": 10}}', '{"a": 10}', false],
    ['{"a": {"$gt": 10}}', '{"a": "11"}', false],
    ['{"a": {"$gt": 10}}', "{}", false],
    ['{"a": {"$gt": 10}}', '{"a": [1, 11]}', true],
    ['{"a": {"$gt": -2}}', '{"a": -1}', true],
    ['{"a": {"$gt": -1}}', '{"a": -1.5}', false],
    ['{"a": {"$gt": 99999999999999999999}}', '{"a": 100000000000000000000}', true],
    ['{"a": {"$gt": 1}}', '{"a": 1e99999999999999999999}', true],
    ['{"a": {"$gt": "b"}}', '{"a": "ba"}', true],
    ['{"a": {"$gt": "\\uffff"}}', '{"a": "😀"}', true],
  ],
  $gte: [
    ['{"a": {"$gte": 10}}', '{"a": 1e1}', true],
    ['{"a": {"$gte": 10}}', '{"a": 9.999}', false],
    ['{"a": {"$gte": "b"}}', '{"a": "b"}', true],
  ],
  $lt: [
    ['{"a": {"$lt": 9007199254740993}}', '{"a": 9007199254740992}', true],
    ['{"a": {"$lt": 10}}', '{"a": 10}', false],
    ['{"a": {"$lt": 10}}', '{"a": null}', false],
    ['{"a": {"$lt": 0}}', '{"a": -1e-400}', true],
    ['{"a": {"$gt": 1, "$lt": 4}}', '{"a": [0, 5]}', true],
  ],
  $lte: [
    ['{"a": {"$lte": 10}}', '{"a": 10.0}', true],
    ['{"a": {"$lte": 10}}', '{"a": 11}', false],
  ],
  $in: [
    ['{"a": {"$in": [1, "x", null]}}', '{"a": "x"}', true],
    ['{"a": {"$in": [1, "x", null]}}', '{"a": null}', true],
    ['{"a": {"$in": [1, "x", null]}}', "{}", false],
    ['{"a": {"$in": [{"b": 1}]}}', '{"a": {"b": 1.0}}', true],
    ['{"a": {"$in": []}}', '{"a": 1}', false],
    ['{"a": {"$in": [2]}}', '{"a": [1, 2]}', true],
  ],
  $nin: [
    ['{"a": {"$nin": [1, 2]}}', '{"a": 3}', true],
    ['{"a": {"$nin": [1, 2]}}', '{"a": [3, 2]}', false],
    ['{"a": {"$nin": [1, 2]}}', "{}", true],
    ['{"a": {"$nin": []}}', '{"a": 3}', true],
  ],
  $exists: [
    ['{"a": {"$exists": true}}', '{"a": null}', true],
    ['{"a": {"$exists": true}}', "{}", false],
    ['{"a": {"$exists": false}}', "{}", true],
    ['{"a": {"$exists": false}}', '{"a": null}', false],
    ['{"a.b": {"$exists": false}}', '{"a": [{}, {"b": 1}]}', false],
    ['{"a": {"b": {"$exists": false}}}', '{"a": 5}', true],
  ],
  $startsWith: [
    ['{"a": {"$startsWith": "caf"}}', '{"a": "café"}', true],
    ['{"a": {"$startsWith": "é"}}', '{"a": "café"}', false],
    ['{"a": {"$startsWith": "1"}}', '{"a": 10}', false],
  ],
  $endsWith: [
    ['{"a": {"$endsWith": "é"}}', '{"a": "caf\\u00e9"}', true],
    ['{"a": {"$endsWith": "caf"}}', '{"a": "café"}', false],
  ],
  $regex: [
    ['{"a": {"$regex": "b+c"}}', '{"a": "abbcd"}', true],
    ['{"a": {"$regex": "^b"}}', '{"a": "abc"}', false],
    ['{"a": {"$regex": "ABC"}}', '{"a": "abc"}', false],
    ['{"a": {"$regex": "(?i)ABC"}}', '{"a": "abc"}', true],
    ['{"a": {"$regex": "ABC", "$options": "i"}}', '{"a": "abc"}', true],
    ['{"a": {"$regex": "^b$", "$options": "m"}}', '{"a": "a\\nb\\nc"}', true],
    ['{"a": {"$regex": "a.b", "$options": "s"}}', '{"a": "a\\nb"}', true],
    ['{"a": {"$regex": "^.$"}}', '{"a": "😀"}', true],
    ['{"a": {"$regex": "1"}}', '{"a": 1}', false],
    ['{"a": {"$regex": "(a+)+$"}}', `{"a": "${"a".repeat(5000)}b"}`, false],
  ],
  $and: [
    ['{"$and": [{"a": 1}, {"b": 2}]}', '{"a": 1, "b": 2}', true],
    ['{"$and": [{"a": 1}, {"b": 2}]}', '{"a": 1}', false],
    ['{"a": {"$and": [{"$gt": 1}, {"$lt": 3}]}}', '{"a": 2}', true],
  ],
  $or: [
    ['{"$or": [{"a": 1}, {"b": 2}]}', '{"b": 2}', true],
    ['{"$or": [{"a": 1}, {"b": 2}]}', '{"b": 1}', false],
    ['{"a": {"$or": [{"x": 1}, 5]}}', '{"a": 5}', true],
  ],
  $not: [
    ['{"a": {"$not": {"$gt": 5}}}', '{"a": 5}', true],
    ['{"a": {"$not": {"$gt": 5}}}', '{"a": 6}', false],
    ['{"a": {"$not": {"$gt": 5}}}', "{}", true],
    ['{"$not": {"a": {"b": 1}}}', '{"a": [{"b": 1}]}', false],
  ],
  paths: [
    ['{"a.b": 1}', '{"a": {"b": 1}}', true],
    ['{"a.b": 1}', '{"a.b": 1}', false],
    ['{"a": {"b.c": 1}}', '{"a": {"b": {"c": 1}}}', true],
    ['{"a.b": 2}', '{"a": [{"b": 1}, {"b": 2}]}', true],
    ['{"a.1": 2}', '{"a": [1, 2]}', true],
    ['{"a.1.b": 2}', '{"a": [{}, {"b": 2}]}', true],
    ['{"a.1": 2}', '{"a": {"1": 2}}', true],
    ['{"a": {"b": 1, "c": 2}}', '{"a": [{"b": 1}, {"c": 2}]}', true],
    ['{"a.b": 1}', '{"a": [[{"b": 1}]]}', false],
    ['{"__proto__": {"x": 1}}', '{"__proto__": {"x": 1}}', true],
    ['{"constructor": {"$exists": true}}', "{}", false],
    ['{"length": {"$exists": true}}', "[1]", false],
    ['{"toString": "x"}', '{"toString": "x"}', true],
    ['{"": 1}', '{"": 1}', true],
    ["5", "5", true],
    ["5", "[4, 5]", true],
    ['{"a": 1}', '[{"a": 1}]', true],
    ['{"0": 7}', "[7]", true],
    ["{}", "null", true],
    ['{"a": 1}', '"a"', false],
    ['{"a": 1}', ' \n{ "b" : [ 1 , { } ] , "a" :\t1 } ', true],
  ],
};

describe("operators of filters", () => {
  for (const [operator, rows] of Object.entries(TABLES)) {
    for (const [condition, payload, matches] of rows) {
      const shown = payload.replace("\n", " ").slice(0, 60);
      test(`${operator}: the condition ${condition} ${matches ? "matches" : "does not match"} ${shown}`, () => {
        const result = checked(`{"payload": ${condition}}`, messageWith(payload));
        expect({ ...result, condition }).toMatchObject({ matches });
      });
    }
  }
});

describe("parts of a message in filters", () => {
  const plain = { contentType: "text/plain" };

  test("a filter on the event type compares the whole name", () => {
    expect(checked('{"eventType": "invoice.paid"}', messageWith("{}")).matches).toBe(true);
    expect(checked('{"eventType": "invoice"}', messageWith("{}")).matches).toBe(false);
    expect(checked('{"eventType": {"$startsWith": "invoice."}}', messageWith("{}")).matches).toBe(true);
  });

  test("a filter finds headers whatever the case of their names", () => {
    const message = messageWith("{}", { headers: { "X-Region": "eu" } });
    expect(checked('{"headers": {"x-region": "eu"}}', message).matches).toBe(true);
    expect(checked('{"headers": {"X-REGION": {"$ne": "eu"}}}', message).matches).toBe(false);
    expect(checked('{"headers": {"x-other": {"$exists": false}}}', message).matches).toBe(true);
  });

  test("a filter sees headers that differ only in case as one, joined by commas", () => {
    const message = messageWith("{}", { headers: { "X-A": "1", "x-a": "2" } });
    expect(checked('{"headers": {"x-a": "1, 2"}}', message).matches).toBe(true);
  });

  test("all parts of a filter are needed", () => {
    const filter = '{"payload": {"a": 1}, "eventType": "invoice.paid"}';
    expect(checked(filter, messageWith('{"a": 1}')).matches).toBe(true);
    expect(checked(filter, messageWith('{"a": 2}')).matches).toBe(false);
    expect(checked(filter, messageWith('{"a": 1}', { eventType: "b" })).matches).toBe(false);
  });

  test("an empty filter matches every message, and an empty filter on the payload every JSON payload", () => {
    expect(checked("{}", messageWith("not JSON", plain)).matches).toBe(true);
    expect(checked('{"payload": {}}', messageWith("[]", plain)).matches).toBe(true);
    expect(checked('{"payload": {}}', messageWith("not JSON", plain)).matches).toBe(false);
  });

  test("a payload that is not JSON fulfils neither a condition on it nor the negation", () => {
    for (const payload of ["not JSON", "", "{", '{"a": 01}', "\ufeff{}"]) {
      const message = messageWith(payload, plain);
      expect(checked('{"payload": {"a": {"$ne": 1}}}', message).matches).toBe(false);
      expect(checked('{"payload": {"$not": {"a": 1}}}', message).matches).toBe(false);
      expect(checked('{"$not": {"payload": {"a": 1}}}', message).matches).toBe(false);
      const either = '{"$or": [{"payload": {"a": 1}}, {"eventType": "invoice.paid"}]}';
      expect(checked(either, message).matches).toBe(true);
    }
  });

  test("invalid UTF-8 and very deep nesting count as not JSON", () => {
    const broken = messageWith("", { ...plain, payload: Buffer.from([0x22, 0xff, 0x22]) });
    expect(checked('{"payload": {}}', broken).matches).toBe(false);
    const deep = messageWith("[".repeat(100_000) + "]".repeat(100_000), plain);
    expect(checked('{"payload": {}}', deep).matches).toBe(false);
  });
});
