import type { Seq } from "../../core/id.ts";

/** The disk is full or cannot be written: nothing was stored. The API answers 503. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/** The write was undone because another write of its `Store.together` failed or met a name that is taken: see `cause`. */
export class GroupUndone extends Error {
  override readonly name = "GroupUndone";

  constructor(cause: unknown) {
    super("The write was undone with the rest of its group.", { cause });
  }
}

/** A thing is named in a path by its id or by its uid (for messages the `eventId`). */
export type Key = { readonly seq: Seq } | { readonly uid: string };

/** A page of a list: rows beyond `after` in the direction of travel, at most `limit`, the next row's existence in `more`. */
export interface PageRequest {
  readonly limit: number;
  /** Exclusive start; null = from the beginning (in display order). */
  readonly from: Seq | null;
  /** True: the page that ends before `from`. Rows come back in display order all the same. */
  readonly backwards: boolean;
  /** Display order by sequence number. */
  readonly order: "ascending" | "descending";
}

export interface PageOf<T> {
  readonly rows: readonly T[];
  /** Are there rows further on in the direction of travel? */
  readonly more: boolean;
  /**
   * The search was long and was cut short: there may be fewer rows than asked for, even none, and `more` is true. It is to be gone on
   * with from here instead of from the last row.
   */
  readonly resume?: Seq;
}

/** Restricts a list of messages, attempts or dead letters. Absent fields do not restrict. */
export interface TimeWindow {
  /** Exclusive. */
  readonly before?: number;
  /** Exclusive. */
  readonly after?: number;
}
