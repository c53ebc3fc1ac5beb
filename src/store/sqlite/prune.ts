import type { Database } from "bun:sqlite";
import type { Fact } from "../../core/fact.ts";
import { seqAt } from "../../core/id.ts";
import type { Store } from "../index.ts";
import type { Committer } from "./commit.ts";
import { emptyStretches } from "./stretches-prune.ts";

/** Who changed what is asked long after: the audit log does not follow the retention of messages. */
const AUDIT_KEPT_MS = 400 * 24 * 60 * 60 * 1000;

/** Deletes what is older than it needs to be, a bounded number of rows at a time so that no commit takes long. */
export function pruneVerb(db: Database, committer: Committer, onFact: (fact: Fact) => void): Store["prune"] {
  // What still waits keeps its payload and its message, however old they are.
  const expirePayloads = db.prepare(
    `UPDATE message SET payload = NULL, payload_expires_at = NULL
     WHERE seq IN (
       SELECT seq FROM message m WHERE payload_expires_at <= ?1
       AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.message_seq = m.seq AND d.state = 0) LIMIT ?2
     )`,
  );
  const forgetAnswers = db.prepare(
    "DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE expires_at <= ?1 LIMIT ?2)",
  );
  const oldMessages = db.prepare<{ seq: number }, [number, number]>(
    `SELECT seq FROM message m WHERE seq < ?1
     AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.message_seq = m.seq AND d.state = 0) ORDER BY seq LIMIT ?2`,
  );
  const deadOf = db.prepare<{ environmentSeq: number }, [number]>(
    `SELECT a.environment_seq AS environmentSeq FROM delivery d JOIN endpoint e ON e.seq = d.endpoint_seq
     JOIN application a ON a.seq = e.application_seq WHERE d.message_seq = ? AND d.state = 2`,
  );
  const dropAttempts = db.prepare("DELETE FROM attempt WHERE message_seq = ?");
  const dropDeliveries = db.prepare("DELETE FROM delivery WHERE message_seq = ?");
  const dropMessage = db.prepare("DELETE FROM message WHERE seq = ?");
  const dropStretches = emptyStretches(db);
  const forgetTokens = db.prepare(
    "DELETE FROM token WHERE seq IN (SELECT seq FROM token WHERE expires_at <= ?1 LIMIT ?2)",
  );
  const forgetChanges = db.prepare("DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE seq < ?1 LIMIT ?2)");
  const forgetTasks = db.prepare(
    "DELETE FROM task WHERE seq IN (SELECT seq FROM task WHERE seq < ?1 AND status <> 'running' ORDER BY seq LIMIT ?2)",
  );

  return async (before, now, limit) => {
    const dead = new Map<number, number>();
    const gone = await committer.write(() => {
      dead.clear();
      let gone = expirePayloads.run(now, limit).changes + forgetAnswers.run(now, limit).changes;
      gone += forgetTokens.run(before, limit).changes;
      gone += forgetTasks.run(seqAt(before), limit).changes;
      gone += forgetChanges.run(seqAt(now - AUDIT_KEPT_MS), limit).changes;
      for (const { seq } of oldMessages.all(seqAt(before), limit)) {
        for (const { environmentSeq } of deadOf.all(seq)) dead.set(environmentSeq, (dead.get(environmentSeq) ?? 0) + 1);
        gone += dropAttempts.run(seq).changes + dropDeliveries.run(seq).changes + dropMessage.run(seq).changes;
      }
      return gone + dropStretches(limit);
    });
    for (const [environmentSeq, count] of dead) onFact({ type: "deadletters.dropped", environmentSeq, count });
    return gone;
  };
}
