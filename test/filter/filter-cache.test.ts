import { expect, test } from "bun:test";
import { FilterCache } from "../../src/filter/filter-cache.ts";

const MIB = 1024 * 1024;

const plain = (i: number) => JSON.stringify({ payload: { a: i } });
const withExpression = (i: number, source = "x") => JSON.stringify({ payload: { a: { $regex: `${source}${i}` } } });

/** Returns how many of the filters are in the cache after all were used, in order. */
function keptOf(cache: FilterCache, texts: readonly string[]): number {
  for (const text of texts) cache.of(text);
  return texts.filter((text) => cache.has(text)).length;
}

const numbers = Array.from({ length: 300 }, (_, i) => i);

test("a cache of filters keeps those that were added last", () => {
  const cache = new FilterCache(MIB);
  const texts = numbers.map((i) => withExpression(i));
  const kept = keptOf(cache, texts);
  expect(kept).toBeGreaterThan(0);
  expect(texts.map((text) => cache.has(text))).toEqual(numbers.map((i) => i >= 300 - kept));
});

test("a cache of filters keeps fewer of them if they have expressions, and fewer still if these are large", () => {
  const kept = [plain, withExpression, (i: number) => withExpression(i, "\\pL".repeat(100))].map((textOf) =>
    keptOf(
      new FilterCache(4 * MIB),
      numbers.map((i) => textOf(i)),
    ),
  );
  expect(kept).toEqual([300, expect.any(Number), 1]);
  expect(kept[1]).toBeLessThan(100);
  expect(kept[1]).toBeGreaterThan(10);
});
