import type { Database } from "bun:sqlite";
import type { Fact } from "../../../core/fact.ts";
import { type Seq, seqAt } from "../../../core/id.ts";
import { rotationWindowMs } from "../../../core/resources/source.ts";
import type { Housekeeping } from "../../index.ts";
import type { SweepStep } from "../../sql/sweep-step.ts";
import type { Committer } from "../commit/commit.ts";
import { endedSessions } from "../configuration/sessions.ts";
import { expiredPayloadLinks } from "../history/payload-links.ts";
import { oldSeries } from "../history/series.ts";
import type { DeferredIndex } from "../indexes/deferred-index.ts";
import { emptyStretches } from "../indexes/stretches-prune.ts";
import type { EventIds } from "../keys/event-ids.ts";
import type { MessageKeys } from "../keys/message-keys.ts";
import { forgottenIds } from "../moves/moved-ids.ts";
import { FunctionSends } from "../queue/function-sends.ts";
import type { QuotaUsages } from "../queue/quota-usage.ts";
import { type DroppedMessages, expiredPayloads, messageDropper, oldMessages } from "./prune-messages.ts";
import type { Sweep } from "./sweep.ts";

/**
 * How long the audit log is kept, in ms. This is longer than for messages, because people often ask
 * much later who changed what.
 */
const AUDIT_KEPT_MS = 400 * 24 * 60 * 60 * 1000;

/**
 * A stretch is checked for this number of messages that may be deleted. The deletion of so many
 * messages empties less than one stretch, so the checks reach all stretches in time.
 */
const MESSAGES_PER_STRETCH = 8;

/**
 * Number of messages that one commit deletes. A commit holds the event loop: with 500 messages for
 * 8 ms, with 100 for less than 2.
 */
const ROWS_PER_COMMIT = 100;

interface PruneParts {
  readonly endpointAttempts: DeferredIndex;
  readonly keys: MessageKeys;
  readonly eventIds: EventIds;
  readonly usages: QuotaUsages;
  readonly onFact: (fact: Fact) => void;
}

/** Deletes rows that are past their retention, a limited number of messages per commit. */
export function pruneVerb(
  db: Database,
  committer: Committer,
  { endpointAttempts, keys, eventIds, usages, onFact }: PruneParts,
): Housekeeping["prune"] {
  const expired = expiredPayloads(db);
  const old = oldMessages(db);
  const dropPayload = db.prepare("UPDATE message SET payload = NULL, payload_expires_at = NULL WHERE seq = ?");
  const dropMessages = messageDropper(db);
  const dropOthers = otherDroppers(db, endpointAttempts);

  const releaser = () => (usages.isUsed() ? (seq: Seq) => usages.release(seq) : () => {});
  const expirePayloads = ({ seqs }: SweepStep) => {
    const release = releaser();
    for (const seq of seqs) {
      release(seq);
      dropPayload.run(seq);
    }
    return { rows: seqs.length };
  };
  const deleteMessages = ({ seqs, runs }: SweepStep) => {
    seqs.forEach(releaser());
    return dropMessages(runs);
  };
  const stateDropped = ({ dead }: DroppedMessages) => {
    for (const [environmentSeq, count] of dead) onFact({ type: "deadletters.dropped", environmentSeq, count });
  };

  return async (before, now, limit) => {
    const payloads = await sweepUpTo(committer, expired, now, limit, expirePayloads);
    const messages = await sweepUpTo(committer, old, seqAt(before), limit, deleteMessages, stateDropped);
    const others = await committer.write(() => {
      const counts = dropOthers.map((drop) => drop(before, now, limit));
      const moreIds = eventIds.prune(seqAt(before), messages.messages);
      return { counts, moreIds, keys: keys.prune(now) };
    }, limit);
    return {
      deleted: others.counts.reduce((sum, count) => sum + count, payloads.rows + messages.rows + others.keys.deleted),
      more:
        [payloads.more, messages.more, others.keys.more, others.moreIds].includes(true) ||
        others.counts.some((count) => count >= limit),
    };
  };
}

interface Swept {
  readonly messages: number;
  readonly rows: number;
  readonly more: boolean;
}

/** Applies a sweep to at most `limit` messages, a few per commit. Calls `committed` after each commit. */
async function sweepUpTo<Dropped extends { readonly rows: number }>(
  committer: Committer,
  sweep: Pick<Sweep, "read" | "advance">,
  upTo: number,
  limit: number,
  apply: (step: SweepStep) => Dropped,
  committed: (dropped: Dropped) => void = () => {},
): Promise<Swept> {
  const swept = { messages: 0, rows: 0, more: true };
  for (let left = limit; swept.more && left > 0; left -= ROWS_PER_COMMIT) {
    const count = Math.min(left, ROWS_PER_COMMIT);
    const { step, dropped } = await committer.write(() => {
      const step = sweep.read(upTo, count);
      return { step, dropped: apply(step) };
    }, count);
    committed(dropped);
    swept.messages += step.seqs.length;
    swept.rows += dropped.rows;
    swept.more = sweep.advance(step);
  }
  return swept;
}

type Dropper = (before: number, now: number, limit: number) => number;

/**
 * Returns functions that delete rows to which no other rows refer. Each one deletes up to `limit`
 * rows and returns the number of deleted rows.
 */
function otherDroppers(db: Database, endpointAttempts: DeferredIndex): readonly Dropper[] {
  // The index has the minutes in which keys expire. Keys of the current minute are kept.
  const forgetResponses = db.prepare(
    `DELETE FROM idempotency
     WHERE key IN (SELECT key FROM idempotency WHERE expires_at / 60000 < ?1 / 60000 LIMIT ?2)`,
  );
  const forgetTokens = db.prepare(
    "DELETE FROM token WHERE seq IN (SELECT seq FROM token WHERE expires_at <= ?1 LIMIT ?2)",
  );
  const forgetChanges = db.prepare("DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE seq < ?1 LIMIT ?2)");
  const forgetTasks = db.prepare(
    "DELETE FROM task WHERE seq IN (SELECT seq FROM task WHERE seq < ?1 AND status <> 'running' ORDER BY seq LIMIT ?2)",
  );
  const forgetLog = db.prepare(
    "DELETE FROM source_log WHERE seq IN (SELECT seq FROM source_log WHERE seq < ?1 ORDER BY seq LIMIT ?2)",
  );
  const dropStretches = emptyStretches(db, endpointAttempts);
  const dropSeries = oldSeries(db);
  const dropSessions = endedSessions(db);
  const dropLinks = expiredPayloadLinks(db);
  const functionSends = new FunctionSends(db);
  const forgetIds = forgottenIds(db);
  return [
    (before, _, limit) => functionSends.forget(seqAt(before), limit),
    (before, _, limit) => forgetIds(seqAt(before), limit),
    (_, now, limit) => forgetResponses.run(now, limit).changes,
    (before, _, limit) => forgetTokens.run(before, limit).changes,
    (before, _, limit) => forgetTasks.run(seqAt(before), limit).changes,
    (_, now, limit) => forgetChanges.run(seqAt(now - AUDIT_KEPT_MS), limit).changes,
    (_, __, limit) => dropStretches(Math.ceil(limit / MESSAGES_PER_STRETCH)),
    (before, _, limit) => forgetLog.run(seqAt(before), limit).changes,
    (_, now, limit) => dropSeries(now, limit),
    (_, now, limit) => dropSessions(now, limit),
    (_, now, limit) => dropLinks(now, limit),
    ...sourceDroppers(db),
  ];
}

/** Returns functions that delete what deleted sources and ended tokens of the door leave behind. */
function sourceDroppers(db: Database): readonly Dropper[] {
  const forgetLogs = db.prepare(
    `DELETE FROM source_log WHERE seq IN (
       SELECT l.seq FROM source s JOIN source_log l ON l.source_seq = s.seq WHERE s.deleted_at IS NOT NULL LIMIT ?1)`,
  );
  const forgetSources = db.prepare(
    `DELETE FROM source WHERE seq IN (
       SELECT seq FROM source s WHERE deleted_at IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM source_log WHERE source_seq = s.seq) LIMIT ?1)`,
  );
  const forgetTokens = db.prepare(
    `DELETE FROM source_token WHERE sha256 IN (
       SELECT sha256 FROM source_token WHERE expires_at <= ?1 AND created_at <= ?2 LIMIT ?3)`,
  );
  return [
    (_, __, limit) => forgetLogs.run(limit).changes,
    (_, __, limit) => forgetSources.run(limit).changes,
    // An ended token still counts for the limit of rotations.
    (_, now, limit) => forgetTokens.run(now, now - rotationWindowMs, limit).changes,
  ];
}
