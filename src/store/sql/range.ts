import type { Seq } from "../../core/id.ts";

/** Rows with numbers from `from` (inclusive) to `to` (exclusive). */
export interface Range {
  readonly from: Seq;
  readonly to: Seq;
}

/** The range of all numbers. */
export const EVERYTHING: Range = { from: 0, to: Number.MAX_SAFE_INTEGER };

export type Direction = "ASC" | "DESC";
