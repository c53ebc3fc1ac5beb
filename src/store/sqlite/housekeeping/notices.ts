import type { Database } from "bun:sqlite";
import type { EndpointHealth, Notices, Troubled } from "../../notices.ts";
import { IS_FAILING } from "../../sql/endpoint-row.ts";
import {
  DESCRIBED_COLUMNS,
  type DescribedRow,
  endpointHealth,
  SENT_COLUMNS,
  type SentRow,
  toNoticed,
  toSent,
} from "../../sql/notice-rows.ts";
import type { Turns } from "../../turns.ts";
import type { Committer } from "../commit/commit.ts";
import type { DeferredIndex } from "../indexes/deferred-index.ts";

/** Number of endpoints that one step reads. */
const STEP_ROWS = 500;

export function notices(db: Database, committer: Committer, endpointAttempts: DeferredIndex, turns: Turns): Notices {
  return {
    failing: failing(db, turns),
    disabled: disabled(db),
    unverified: unverified(db, turns),
    healthOf: healthOf(db, endpointAttempts, turns),
    describe: describe(db),
    ...kept(db, committer),
  };
}

function failing(db: Database, turns: Turns): Notices["failing"] {
  const step = db.prepare<Troubled & { readonly applicationSeq: number }, [number, number, number]>(
    `SELECT e.seq, e.failing_since AS since, e.application_seq AS applicationSeq
     FROM endpoint e INDEXED BY endpoint_failing CROSS JOIN application a ON a.seq = e.application_seq
     WHERE e.failing_since IS NOT NULL AND e.deleted_at IS NULL AND (e.application_seq, e.seq) > (?1, ?2)
       AND ${IS_FAILING} AND e.failing_since <= ?3 AND a.deleted_at IS NULL
     ORDER BY e.application_seq, e.seq LIMIT ${STEP_ROWS}`,
  );
  return async (before) => {
    const found: Troubled[] = [];
    for (let [application, endpoint] = [0, 0]; ; ) {
      const rows = step.all(application, endpoint, before);
      for (const { seq, since } of rows) found.push({ seq, since });
      if (rows.length < STEP_ROWS) return found;
      [application, endpoint] = [rows.at(-1)!.applicationSeq, rows.at(-1)!.seq];
      await turns.next();
    }
  };
}

function disabled(db: Database): Notices["disabled"] {
  const rows = db.prepare<Troubled, [number]>(
    `SELECT e.seq, e.disabled_at AS since
     FROM endpoint e INDEXED BY endpoint_disabled_at CROSS JOIN application a ON a.seq = e.application_seq
     WHERE e.disabled_at > ? AND e.deleted_at IS NULL AND e.disabled = 1
       AND e.disabled_cause IN ('gone', 'failing') AND a.deleted_at IS NULL
     ORDER BY e.disabled_at, e.seq`,
  );
  return async (after) => rows.all(after);
}

/** Reads all paused endpoints, because no index has only those that are not verified. */
function unverified(db: Database, turns: Turns): Notices["unverified"] {
  const step = db.prepare<Troubled & { readonly isMeant: number }, [number, number]>(
    `SELECT e.seq, e.challenge ->> 'since' AS since,
       e.challenge ->> 'since' <= ?2 AND a.deleted_at IS NULL AS isMeant
     FROM endpoint e INDEXED BY endpoint_paused CROSS JOIN application a ON a.seq = e.application_seq
     WHERE e.paused = 1 AND e.disabled = 0 AND e.deleted_at IS NULL AND e.seq > ?1
     ORDER BY e.seq LIMIT ${STEP_ROWS}`,
  );
  return async (before) => {
    const found: Troubled[] = [];
    for (let after = 0; ; ) {
      const rows = step.all(after, before);
      for (const { seq, since, isMeant } of rows) if (isMeant === 1) found.push({ seq, since });
      if (rows.length < STEP_ROWS) return found;
      after = rows.at(-1)!.seq;
      await turns.next();
    }
  };
}

function healthOf(db: Database, endpointAttempts: DeferredIndex, turns: Turns): Notices["healthOf"] {
  const one = db.prepare<{ health: EndpointHealth }, [number, number | null]>(
    `SELECT ${endpointHealth("t.seq = ?2")} AS health
     FROM endpoint e CROSS JOIN application a ON a.seq = e.application_seq WHERE e.seq = ?1`,
  );
  return async (endpointSeqs) => {
    const found = new Map<number, EndpointHealth>();
    const step = turns.budget(STEP_ROWS);
    for (const seq of endpointSeqs) {
      found.set(seq, one.get(seq, endpointAttempts.last(seq))?.health ?? "gone");
      await step(1);
    }
    return found;
  };
}

function describe(db: Database): Notices["describe"] {
  const one = db.prepare<DescribedRow, [number]>(
    `SELECT ${DESCRIBED_COLUMNS}
     FROM endpoint e CROSS JOIN application a ON a.seq = e.application_seq
       CROSS JOIN environment v ON v.seq = a.environment_seq
     WHERE e.seq = ? AND e.deleted_at IS NULL AND a.deleted_at IS NULL`,
  );
  return async (endpointSeqs) =>
    endpointSeqs.flatMap((endpointSeq) => {
      const row = one.get(endpointSeq);
      return row === null ? [] : [toNoticed(row)];
    });
}

function kept(db: Database, committer: Committer): Pick<Notices, "sent" | "record" | "forget"> {
  const all = db.prepare<SentRow, []>(`SELECT ${SENT_COLUMNS} FROM notice`);
  const put = db.prepare(
    `INSERT INTO notice (channel, subject_seq, kind, since, sent_at, open) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET since = excluded.since, sent_at = excluded.sent_at, open = excluded.open`,
  );
  const dropEnded = db.prepare("DELETE FROM notice WHERE open = 0 AND sent_at < ?");
  const drop = db.prepare("DELETE FROM notice WHERE subject_seq = ?");
  return {
    sent: async () => all.all().map(toSent),
    record: (sent, endedBefore) =>
      committer.write(() => {
        for (const { channel, subjectSeq, kind, since, sentAt, isOpen } of sent) {
          put.run(channel, subjectSeq, kind, since, sentAt, isOpen ? 1 : 0);
        }
        dropEnded.run(endedBefore);
      }, sent.length),
    forget: (subjectSeqs) =>
      committer.write(() => {
        for (const seq of subjectSeqs) drop.run(seq);
      }, subjectSeqs.length),
  };
}
