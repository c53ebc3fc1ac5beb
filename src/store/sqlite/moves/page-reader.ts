import type { Database } from "bun:sqlite";
import type { IdCodec, IdPrefix, Seq } from "../../../core/id.ts";
import type { Ids, Row } from "../../index.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import { type StoredRow, toPage } from "./rows.ts";

/** Reads rows in the form of pages, and the ids that belong to their numbers. */
export class PageReader {
  constructor(private readonly parts: { readonly db: Database; readonly box: SecretBox; readonly ids: IdCodec }) {}

  /** Returns a function that reads the rows of a statement. */
  rows(sql: string): (...values: readonly number[]) => Row[] {
    const statement = this.parts.db.prepare<StoredRow, number[]>(sql);
    return (...values) => statement.all(...values).map((row) => this.page(row));
  }

  /** Converts a stored row for a page. */
  page(row: StoredRow): Row {
    return toPage(row, this.parts.box);
  }

  /** Returns the ids of the rows to which these columns refer, by their prefixes. */
  ids(...columns: ReadonlyArray<readonly [prefix: IdPrefix, rows: readonly Row[], column: string]>): Ids {
    const ids: Record<string, string> = {};
    for (const [prefix, rows, column] of columns) {
      for (const { [column]: seq } of rows) {
        if (seq !== null) ids[`${prefix}${seq}`] = this.parts.ids.encode(prefix, seq as Seq);
      }
    }
    return ids;
  }
}
