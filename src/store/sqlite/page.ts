import type { PageOf, PageRequest } from "../index.ts";

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

type Bindings = Record<string, string | number | null | Uint8Array>;

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
