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
import type { Committer } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";

/** Endpoints of applications that exist. */
const EXISTING = `FROM endpoint e JOIN application a ON a.seq = e.application_seq
  WHERE e.deleted_at IS NULL AND a.deleted_at IS NULL`;
const UNVERIFIED_SINCE = "(e.challenge::json ->> 'since')::bigint";

export function notices(database: Database, committer: Committer): Notices {
  return {
    failing: (before) =>
      database.all<Troubled>(
        `SELECT e.seq, e.failing_since AS since ${EXISTING} AND ${IS_FAILING} AND e.failing_since <= $1
         ORDER BY e.application_seq, e.seq`,
        [before],
      ),
    disabled: (after) =>
      database.all<Troubled>(
        `SELECT e.seq, e.disabled_at AS since ${EXISTING} AND e.disabled_at > $1 AND e.disabled = 1
           AND e.disabled_cause IN ('gone', 'failing') ORDER BY e.disabled_at, e.seq`,
        [after],
      ),
    unverified: (before) =>
      database.all<Troubled>(
        `SELECT e.seq, ${UNVERIFIED_SINCE} AS since ${EXISTING} AND e.paused = 1 AND e.disabled = 0
           AND ${UNVERIFIED_SINCE} <= $1 ORDER BY e.seq`,
        [before],
      ),
    healthOf: async (endpointSeqs) => {
      const rows = await database.all<{ seq: number; health: EndpointHealth }>(
        `SELECT e.seq, ${endpointHealth("t.endpoint_seq = e.seq ORDER BY t.seq DESC LIMIT 1")} AS health FROM endpoint e JOIN application a ON a.seq = e.application_seq
         WHERE e.seq = ANY ($1::bigint[])`,
        [numberArray(endpointSeqs)],
      );
      const found = new Map(rows.map(({ seq, health }) => [seq, health]));
      return new Map(endpointSeqs.map((seq) => [seq, found.get(seq) ?? "gone"]));
    },
    describe: async (endpointSeqs) => {
      const rows = await database.all<DescribedRow>(
        `SELECT ${DESCRIBED_COLUMNS} FROM endpoint e JOIN application a ON a.seq = e.application_seq
           JOIN environment v ON v.seq = a.environment_seq
         WHERE e.seq = ANY ($1::bigint[]) AND e.deleted_at IS NULL AND a.deleted_at IS NULL
         ORDER BY array_position($1::bigint[], e.seq)`,
        [numberArray(endpointSeqs)],
      );
      return rows.map(toNoticed);
    },
    ...kept(database, committer),
  };
}

function kept(database: Database, committer: Committer): Pick<Notices, "sent" | "record" | "forget"> {
  return {
    sent: async () => (await database.all<SentRow>(`SELECT ${SENT_COLUMNS} FROM notice`)).map(toSent),
    record: (sent, endedBefore) =>
      committer.write(async (transaction) => {
        // A later notice of the list replaces an earlier one, which one statement cannot do.
        for (const { channel, subjectSeq, kind, since, sentAt, isOpen } of sent) {
          await transaction.run(
            `INSERT INTO notice (channel, subject_seq, kind, since, sent_at, open) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (channel, subject_seq, kind) DO UPDATE SET since = excluded.since, sent_at = excluded.sent_at,
               open = excluded.open`,
            [channel, subjectSeq, kind, since, sentAt, isOpen ? 1 : 0],
          );
        }
        await transaction.run("DELETE FROM notice WHERE open = 0 AND sent_at < $1", [endedBefore]);
      }, sent.length),
    forget: (subjectSeqs) =>
      committer.write(async (transaction) => {
        await transaction.run("DELETE FROM notice WHERE subject_seq = ANY ($1::bigint[])", [numberArray(subjectSeqs)]);
      }, subjectSeqs.length),
  };
}
