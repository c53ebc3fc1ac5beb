import { describe, expect, test } from "bun:test";
import { type ExactObject, parseExact } from "../../src/core/exact-json.ts";
import { filterOf, messageStepsMax, storedFilter } from "../../src/filter/filter.ts";
import { MessageView } from "../../src/filter/message-view.ts";
import { filterStepsMax } from "../../src/filter/meter.ts";
import { checked, messageWith } from "./support.ts";

const MEBIBYTE = 1024 * 1024;

function stepsOf(filter: string, payload: string) {
  return filterOf(parseExact(filter) as ExactObject).check(new MessageView(messageWith(payload)));
}

describe("cost of filters", () => {
  test("a field behind 2 MiB of other data is found within the limit", () => {
    const payload = `{"s": "${"x".repeat(MEBIBYTE)}", "list": [${"1,".repeat(MEBIBYTE / 2)}1], "a": 5}`;
    const { matches, steps } = stepsOf('{"payload": {"a": 6}}', payload);
    expect(matches).toBe(false);
    expect(steps).toBeLessThan(filterStepsMax / 4);
  });

  test("an ordinary filter costs less than 100 steps", () => {
    const payload = '{"type": "invoice.paid", "data": {"amount": 4200, "currency": "EUR", "lines": [{"sku": "a-1"}]}}';
    const filter = '{"payload": {"data": {"amount": {"$gt": 1000}, "currency": {"$in": ["EUR", "USD"]}}}}';
    expect(stepsOf(filter, payload).steps).toBeLessThan(100);
  });

  test("a filter that would take too long matches and says so", () => {
    const conditions = Array.from({ length: 3000 }, (_, i) => `{"a":${i + 5}}`);
    const filter = `{"payload": {"$or": [${conditions}]}}`;
    const payload = `{"a": [${"1,".repeat(20_000)}1]}`;
    expect(stepsOf(filter, payload)).toEqual({ matches: true, steps: filterStepsMax });
    expect(checked(filter, messageWith(payload))).toEqual({
      matches: true,
      because: "The filter needs too many steps for this message. Such messages match.",
    });
  });

  test("a long text for a complex expression counts as too much work", () => {
    const filter = '{"payload": {"a": {"$regex": "a[ab]{900}[cd]"}}}';
    expect(stepsOf(filter, `{"a": "${"ab".repeat(5000)}"}`).steps).toBe(filterStepsMax);
  });

  test("a comparison of long texts costs more than one of short texts", () => {
    const payload = `{"a": [${Array(100).fill(`"${"a".repeat(1000)}"`)}]}`;
    const stepsFor = (length: number) => {
      const filter = filterOf({ payload: { a: { $lt: "a".repeat(length) } } });
      // The first check also reads the text in the filter.
      filter.check(new MessageView(messageWith(payload)));
      return filter.check(new MessageView(messageWith(payload))).steps;
    };
    expect(stepsFor(900)).toBeGreaterThan(stepsFor(1) + 1000);
  });

  test("ordinary ranges of letters are accepted if case is ignored", () => {
    const filter = '{"payload": {"a": {"$regex": "^[a-zà-ÿа-я一-鿿가-힣]+$", "$options": "i"}}}';
    expect(stepsOf(filter, '{"a": "ÀЖ一"}').matches).toBe(true);
  });

  test("the limit for all filters of a message is a multiple of that for one", () => {
    expect(messageStepsMax).toBeGreaterThanOrEqual(2 * filterStepsMax);
  });

  test("a stored filter that this version cannot use matches every message and says so", () => {
    const filter = storedFilter('{"payload": {"a": {"$unknown": 1}}}');
    expect(filter.check(new MessageView(messageWith("{}"))).matches).toBe(true);
    expect(filter.explain(messageWith("{}")).because).toContain("cannot use the stored filter");
  });
});

describe("explanations of filters", () => {
  const rows: readonly [filter: string, payload: string, because: string][] = [
    ['{"payload": {"amount": {"$gt": 10}}}', '{"amount": 5}', "payload.amount: 5 is not > 10"],
    ['{"payload": {"amount": {"$gt": 10}}}', '{"amount": 15}', "payload.amount: 15 is > 10"],
    ['{"payload": {"amount": {"$gt": 10}}}', "{}", "payload.amount: it is missing, so it is not > 10"],
    ['{"payload": {"a.b": {"$ne": 1}}}', '{"a": {"b": 1}}', "payload.a.b: 1 is not != 1"],
    ['{"payload": {"a": {"$ne": 1}}}', "{}", "payload.a: it is missing, so it is != 1"],
    [
      '{"payload": {"a": 9007199254740993}}',
      '{"a": 9007199254740992}',
      "payload.a: 9007199254740992 is not = 9007199254740993",
    ],
    ['{"payload": {"a": {"$in": ["x", 1.0]}}}', '{"a": ["y", 1]}', 'payload.a: 1 is in ["x",1.0]'],
    ['{"payload": {"a": {"$nin": ["x"]}}}', '{"a": "x"}', 'payload.a: "x" is in ["x"]'],
    ['{"payload": {"a": {"$exists": false}}}', '{"a": 1}', "payload.a: it exists"],
    ['{"payload": {"a": {"$exists": true}}}', "{}", "payload.a: it is missing"],
    ['{"payload": {"a": {"$startsWith": "x"}}}', '{"a": "y"}', 'payload.a: "y" does not start with "x"'],
    ['{"payload": {"a": {"$endsWith": "y"}}}', '{"a": "y"}', 'payload.a: "y" ends with "y"'],
    ['{"payload": {"a": {"$regex": "^b", "$options": "i"}}}', '{"a": "a"}', 'payload.a: "a" does not match /^b/i'],
    [
      '{"payload": {"i.b": 1}}',
      '{"i": [{"b": 2}, {"b": 3}]}',
      "payload.i.b: 2 is not = 1, and neither is another value",
    ],
    ['{"payload": {"a": 1, "b": 2}}', '{"a": 1, "b": 3}', "payload.b: 3 is not = 2"],
    [
      '{"$or": [{"payload": {"a": 1}}, {"eventType": "invoice.paid"}]}',
      "{}",
      'eventType: "invoice.paid" is = "invoice.paid"',
    ],
    ['{"$not": {"payload": {"a": 1}}}', '{"a": 1}', "payload.a: 1 is = 1"],
    ['{"headers": {"X-A": "b"}}', "{}", 'headers.X-A: it is missing, so it is not = "b"'],
    ["{}", "{}", "The filter has no conditions."],
    ['{"payload": {"a": 1}}', `{"a": "${"é".repeat(100)}"}`, `payload.a: "${"é".repeat(49)}… is not = 1`],
  ];
  for (const [filter, payload, because] of rows) {
    test(`the explanation of ${filter} is: ${because}`, () => {
      expect(checked(filter, messageWith(payload)).because).toBe(because);
    });
  }
});
