import type { Seq } from "../../core/id.ts";

/**
 * The store cannot be read or written, for example because the disk is full. A write was not
 * acknowledged; see "Unknown outcomes" in `Store`. The API responds with 503.
 */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/**
 * The application has moved to another installation since the request for the write began. Other writes of
 * the same commit are stored.
 */
export class ApplicationDeparted extends StoreUnavailable {
  constructor() {
    super("The application has moved to another installation.");
  }
}

/**
 * The write was undone because another write in the same `Store.together` failed or used a name
 * that is taken. `cause` is the error of the other write.
 */
export class GroupUndone extends Error {
  override readonly name = "GroupUndone";

  constructor(cause: unknown) {
    super("The write was rolled back because another write in the same commit failed.", { cause });
  }
}

/** Identifies a record by its number or its uid (a message by its `eventId`). */
export type Key = { readonly seq: Seq } | { readonly uid: string };

/** Selects a page of a list. */
export interface PageRequest {
  readonly limit: number;
  /** The page starts after this number. Null means the beginning in display order. */
  readonly from: Seq | null;
  /**
   * Reads the page that ends before `from`, instead of the one after it. The rows are still in
   * display order.
   */
  readonly backwards: boolean;
  /** Display order, by sequence number. */
  readonly order: "ascending" | "descending";
}

export interface PageOf<T> {
  readonly rows: readonly T[];
  /** Whether there are more rows in the direction of reading. */
  readonly more: boolean;
  /**
   * Set if the search stopped early because it took too long. The page may then be short or even
   * empty, `more` is true, and the next page starts here instead of after the last row.
   */
  readonly resume?: Seq;
}

/** Restricts a list to rows within a time range. An absent field sets no bound. */
export interface TimeWindow {
  /** Exclusive. */
  readonly before?: number;
  /** Exclusive. */
  readonly after?: number;
}

/** The difference between the wall clock and the delivery time, by which retries wait. */
export interface ClockOffsets {
  /** How far the wall clock is ahead of the delivery time, in ms. Negative if it is behind. */
  readonly aheadMs: number;
  /** The greatest value that `aheadMs` has had, at least 0. */
  readonly positionsAheadMs: number;
}
