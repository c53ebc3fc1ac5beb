import type { Seq } from "../../../core/id.ts";
import type { PageOf, PageRequest } from "../../index.ts";
import { directionOf, pageOf } from "../../sql/page.ts";
import type { Range } from "../../sql/range.ts";

/** Number of rows that are compared at once. */
const ROWS_AT_ONCE = 1000;
/** Maximum number of rows that one request compares. If a page needs more, it is short or empty. */
const ROWS_MAX = 32_000;

interface Scan<Row, Found> {
  /** Reads the next rows of a range in the direction of reading, at most `limit`. */
  read(range: Range, limit: number): Promise<readonly Row[]>;
  /** Returns what the page shows of these rows. */
  pick(rows: readonly Row[]): readonly Found[] | Promise<readonly Found[]>;
}

/**
 * Fills a page with the matching rows of a list, which is read in steps. The steps bound the cost of a
 * request if few rows of a long list match.
 */
export async function scanned<Row extends { readonly seq: Seq }, Found>(
  page: PageRequest,
  within: Range,
  { read, pick }: Scan<Row, Found>,
): Promise<PageOf<Found>> {
  const isAscending = directionOf(page) === "ASC";
  const found: Found[] = [];
  let rest = within;
  for (let count = 0; found.length <= page.limit; count += ROWS_AT_ONCE) {
    if (count === ROWS_MAX) {
      return { ...pageOf(found, page), more: true, resume: isAscending ? rest.from - 1 : rest.to };
    }
    const rows = await read(rest, ROWS_AT_ONCE);
    found.push(...(await pick(rows)));
    if (rows.length < ROWS_AT_ONCE) break;
    const last = rows.at(-1)!.seq;
    rest = isAscending ? { from: last + 1, to: rest.to } : { from: rest.from, to: last };
  }
  return pageOf(found, page);
}
