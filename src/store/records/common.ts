import type { Seq } from "../../core/id.ts";

/**
 * The store cannot be read or written, for example because the disk is full. A write was not
 * acknowledged; see "Unknown outcomes" in `Store`. The API responds with 503.
 */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/**
 * The write was undone because another write in its `Store.together` failed or used a name that is
 * taken. `cause` is the error of the other write.
 */
export class GroupUndone extends Error {
  override readonly name = "GroupUndone";

  constructor(cause: unknown) {
    super("The write was rolled back because another write in the same commit failed.", { cause });
  }
}

/** Identifies a record by its number or its uid (a message by its `eventId`). */
export type Key = { readonly seq: Seq } | { readonly uid: string };

/** The page of a list to read. */
export interface PageRequest {
  readonly limit: number;
  /** Exclusive start. Null means the beginning in display order. */
  readonly from: Seq | null;
  /** Reads the page that ends before `from`. Its rows are also in display order. */
  readonly backwards: boolean;
  /** Display order, by sequence number. */
  readonly order: "ascending" | "descending";
}

export interface PageOf<T> {
  readonly rows: readonly T[];
  /** Whether there are more rows in the direction of reading. */
  readonly more: boolean;
  /**
   * Set if the search was interrupted because it took long. The page may be short or even empty,
   * `more` is true, and the next page starts here instead of at the last row.
   */
  readonly resume?: Seq;
}

/** Restricts a list by time. Absent fields do not restrict it. */
export interface TimeWindow {
  /** Exclusive. */
  readonly before?: number;
  /** Exclusive. */
  readonly after?: number;
}
