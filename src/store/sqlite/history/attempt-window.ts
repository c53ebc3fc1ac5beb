/**
 * Time windows in lists of attempts. A row's number encodes the end of its attempt, but responses
 * show the start, so `before` and `after` refer to the start. An attempt that ended before a time
 * also started before it. Only the few attempts that were in progress at `before` have to be found
 * in another way. They are called late.
 */
import type { Database } from "bun:sqlite";
import { type Seq, seqAt } from "../../../core/id.ts";
import type { PageRequest, TimeWindow } from "../../index.ts";
import { ATTEMPT_MS_MAX } from "../../sql/attempt-duration.ts";
import { type Bindings, type Conditions, directionOf, rangeOf } from "../../sql/page.ts";
import type { Range } from "../../sql/range.ts";
import type { DeferredIndex, RowSource } from "../indexes/deferred-index.ts";

/**
 * A range of rows. If `isLate` is true, only the rows that `lateFinder` finds in the range are
 * read.
 */
export interface WindowRange extends Range {
  readonly isLate?: boolean;
}

/** Minimum duration of the attempts in the index `attempt_long`, in ms. */
const LONG_MS = 1000;
/** The condition of the index: the attempt ended at least `LONG_MS` after its start. */
const IS_LONG = "seq - started_at * 4096 >= -7109384597504000";
/** Restricts attempts `t` to those that started within a window. */
export function addStartWindow(where: Conditions, { before, after }: TimeWindow): Conditions {
  if (before !== undefined) where.add("t.started_at < $before", { before });
  if (after !== undefined) where.add("t.started_at > $after", { after });
  return where;
}

/** Returns the range of a page, regardless of `before`. */
export function earliestRange(page: PageRequest, { after }: TimeWindow): Range {
  return rangeOf(page, after === undefined ? {} : { after });
}

/**
 * Returns the ranges that may contain rows of a page of an endpoint's attempts, in the direction of
 * reading. `rangesIn` divides the range that contains no late attempts.
 */
export function* windowRanges(
  page: PageRequest,
  window: TimeWindow,
  rangesIn: (within: Range) => Iterable<Range>,
): Generator<WindowRange> {
  const all = earliestRange(page, window);
  const { before } = window;
  if (before === undefined) {
    yield* rangesIn(all);
    return;
  }
  const late: WindowRange = {
    from: Math.max(all.from, seqAt(before)),
    to: Math.min(all.to, seqAt(before + ATTEMPT_MS_MAX)),
    isLate: true,
  };
  if (directionOf(page) === "DESC") yield late;
  yield* rangesIn({ from: all.from, to: Math.min(all.to, seqAt(before)) });
  if (directionOf(page) === "ASC") yield late;
}

/**
 * Returns a function that finds the late attempts of an endpoint in a range. The function reads all
 * attempts that ended in the first second after `before`; after that second, it reads only the
 * index of long attempts.
 */
export function lateFinder(
  db: Database,
  endpointAttempts: DeferredIndex,
): (endpointSeq: Seq, range: Range, before: number) => Seq[] {
  const shortIn = ({ from, where, values }: RowSource, before: number) =>
    db
      .query<{ seq: number }, [Bindings]>(`SELECT t.seq FROM ${from} WHERE ${where} AND t.started_at < $before`)
      .all({ ...values, before });
  const long = db.prepare<{ seq: number }, [number, number, number, number]>(
    `SELECT seq FROM attempt INDEXED BY attempt_long
     WHERE endpoint_seq = ? AND seq >= ? AND seq < ? AND started_at < ? AND ${IS_LONG}`,
  );
  return (endpointSeq, { from, to }, before) => {
    const middle = seqAt(before + LONG_MS);
    const first = endpointAttempts.read(endpointSeq, { from, to: Math.min(to, middle) }, "ASC");
    const rows = [
      ...[...first].flatMap((source) => shortIn(source, before)),
      ...long.all(endpointSeq, Math.max(from, middle), to, before),
    ];
    return rows.map(({ seq }) => seq);
  };
}
