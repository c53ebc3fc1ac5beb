import type { Database } from "bun:sqlite";
import type { FailureReason } from "../../core/outcome.ts";
import type { Attempt, AttemptFilter, PageOf, PageRequest, Store } from "../index.ts";
import type { Committer } from "./commit.ts";
import { addMessageFilter, addWindow } from "./messages.ts";
import { Conditions, pageOf, walk } from "./page.ts";

export interface AttemptRow extends Omit<Attempt, "reason"> {
  reason: string | null;
}

export function attemptColumns(withContent: boolean): string {
  return `t.seq, t.delivery_seq AS deliverySeq, t.message_seq AS messageSeq, t.endpoint_seq AS endpointSeq, t.url, t.reason,
    t.response_status AS responseStatus, ${withContent ? "t.response" : "NULL AS response"}, t.duration_ms AS durationMs,
    t.trigger, t.started_at AS startedAt, t.next_attempt_at AS nextAttemptAt`;
}

export function toAttempt(row: AttemptRow): Attempt {
  return { ...row, reason: row.reason as FailureReason | null };
}

/** The Svix statuses of attempts: 0 success, 2 failed. An attempt is stored when it has ended, so none is pending or being sent. */
function addStatus(where: Conditions, status: AttemptFilter["status"]): void {
  if (status === undefined) return;
  if (status === 0) where.add("t.reason IS NULL");
  else if (status === 2) where.add("t.reason IS NOT NULL");
  else where.add("0");
}

function addStatusClass(where: Conditions, statusClass: number | undefined): void {
  if (statusClass === undefined) return;
  if (statusClass === 0) where.add("t.response_status = 0");
  else where.add("t.response_status BETWEEN $class AND $class + 99", { class: statusClass });
}

export function attempts(db: Database, committer: Committer): Store["attempts"] {
  const one = db.prepare<AttemptRow, [number, number]>(
    `SELECT ${attemptColumns(true)} FROM attempt t WHERE t.seq = ? AND t.message_seq = ?`,
  );
  const expunge = db.prepare("UPDATE attempt SET response = NULL WHERE seq = ?");

  const list = (scope: Conditions, filter: AttemptFilter, page: PageRequest, withContent: boolean): PageOf<Attempt> => {
    const { condition, direction } = walk("t.seq", page);
    if (filter.endpointSeq !== undefined)
      scope.add("t.endpoint_seq = $onlyEndpoint", { onlyEndpoint: filter.endpointSeq });
    addStatus(scope, filter.status);
    addStatusClass(scope, filter.statusCodeClass);
    addWindow(scope, "t.seq", filter);
    const ofMessage = filter.eventTypes !== undefined || filter.channel !== undefined || filter.tag !== undefined;
    addMessageFilter(scope, filter);
    const rows = db
      .query<AttemptRow, [Record<string, string | number | null | Uint8Array>]>(
        `SELECT ${attemptColumns(withContent)} FROM attempt t${ofMessage ? " JOIN message m ON m.seq = t.message_seq" : ""}
         WHERE 1${scope.sql}${condition} ORDER BY t.seq ${direction} LIMIT $limit`,
      )
      .all({ ...scope.values, limit: page.limit + 1, ...(page.from === null ? {} : { from: page.from }) });
    return pageOf(rows.map(toAttempt), page);
  };

  return {
    ofEndpoint: async (endpointSeq, filter, page, withContent) =>
      list(new Conditions().add("t.endpoint_seq = $endpointSeq", { endpointSeq }), filter, page, withContent),
    ofMessage: async (messageSeq, filter, page, withContent) =>
      list(new Conditions().add("t.message_seq = $messageSeq", { messageSeq }), filter, page, withContent),
    get: async (messageSeq, attemptSeq) => {
      const row = one.get(attemptSeq, messageSeq);
      return row === null ? null : toAttempt(row);
    },
    expunge: (attemptSeq) => committer.write(() => void expunge.run(attemptSeq)),
  };
}
