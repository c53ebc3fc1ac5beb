import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { Clock } from "../../../ports.ts";
import type { DeadLetterFilter, DeadLetterGroup, Dropped, History, Queue, Redriven } from "../../index.ts";
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
import type { Committer } from "../commit/commit.ts";
import { taskUpdate } from "../housekeeping/tasks.ts";
import { LATEST_ATTEMPT } from "../indexes/message-attempts.ts";
import { positionKeeper } from "../queue/last-position.ts";
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

/** The methods that change dead letters. */
export function redriveVerbs(
  db: Database,
  committer: Committer,
  turns: Turns,
  clock: Clock,
): Pick<Queue, "redrive" | "drop" | "dropStep"> {
  const again = db.prepare(
    `UPDATE delivery SET state = 0, position = ?2, due_at = ?3, attempts = 0, round = round + 1, trigger = 1,
       batch_seq = NULL, reason = NULL, ended_at = NULL WHERE seq = ?1 AND state = 2`,
  );
  const keepPosition = positionKeeper(db);
  const storeTask = taskUpdate(db);

  return {
    redrive: (filter, { after, limit }, { first, now }, progress) =>
      committer.write(() => {
        const where = deadLetterConditions(filter).add(CAN_BE_REDRIVEN);
        const scan = new DeadLetterScan(db, filter, "ASC");
        const rows = db
          .query<{ seq: number; endpointSeq: number }, [Bindings]>(
            `SELECT d.seq, d.endpoint_seq AS endpointSeq ${scan.from}${where.sql} ORDER BY d.seq LIMIT $limit`,
          )
          .all({ ...where.values, ...scan.bindings(after), limit });
        const last = rows.length < limit ? scan.endOf(after) : rows[rows.length - 1]!.seq;
        rows.forEach((row, index) => void again.run(row.seq, first + index, now));
        keepPosition(first + rows.length - 1);
        const endpoints = [...new Set(rows.map((row) => row.endpointSeq))];
        const redriven: Redriven = { redriven: rows.length, endpoints, last };
        storeTask(progress(redriven));
        return redriven;
      }, limit),
    drop: dropVerb(db, committer, turns, clock),
    dropStep: dropStepVerb(db, committer),
  };
}

function dropVerb(db: Database, committer: Committer, turns: Turns, clock: Clock): Queue["drop"] {
  return async (filter, limit) => {
    const scan = new DeadLetterScan(db, filter, "ASC");
    const where = deadLetterConditions(filter);
    const matching = `SELECT d.seq ${scan.from}${where.sql} ORDER BY d.seq LIMIT $limit`;
    const found = db.query<{ seq: Seq }, [Bindings]>(matching);
    const end = db.query(`UPDATE delivery SET state = 3, reason = NULL, ended_at = $now WHERE seq IN (${matching})`);
    let dropped = 0;
    for (let scanned: Seq | null = scan.start; scanned !== null && dropped < limit; ) {
      if (scanned !== scan.start) await turns.next();
      const bindings: Bindings = { ...where.values, ...scan.bindings(scanned), limit: limit - dropped };
      scanned = scan.endOf(scanned);
      if (found.get(bindings) === null) continue;
      dropped += await committer.write(() => end.run({ ...bindings, now: clock.now() }).changes, limit);
    }
    return dropped;
  };
}

function dropStepVerb(db: Database, committer: Committer): Queue["dropStep"] {
  const cancel = db.prepare("UPDATE delivery SET state = 3, reason = NULL, ended_at = ?2 WHERE seq = ?1 AND state = 2");
  const storeTask = taskUpdate(db);
  return (filter, { after, limit }, now, progress) =>
    committer.write(() => {
      const scan = new DeadLetterScan(db, filter, "ASC");
      const where = deadLetterConditions(filter);
      const rows = db
        .query<{ seq: Seq }, [Bindings]>(`SELECT d.seq ${scan.from}${where.sql} ORDER BY d.seq LIMIT $limit`)
        .all({ ...where.values, ...scan.bindings(after), limit });
      const last = rows.length < limit ? scan.endOf(after) : rows[rows.length - 1]!.seq;
      for (const { seq } of rows) cancel.run(seq, now);
      const dropped: Dropped = { dropped: rows.length, last };
      storeTask(progress(dropped));
      return dropped;
    }, limit);
}
