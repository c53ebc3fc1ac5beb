import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { Clock } from "../../../ports.ts";
import type { Dropped, Queue, Redriven } from "../../index.ts";
import { CAN_BE_REDRIVEN, deadLetterConditions } from "../../sql/dead-letters.ts";
import type { Bindings } from "../../sql/page.ts";
import type { Turns } from "../../turns.ts";
import type { Committer } from "../commit/commit.ts";
import { DeadLetterScan } from "../history/dead-letter-scan.ts";
import { taskUpdate } from "../housekeeping/tasks.ts";
import { positionKeeper } from "./last-position.ts";

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
