import type { Database } from "bun:sqlite";
import type { FailureReason } from "../../core/outcome.ts";
import type { Clock } from "../../ports.ts";
import type { DeadLetter, DeadLetterFilter, DeadLetterGroup, History, Queue, Redriven } from "../index.ts";
import { type AttemptRow, attemptColumns, toAttempt } from "./attempts.ts";
import type { Committer } from "./commit.ts";
import { positionKeeper } from "./last-position.ts";
import { Conditions, pageOf, walk } from "./page.ts";
import { taskUpdate } from "./tasks.ts";

type Bindings = Record<string, string | number | null | Uint8Array>;

/**
 * CROSS JOIN fixes the order of the tables, so that dead letters are read in the order of their
 * index until the page is full. Otherwise SQLite may start with the applications and sort all their
 * dead letters in each step of a redrive.
 */
const FROM = `FROM delivery d
  CROSS JOIN endpoint e ON e.seq = d.endpoint_seq
  CROSS JOIN application a ON a.seq = e.application_seq
  CROSS JOIN message m ON m.seq = d.message_seq
  WHERE d.state = 2`;

/**
 * The payload exists, and the endpoint accepts deliveries. A paused endpoint gets its deliveries
 * later. A disabled endpoint would end them immediately, and their reason would be lost.
 */
const CAN_BE_REDRIVEN = "e.deleted_at IS NULL AND e.disabled = 0 AND a.deleted_at IS NULL AND m.payload IS NOT NULL";

/** Returns the conditions of a filter. `before` and `after` refer to `deadAt`. */
function conditions(filter: DeadLetterFilter): Conditions {
  const where = new Conditions().add("a.environment_seq = $environmentSeq", { environmentSeq: filter.environmentSeq });
  if (filter.applicationSeq !== undefined) {
    where.add("e.application_seq = $applicationSeq", { applicationSeq: filter.applicationSeq });
  }
  if (filter.endpointSeq !== undefined) where.add("d.endpoint_seq = $endpointSeq", { endpointSeq: filter.endpointSeq });
  if (filter.eventTypes !== undefined) where.oneOf("m.event_type", filter.eventTypes);
  if (filter.reason !== undefined) where.add("d.reason = $reason", { reason: filter.reason });
  if (filter.deliverySeqs !== undefined) where.oneOf("d.seq", filter.deliverySeqs);
  if (filter.before !== undefined) where.add("d.ended_at < $before", { before: filter.before });
  if (filter.after !== undefined) where.add("d.ended_at > $after", { after: filter.after });
  return where;
}

export function deadLetters(db: Database): History["deadLetters"] {
  const lastAttempt = db.prepare<AttemptRow, [number, number]>(
    `SELECT ${attemptColumns(true)} FROM attempt t WHERE t.message_seq = ? AND t.delivery_seq = ? ORDER BY t.seq DESC LIMIT 1`,
  );

  type Row = Omit<DeadLetter, "lastAttempt" | "reason"> & { reason: string };
  const toDeadLetter = (row: Row): DeadLetter => {
    const attempt = lastAttempt.get(row.messageSeq, row.seq);
    return {
      ...row,
      reason: row.reason as FailureReason,
      lastAttempt: attempt === null ? null : toAttempt(attempt),
    };
  };
  const groupsOf = (where: Conditions) =>
    db
      .query<DeadLetterGroup, [Bindings]>(
        `SELECT e.application_seq AS applicationSeq, d.endpoint_seq AS endpointSeq, m.event_type AS eventType, d.reason,
           COUNT(*) AS count, MIN(d.ended_at) AS firstDeadAt, MAX(d.ended_at) AS lastDeadAt
         ${FROM}${where.sql} GROUP BY d.endpoint_seq, m.event_type, d.reason ORDER BY count DESC, lastDeadAt DESC`,
      )
      .all(where.values);

  return {
    list: async (filter, page) => {
      const where = conditions(filter);
      const { condition, direction } = walk("d.seq", page);
      const rows = db
        .query<Row, [Bindings]>(
          `SELECT d.seq, e.application_seq AS applicationSeq, d.message_seq AS messageSeq, m.event_id AS eventId,
             m.event_type AS eventType, d.endpoint_seq AS endpointSeq, e.url, d.reason, d.attempts_total AS attempts,
             d.ended_at AS deadAt
           ${FROM}${where.sql}${condition} ORDER BY d.seq ${direction} LIMIT $limit`,
        )
        .all({ ...where.values, limit: page.limit + 1, ...(page.from === null ? {} : { from: page.from }) });
      return pageOf(rows.map(toDeadLetter), page);
    },

    groups: async (filter) => groupsOf(conditions(filter)),
    redrivable: async (filter) => groupsOf(conditions(filter).add(CAN_BE_REDRIVEN)),
  };
}

/** The methods that change dead letters. */
export function redriveVerbs(db: Database, committer: Committer, clock: Clock): Pick<Queue, "redrive" | "drop"> {
  const again = db.prepare(
    `UPDATE delivery SET state = 0, position = ?2, due_at = ?3, attempts = 0, round = round + 1, trigger = 1,
       reason = NULL, ended_at = NULL WHERE seq = ?1 AND state = 2`,
  );

  const keepPosition = positionKeeper(db);
  const storeTask = taskUpdate(db);

  return {
    redrive: (filter, { after, limit }, { first, now }, progress) =>
      committer.write(() => {
        const where = conditions(filter).add("d.seq > $afterSeq", { afterSeq: after }).add(CAN_BE_REDRIVEN);
        const rows = db
          .query<{ seq: number; endpointSeq: number }, [Bindings]>(
            `SELECT d.seq, d.endpoint_seq AS endpointSeq ${FROM}${where.sql} ORDER BY d.seq LIMIT $limit`,
          )
          .all({ ...where.values, limit });
        rows.forEach((row, index) => void again.run(row.seq, first + index, now));
        keepPosition(first + rows.length - 1);
        const redriven: Redriven = {
          redriven: rows.length,
          endpoints: [...new Set(rows.map((row) => row.endpointSeq))],
          last: rows.length < limit ? null : rows[rows.length - 1]!.seq,
        };
        storeTask(progress(redriven));
        return redriven;
      }),

    drop: (filter, limit) =>
      committer.write(() => {
        const where = conditions(filter);
        return db
          .query(
            `UPDATE delivery SET state = 3, reason = NULL, ended_at = $now
             WHERE seq IN (SELECT d.seq ${FROM}${where.sql} ORDER BY d.seq LIMIT $limit)`,
          )
          .run({ ...where.values, limit, now: clock.now() }).changes;
      }),
  };
}
