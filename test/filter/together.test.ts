import { expect, test } from "bun:test";
import { Invalid } from "../../src/core/problem.ts";
import { FilterCache } from "../../src/filter/filter-cache.ts";
import { checkTogether, expressionWeightMin, filterCharsMax, filterWeightMax } from "../../src/filter/together.ts";

/** Returns what is wrong with the filters of an application, or null. */
function problemWith(filters: readonly string[]): string | null {
  try {
    checkTogether(filters);
    return null;
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    expect(error.findings).toHaveLength(1);
    expect(error.findings[0]!.loc).toEqual(["body", "filter"]);
    return error.findings[0]!.msg;
  }
}

/** Returns a filter with this number of characters. */
function ofLength(length: number, i: number): string {
  const text = (padding: string) => `{"payload":{"a":"${String(i).padStart(4, "0")}${padding}"}}`;
  return text("x".repeat(length - text("").length));
}

const withExpression = (i: number, source: string, options = "") =>
  `{"payload":{"a":{"$regex":"${source}"${options}},"n":${i}}}`;

test("the filters of an application may have as many characters together as the limit says", () => {
  const filters = Array.from({ length: 16 }, (_, i) => ofLength(filterCharsMax / 16, i));
  expect(problemWith(filters)).toBeNull();
  expect(problemWith([...filters, "{}"])).toBe(
    `The filters of all endpoints of the application would have ${filterCharsMax + 2} characters together. They may have ${filterCharsMax}.`,
  );
});

test("the expressions of an application may have as many characters together as the limit says", () => {
  const source = "x".repeat(1000);
  const filters = Array.from({ length: filterWeightMax / 1000 }, (_, i) => withExpression(i, source));
  expect(problemWith(filters)).toBeNull();
  expect(problemWith([...filters, withExpression(0, "x")])).toBe(
    `The filters of all endpoints of the application would have expressions with ${filterWeightMax + expressionWeightMin} characters together. They may have ${filterWeightMax}, and each counts at least ${expressionWeightMin}.`,
  );
});

test("1,000 endpoints of one application may have an expression each", () => {
  const filters = Array.from({ length: 1000 }, (_, i) => withExpression(i, "^order[.](paid|sent)$", ',"$options":"i"'));
  expect(problemWith(filters)).toBeNull();
  expect(problemWith([...filters, withExpression(0, "x")])).not.toBeNull();
});

test("expressions in $not, $and and $or count, and classes of Unicode count more", () => {
  const nested = `{"$or":[{"$not":{"payload":{"a":{"$regex":"${"\\\\pL".repeat(20)}"}}}}]}`;
  const weight = 20 * 33;
  const count = Math.floor(filterWeightMax / weight);
  expect(problemWith(Array(count).fill(nested))).toBeNull();
  expect(problemWith(Array(count + 1).fill(nested))).not.toBeNull();
});

test("the largest filters that one application may have are all kept in the cache", () => {
  const plain = Array.from({ length: 11 }, (_, i) => ofLength(60_000, i));
  const small = Array.from({ length: filterWeightMax / expressionWeightMin }, (_, i) => withExpression(i, "x"));
  const large = Array.from({ length: 50 }, (_, i) => withExpression(i, "x".repeat(1000)));
  for (const filters of [
    [...plain, ...small],
    [...plain, ...large],
  ]) {
    expect(problemWith(filters)).toBeNull();
    const cache = new FilterCache();
    for (const filter of filters) cache.of(filter);
    expect(filters.filter((filter) => !cache.has(filter))).toEqual([]);
  }
});
