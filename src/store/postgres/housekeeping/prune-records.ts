import { seqAt } from "../../../core/id.ts";
import { payloadLinkLifeMs } from "../../../core/payload-link.ts";
import { rotationWindowMs } from "../../../core/resources/source.ts";
import { HOUR_MS, HOURS_KEPT_MS, MINUTE_MS, MINUTES_KEPT_MS } from "../../../core/series.ts";
import type { Transaction } from "../commit/commit.ts";

/**
 * How long the audit log is kept, in ms. This is longer than for messages, because people often ask
 * much later who changed what.
 */
const AUDIT_KEPT_MS = 400 * 24 * 60 * 60 * 1000;

/** Returns a statement that deletes at most `$limit` rows. Rows that another instance is deleting are skipped. */
const dropping = (table: string, key: string, from: string): string =>
  `DELETE FROM ${table} WHERE ${key} IN (SELECT x.${key} FROM ${from} LIMIT $limit FOR UPDATE OF x SKIP LOCKED)`;

/** Delete rows past their retention to which no other rows refer. */
const DROPS: readonly string[] = [
  dropping("token", "seq", "token x WHERE x.expires_at <= $before"),
  dropping("idempotency", "key", "idempotency x WHERE x.expires_at <= $now"),
  dropping("task", "seq", "task x WHERE x.seq < $seqBefore AND x.status <> 'running'"),
  dropping("audit", "seq", "audit x WHERE x.seq < $auditBefore"),
  // A session whose token was revoked is deleted after its idle time.
  dropping("session", "seq", "session x WHERE x.ends_at <= $now"),
  dropping("source_log", "seq", "source_log x WHERE x.seq < $seqBefore"),
  dropping("source_log", "seq", "source s JOIN source_log x ON x.source_seq = s.seq WHERE s.deleted_at IS NOT NULL"),
  dropping(
    "source",
    "seq",
    `source x WHERE x.deleted_at IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM source_log l WHERE l.source_seq = x.seq)`,
  ),
  dropping("payload_link_use", "link_seq", "payload_link_use x WHERE x.link_seq < $linkBefore"),
  ...["minutes", "hours"].map((name) =>
    dropping("series", "ctid", `series x WHERE x.step_ms = $${name}Step AND x.start_at < $${name}Before`),
  ),
  // An ended token still counts for the limit of rotations.
  dropping("source_token", "sha256", "source_token x WHERE x.expires_at <= $now AND x.created_at <= $rotatedBefore"),
];

/**
 * Deletes records of the configuration and logs that are past their retention, at most `limit` rows of each
 * kind. Returns the number of deleted rows of each kind.
 */
export async function pruneRecords(
  transaction: Transaction,
  before: number,
  now: number,
  limit: number,
): Promise<readonly number[]> {
  const bindings = {
    ...{ before, now, limit, seqBefore: seqAt(before) },
    ...{ auditBefore: seqAt(now - AUDIT_KEPT_MS), rotatedBefore: now - rotationWindowMs },
    linkBefore: seqAt(now - payloadLinkLifeMs),
    ...{ minutesStep: MINUTE_MS, minutesBefore: now - MINUTES_KEPT_MS },
    ...{ hoursStep: HOUR_MS, hoursBefore: now - HOURS_KEPT_MS },
  };
  const counts: number[] = [];
  for (const drop of DROPS) counts.push(await transaction.run(drop, bindings));
  return counts;
}
