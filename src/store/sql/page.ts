import { type Seq, seqAt } from "../../core/id.ts";
import type { PageOf, PageRequest, TimeWindow } from "../index.ts";
import type { Turns } from "../turns.ts";
import { EVERYTHING, type Range } from "./range.ts";

/** The parts of a query that reads a page of a list. */
export interface Walk {
  /**
   * An SQL condition that starts with AND. Empty if the page starts at the beginning of the list.
   */
  readonly condition: string;
  readonly direction: "ASC" | "DESC";
}

/**
 * Reads lists by key rather than by offset, so that page 1000 costs as much as page 1. The caller
 * binds `$from` and reads `limit + 1` rows. `pageOf` removes the additional row and puts the rows
 * of a backward page in display order.
 */
export function walk(column: string, page: PageRequest): Walk {
  const ascending = (page.order === "ascending") !== page.backwards;
  return {
    condition: page.from === null ? "" : ` AND ${column} ${ascending ? ">" : "<"} $from`,
    direction: ascending ? "ASC" : "DESC",
  };
}

export function pageOf<T>(rows: T[], page: { limit: number; backwards: boolean }): PageOf<T> {
  const more = rows.length > page.limit;
  if (more) rows.length = page.limit;
  if (page.backwards) rows.reverse();
  return { rows, more };
}

/**
 * Returns the range of numbers that a page can contain, given the start of the page and a time
 * window.
 */
export function rangeOf(page: PageRequest, window: TimeWindow = {}): Range {
  const { from: least, to: bound } = EVERYTHING;
  const from = window.after === undefined ? least : seqAt(window.after + 1);
  const to = window.before === undefined ? bound : seqAt(window.before);
  if (page.from === null) return { from, to };
  return directionOf(page) === "ASC"
    ? { from: Math.max(from, page.from + 1), to }
    : { from, to: Math.min(to, page.from) };
}

export function directionOf(page: PageRequest): Walk["direction"] {
  return (page.order === "ascending") !== page.backwards ? "ASC" : "DESC";
}

/**
 * Maximum number of ranges that one request reads. If a page needs more, it is short or empty and
 * states where to continue.
 */
const RANGES_MAX = 64;
/** Number of ranges that are read in one turn of the event loop. They take a few ms. */
const RANGES_AT_ONCE = 16;

/**
 * Fills a page from successive ranges in the direction of reading. `read` returns the matching rows
 * of a range in that direction, at most `limit`. If there are many ranges, other work in the event
 * loop can run between them.
 */
export async function readRanges<Row, Part extends Range = Range>(
  turns: Turns,
  page: PageRequest,
  ranges: Iterable<Part>,
  read: (range: Part, limit: number) => Row[],
  rangesMax = RANGES_MAX,
): Promise<PageOf<Row>> {
  const rows: Row[] = [];
  let reached: Range | null = null;
  let count = 0;
  for (const range of ranges) {
    if (reached !== null) {
      if (count++ === rangesMax) return { ...pageOf(rows, page), more: true, resume: beyond(reached, page) };
      if (count % RANGES_AT_ONCE === 0) await turns.next();
    }
    if (range.from < range.to) rows.push(...read(range, page.limit + 1 - rows.length));
    if (rows.length > page.limit) break;
    reached = range;
  }
  return pageOf(rows, page);
}

/** Returns the start (exclusive) of the page that follows a range. */
function beyond(range: Range, page: PageRequest): Seq {
  return directionOf(page) === "ASC" ? range.to - 1 : range.from;
}

export type Bindings = Record<string, string | number | null | Uint8Array>;

/** Collects conditions and their bindings. The names of bindings do not contain the `$`. */
export class Conditions {
  readonly values: Bindings = {};
  #sql = "";
  #count = 0;

  add(sql: string, values: Bindings = {}): this {
    this.#sql += ` AND ${sql}`;
    Object.assign(this.values, values);
    return this;
  }

  /** Adds `column IN (…)` with one binding per value. */
  oneOf(column: string, list: ReadonlyArray<string | number>): this {
    const names = list.map((value) => {
      const name = `in${this.#count++}`;
      this.values[name] = value;
      return `$${name}`;
    });
    this.#sql += ` AND ${column} IN (${names.join(", ")})`;
    return this;
  }

  get sql(): string {
    return this.#sql;
  }
}
