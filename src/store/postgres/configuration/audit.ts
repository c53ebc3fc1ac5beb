import type { Seq } from "../../../core/id.ts";
import type { AuditEntry, AuditTarget, AuditTargets, Configuration } from "../../index.ts";
import {
  AUDIT_COLUMNS,
  type AuditRow,
  auditBindings,
  auditMatcher,
  PUT_AUDIT,
  toAuditEntry,
} from "../../sql/audit-row.ts";
import { directionOf, pageOf, rangeOf } from "../../sql/page.ts";
import type { Range } from "../../sql/range.ts";
import type { Committer } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";
import { scanned } from "../history/scan.ts";

export function audit(database: Database, committer: Committer): Configuration["audit"] {
  const store = (entry: AuditEntry) =>
    committer.write(async (transaction) => {
      await transaction.run(PUT_AUDIT, auditBindings(entry));
    });
  return {
    begin: store,
    end: store,
    drop: (seq) =>
      committer.write(async (transaction) => {
        await transaction.run("DELETE FROM audit WHERE seq = $1 AND done = 0", [seq]);
      }),
    list: async (environmentSeq, window, page, filter = {}) => {
      const read = async (range: Range, limit: number) =>
        (
          await database.all<AuditRow>(
            `SELECT ${AUDIT_COLUMNS} FROM audit WHERE environment_seq = $environmentSeq AND seq >= $from AND seq < $to
             ORDER BY seq ${directionOf(page)} LIMIT $limit`,
            { environmentSeq, ...range, limit },
          )
        ).map(toAuditEntry);
      const within = rangeOf(page, window);
      if (Object.keys(filter).length === 0) return pageOf(await read(within, page.limit + 1), page);
      const matches = auditMatcher(filter);
      return scanned(page, within, { read, pick: (entries) => entries.filter(matches) });
    },
    targets: targetsVerb(database),
  };
}

/** For each kind, the columns and conditions with which its names are read. */
const TARGETS: Readonly<Record<keyof AuditTargets, string>> = {
  applicationSeqs: `t.name, t.deleted_at IS NOT NULL AS "isDeleted" FROM application t WHERE t.environment_seq = $1`,
  endpointSeqs: `t.url AS name, t.deleted_at IS NOT NULL OR a.deleted_at IS NOT NULL AS "isDeleted"
    FROM endpoint t JOIN application a ON a.seq = t.application_seq WHERE a.environment_seq = $1`,
  sourceSeqs: `t.name, t.deleted_at IS NOT NULL AS "isDeleted" FROM source t WHERE t.environment_seq = $1`,
  tokenSeqs: `t.name, false AS "isDeleted" FROM token t WHERE t.environment_seq = $1`,
};

function targetsVerb(database: Database): Configuration["audit"]["targets"] {
  return async (environmentSeq, of) => {
    const found = new Map<Seq, AuditTarget>();
    for (const [kind, sql] of Object.entries(TARGETS) as [keyof AuditTargets, string][]) {
      if (of[kind].length === 0) continue;
      const rows = await database.all<AuditTarget & { readonly seq: Seq }>(
        `SELECT t.seq, ${sql} AND t.seq = ANY ($2::bigint[])`,
        [environmentSeq, numberArray(of[kind])],
      );
      for (const { seq, ...target } of rows) found.set(seq, target);
    }
    return found;
  };
}
