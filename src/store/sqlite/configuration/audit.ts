import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { AuditEntry, AuditFilter, AuditTarget, Configuration, PageRequest } from "../../index.ts";
import {
  AUDIT_COLUMNS,
  type AuditRow,
  auditBindings,
  auditMatcher,
  PUT_AUDIT,
  toAuditEntry,
} from "../../sql/audit-row.ts";
import { directionOf, rangeOf } from "../../sql/page.ts";
import { readSteps, type Steps } from "../../sql/steps.ts";
import type { Turns } from "../../turns.ts";
import type { Committer } from "../commit/commit.ts";

export function audit(db: Database, committer: Committer, turns: Turns): Configuration["audit"] {
  const put = db.prepare(PUT_AUDIT);
  const drop = db.prepare("DELETE FROM audit WHERE seq = ? AND done = 0");

  const store = (entry: AuditEntry) => committer.write(() => void put.run(auditBindings(entry)));

  return {
    begin: store,
    end: store,
    drop: (seq) => committer.write(() => void drop.run(seq)),
    list: (environmentSeq, window, page, filter = {}) =>
      readSteps(turns, page, rangeOf(page, window), auditSteps(db, environmentSeq, page, filter)),
    targets: auditTargets(db),
  };
}

/** Number of entries that one step of a list examines. */
const STEP_ROWS = 1000;

type RowBindings = Record<"environmentSeq" | "from" | "to", number>;

function auditSteps(db: Database, environmentSeq: Seq, page: PageRequest, filter: AuditFilter): Steps<AuditEntry> {
  const order = `WHERE environment_seq = $environmentSeq AND seq >= $from AND seq < $to ORDER BY seq ${directionOf(page)}`;
  const last = db.query<{ seq: number }, [RowBindings]>(
    `SELECT seq FROM audit ${order} LIMIT 1 OFFSET ${STEP_ROWS - 1}`,
  );
  const rows = db.query<AuditRow, [RowBindings]>(`SELECT ${AUDIT_COLUMNS} FROM audit ${order}`);
  const matches = auditMatcher(filter);
  return {
    lastOf: (range) => last.get({ environmentSeq, ...range })?.seq,
    read(range, limit) {
      const found: AuditEntry[] = [];
      for (const row of rows.iterate({ environmentSeq, ...range })) {
        const entry = toAuditEntry(row);
        if (matches(entry)) found.push(entry);
        if (found.length === limit) break;
      }
      return { rows: found };
    },
  };
}

function auditTargets(db: Database): Configuration["audit"]["targets"] {
  const query = (sql: string) => db.prepare<{ name: string; isDeleted: number }, [number, number]>(sql);
  const application = query(
    "SELECT name, deleted_at IS NOT NULL AS isDeleted FROM application WHERE seq = ? AND environment_seq = ?",
  );
  const endpoint = query(
    `SELECT e.url AS name, e.deleted_at IS NOT NULL OR a.deleted_at IS NOT NULL AS isDeleted
     FROM endpoint e JOIN application a ON a.seq = e.application_seq WHERE e.seq = ? AND a.environment_seq = ?`,
  );
  const source = query(
    "SELECT name, deleted_at IS NOT NULL AS isDeleted FROM source WHERE seq = ? AND environment_seq = ?",
  );
  const token = query("SELECT name, 0 AS isDeleted FROM token WHERE seq = ? AND environment_seq = ?");
  return async (environmentSeq, { applicationSeqs, endpointSeqs, sourceSeqs, tokenSeqs }) => {
    const found = new Map<Seq, AuditTarget>();
    for (const [statement, seqs] of [
      [application, applicationSeqs],
      [endpoint, endpointSeqs],
      [source, sourceSeqs],
      [token, tokenSeqs],
    ] as const) {
      for (const seq of seqs) {
        const row = found.has(seq) ? null : statement.get(seq, environmentSeq);
        if (row !== null) found.set(seq, { name: row.name, isDeleted: row.isDeleted === 1 });
      }
    }
    return found;
  };
}
