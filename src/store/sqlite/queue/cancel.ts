import type { Database } from "bun:sqlite";
import type { CancelledStep, Queue } from "../../index.ts";
import type { Committer } from "../commit/commit.ts";
import { taskUpdate } from "../housekeeping/tasks.ts";
import { isOfMessage } from "../indexes/message-deliveries.ts";

/** The methods that cancel pending deliveries. */
export function cancelVerbs(db: Database, committer: Committer): Queue["cancel"] {
  const ofMessage = db.prepare<{ endpointSeq: number }, [number, number]>(
    `UPDATE delivery SET state = 3, ended_at = ?2 WHERE ${isOfMessage("?1")} AND state = 0
     RETURNING endpoint_seq AS endpointSeq`,
  );
  const next = db.prepare<{ seq: number; position: number; messageSeq: number }, [number, number, number, number]>(
    `SELECT seq, position, message_seq AS messageSeq FROM delivery
     WHERE state = 0 AND endpoint_seq = ?1 AND position >= ?2 AND (position > ?2 OR seq > ?3)
     ORDER BY position, seq LIMIT ?4`,
  );
  const end = db.prepare("UPDATE delivery SET state = 3, ended_at = ?2 WHERE seq = ?1");
  const storeTask = taskUpdate(db);

  return {
    message: (seq, now) => committer.write(() => ofMessage.all(seq, now).map(({ endpointSeq }) => endpointSeq)),
    step: (endpointSeq, { before, after, limit }, now, progress) =>
      committer.write(() => {
        const rows = next.all(endpointSeq, after.position, after.seq, limit);
        const meant = rows.filter(({ messageSeq }) => messageSeq < before);
        for (const { seq } of meant) end.run(seq, now);
        const reached = rows.length < limit ? undefined : rows.at(-1);
        const last = reached === undefined ? null : { position: reached.position, seq: reached.seq };
        const step: CancelledStep = { cancelled: meant.length, last };
        storeTask(progress(step));
        return step;
      }, limit),
  };
}
