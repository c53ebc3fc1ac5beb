import { expect } from "bun:test";
import fc from "fast-check";
import type { Seq } from "../../src/core/id.ts";
import type { PageOf, PageRequest } from "../../src/store/index.ts";

/** The first page in ascending order, with a limit above the row count of any test. */
export const ALL: PageRequest = { limit: 10_000, from: null, backwards: false, order: "ascending" };
export const NEWEST_FIRST: PageRequest = { ...ALL, order: "descending" };

/** Computes the expected page from an array. */
export function pageOf<T extends { readonly seq: Seq }>(rows: readonly T[], page: PageRequest): PageOf<T> {
  const sign = page.order === "ascending" ? 1 : -1;
  const inOrder = rows.toSorted((a, b) => sign * (a.seq - b.seq));
  const beyond = inOrder.filter(({ seq }) => {
    if (page.from === null) return true;
    return page.backwards ? sign * seq < sign * page.from : sign * seq > sign * page.from;
  });
  const part = page.backwards ? beyond.slice(-page.limit) : beyond.slice(0, page.limit);
  return { rows: part, more: beyond.length > page.limit };
}

/** Pages that begin anywhere: at a row, between two rows, before the first or after the last. */
export function anyPage(rows: ReadonlyArray<{ readonly seq: Seq }>): fc.Arbitrary<PageRequest> {
  const borders = rows.flatMap(({ seq }) => [seq - 1, seq, seq + 1]);
  return fc.record({
    limit: fc.integer({ min: 1, max: rows.length + 2 }),
    from: fc.option(fc.constantFrom(...borders)),
    backwards: fc.boolean(),
    order: fc.constantFrom("ascending", "descending"),
  });
}

/** Checks that a list agrees with the array for many filters and pages. */
export async function expectPages<T extends { readonly seq: Seq }, Filter>(
  rows: readonly T[],
  filters: fc.Arbitrary<Filter>,
  passes: (row: T, filter: Filter) => boolean,
  list: (filter: Filter, page: PageRequest) => Promise<PageOf<{ readonly seq: Seq }>>,
): Promise<void> {
  const seqsOf = (page: PageOf<{ readonly seq: Seq }>) => ({ seqs: page.rows.map(({ seq }) => seq), more: page.more });
  await fc.assert(
    fc.asyncProperty(filters, anyPage(rows), async (filter, page) => {
      const wanted = pageOf(
        rows.filter((row) => passes(row, filter)),
        page,
      );
      expect(seqsOf(await list(filter, page))).toEqual(seqsOf(wanted));
    }),
    { numRuns: 150 },
  );
}

/**
 * Generates records in which any key may be absent. An absent key means no restriction, and
 * `undefined` is not a valid value.
 */
export function optional<T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record(fields, { requiredKeys: [] }) as unknown as fc.Arbitrary<Partial<T>>;
}
