import type { Seq } from "../../../core/id.ts";
import type { PageOf, PageRequest, TimeWindow } from "../../index.ts";
import { directionOf, rangeOf } from "../../sql/page.ts";
import type { Database } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";
import { HORIZON } from "../instances/horizon.ts";
import { scanned } from "./scan.ts";

/** Who follows a list by number must not pass a message that is committed later. */
export function visibleOn(page: PageRequest): string {
  return page.order === "ascending" ? ` AND m.seq <= ${HORIZON}` : "";
}

/**
 * Fills a page with messages of an application that are selected in steps. `pick` gets the array of the
 * numbers of a step's messages. It returns those that match in the direction of reading.
 */
export function scanMessages<Row>(
  database: Database,
  applicationSeq: Seq,
  page: PageRequest,
  window: TimeWindow,
  pick: (seqs: string) => Promise<readonly Row[]>,
): Promise<PageOf<Row>> {
  return scanned(page, rangeOf(page, window), {
    read: (range, limit) =>
      database.all<{ seq: Seq }>(
        `SELECT m.seq FROM message m
         WHERE m.application_seq = $applicationSeq AND m.seq >= $from AND m.seq < $to${visibleOn(page)}
         ORDER BY m.seq ${directionOf(page)} LIMIT $limit`,
        { ...range, applicationSeq, limit },
      ),
    pick: (rows) => pick(numberArray(rows.map(({ seq }) => seq))),
  });
}
