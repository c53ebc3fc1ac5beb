import { type Seq, seqAt } from "../../core/id.ts";
import type { PageOf, PageRequest, TimeWindow } from "../index.ts";
import { EVERYTHING, type Range } from "./stretches.ts";

/** The part of a query that walks a list: which rows, in which order to read them. */
export interface Walk {
  /** SQL condition over `column`, to be joined by AND; empty when the list starts at its beginning. */
  readonly condition: string;
  readonly direction: "ASC" | "DESC";
}

/**
 * Lists are read by key, never by offset, so that page 1,000 costs what page 1 costs. The caller binds `$from` and asks for
 * `limit + 1` rows; `pageOf` cuts the extra one off and puts a backward page into display order.
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

/** The numbers that a page can hold: those beyond its start, within a window of time. */
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

/** One request looks at no more ranges: a page may then be shorter, or even empty, and says where to go on. */
const RANGES_MAX = 64;

/**
 * Fills a page from one range after the other, in the direction of travel. `read` answers with the rows of a range that are wanted, in
 * that direction, at most `limit`.
 */
export function readRanges<Row>(
  page: PageRequest,
  ranges: Iterable<Range>,
  read: (range: Range, limit: number) => Row[],
  rangesMax = RANGES_MAX,
): PageOf<Row> {
  const rows: Row[] = [];
  let reached: Range | null = null;
  let count = 0;
  for (const range of ranges) {
    if (reached !== null && count++ === rangesMax)
      return { ...pageOf(rows, page), more: true, resume: beyond(reached, page) };
    if (range.from < range.to) rows.push(...read(range, page.limit + 1 - rows.length));
    if (rows.length > page.limit) break;
    reached = range;
  }
  return pageOf(rows, page);
}

/** The exclusive start of what comes after a range. */
function beyond(range: Range, page: PageRequest): Seq {
  return directionOf(page) === "ASC" ? range.to - 1 : range.from;
}

export type Bindings = Record<string, string | number | null | Uint8Array>;

/** Builds a condition from the filters that are set, with their values. Names of bindings are used without `$`. */
export class Conditions {
  readonly values: Bindings = {};
  #sql = "";
  #count = 0;

  add(sql: string, values: Bindings = {}): this {
    this.#sql += ` AND ${sql}`;
    Object.assign(this.values, values);
    return this;
  }

  /** `column IN (…)` with one binding each. */
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
