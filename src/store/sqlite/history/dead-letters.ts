import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { DeadLetterFilter, DeadLetterGroup, History } from "../../index.ts";
import { type AttemptRow, attemptColumns, toAttempt } from "../../sql/attempt-row.ts";
import {
  CAN_BE_REDRIVEN,
  DEAD_LETTER_COLUMNS,
  DEAD_LETTER_GROUP_COLUMNS,
  type DeadLetterRow,
  deadLetterConditions,
  sortedGroups,
  toDeadLetter,
} from "../../sql/dead-letters.ts";
import { type Bindings, type Conditions, directionOf, pageOf } from "../../sql/page.ts";
import type { Turns } from "../../turns.ts";
import { LATEST_ATTEMPT } from "../indexes/message-attempts.ts";
import { allGroups, redrivableGroups, sumOf } from "./dead-letter-groups.ts";
import { DeadLetterScan } from "./dead-letter-scan.ts";

export function deadLetters(db: Database, turns: Turns): History["deadLetters"] {
  const [countAll, countRedrivable] = [allGroups(db, turns), redrivableGroups(db, turns)];
  const lastAttempt = db.prepare<AttemptRow, [number]>(
    `SELECT ${attemptColumns(true)} FROM delivery d CROSS JOIN attempt t ON t.seq = ${LATEST_ATTEMPT} WHERE d.seq = ?`,
  );

  const withAttempt = (row: DeadLetterRow) => {
    const attempt = lastAttempt.get(row.seq);
    return toDeadLetter(row, attempt === null ? null : toAttempt(attempt));
  };

  return {
    list: async (filter, page) => {
      const where = deadLetterConditions(filter);
      const direction = directionOf(page);
      const scan = new DeadLetterScan(db, filter, direction);
      const query = db.query<DeadLetterRow, [Bindings]>(
        `SELECT ${DEAD_LETTER_COLUMNS} ${scan.from}${where.sql} ORDER BY d.seq ${direction} LIMIT $limit`,
      );
      const rows: DeadLetterRow[] = [];
      const start = page.from ?? scan.start;
      let scanned: Seq | null = start;
      while (scanned !== null && rows.length <= page.limit) {
        if (scanned !== start) await turns.next();
        const limit = page.limit + 1 - rows.length;
        rows.push(...query.all({ ...where.values, ...scan.bindings(scanned), limit }));
        scanned = scan.endOf(scanned);
      }
      return pageOf(rows.map(withAttempt), page);
    },

    groups: (filter) =>
      isIndexed(filter) ? groupsOf(db, turns, filter, deadLetterConditions(filter)) : countAll(filter),
    redrivable: (filter) =>
      isIndexed(filter)
        ? groupsOf(db, turns, filter, deadLetterConditions(filter).add(CAN_BE_REDRIVEN))
        : countRedrivable(filter),
  };
}

/** Returns whether `DeadLetterScan` reads only the dead letters of the filter's endpoint or ids. */
function isIndexed({ endpointSeq, deliverySeqs }: DeadLetterFilter): boolean {
  return endpointSeq !== undefined || deliverySeqs !== undefined;
}

/** Counts dead letters in steps. Changes between two steps may or may not be counted. */
async function groupsOf(
  db: Database,
  turns: Turns,
  filter: DeadLetterFilter,
  where: Conditions,
): Promise<DeadLetterGroup[]> {
  const scan = new DeadLetterScan(db, filter, "ASC");
  const query = db.query<DeadLetterGroup, [Bindings]>(
    `SELECT ${DEAD_LETTER_GROUP_COLUMNS}
     ${scan.from}${where.sql} GROUP BY d.endpoint_seq, m.event_type, d.reason`,
  );
  const groups = new Map<string, DeadLetterGroup>();
  for (let scanned: Seq | null = scan.start; scanned !== null; scanned = scan.endOf(scanned)) {
    if (scanned !== scan.start) await turns.next();
    for (const group of query.all({ ...where.values, ...scan.bindings(scanned) })) {
      const key = `${group.endpointSeq} ${group.reason} ${group.eventType}`;
      groups.set(key, sumOf(groups.get(key), group));
    }
  }
  return sortedGroups(groups.values());
}
