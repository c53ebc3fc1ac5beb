import type { Seq } from "../../core/id.ts";
import type { PageOf, PageRequest } from "../index.ts";
import type { Turns } from "../turns.ts";
import { directionOf, pageOf } from "./page.ts";
import type { Range } from "./range.ts";

/**
 * Maximum number of steps of one request. If a page needs more, it is short or empty and states
 * where to continue.
 */
const STEPS_MAX = 32;

type MaybeSeq = Seq | null | undefined;

/** How a search divides a list into steps. */
export interface Steps<Row> {
  /**
   * Returns the last row, in the direction of reading, of the step at the beginning of the range.
   * Returns null if the whole range is one step.
   */
  lastOf(range: Range): MaybeSeq | Promise<MaybeSeq>;
  /** Returns the matching rows of a step in the direction of reading, at most `limit`. */
  read(range: Range, limit: number): Found<Row> | Promise<Found<Row>>;
}

interface Found<Row> {
  readonly rows: readonly Row[];
  /** The last row that was examined, if the request has cost too much to examine the others. */
  readonly cutAt?: Seq;
}

/** Fills a page in steps. Between two steps, other work in the event loop can run. */
export async function readSteps<Row>(
  turns: Turns,
  page: PageRequest,
  within: Range,
  steps: Steps<Row>,
  stepsMax = STEPS_MAX,
): Promise<PageOf<Row>> {
  const isAscending = directionOf(page) === "ASC";
  const rows: Row[] = [];
  let rest = within;
  for (let count = 0; rest.from < rest.to && rows.length <= page.limit; count++) {
    if (count === stepsMax) {
      return { ...pageOf(rows, page), more: true, resume: isAscending ? rest.from - 1 : rest.to };
    }
    if (count > 0) await turns.next();
    const last = (await steps.lastOf(rest)) ?? null;
    const edge = last === null ? null : isAscending ? last + 1 : last;
    const step = edge === null ? rest : isAscending ? { from: rest.from, to: edge } : { from: edge, to: rest.to };
    const found = await steps.read(step, page.limit + 1 - rows.length);
    for (const row of found.rows) rows.push(row);
    if (found.cutAt !== undefined && rows.length <= page.limit) {
      return { ...pageOf(rows, page), more: true, resume: found.cutAt };
    }
    rest = isAscending ? { from: step.to, to: rest.to } : { from: rest.from, to: step.from };
  }
  return pageOf(rows, page);
}
