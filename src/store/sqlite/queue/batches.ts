import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { BatchCandidate, Queue } from "../../index.ts";
import { PENDING_COLUMNS, type PendingRow, withTriggers } from "../../sql/delivery-row.ts";
import type { Committer } from "../commit/commit.ts";
import { positionKeeper } from "./last-position.ts";

type CandidateRow = PendingRow & Pick<BatchCandidate, "payloadBytes">;

/** SQLite knows the size of a payload without reading it. */
const COLUMNS = `${PENDING_COLUMNS},
  COALESCE((SELECT LENGTH(payload) FROM message WHERE message.seq = message_seq), 0) AS payloadBytes`;

/** The methods that form batches. */
export function batchVerbs(db: Database, committer: Committer): Queue["batch"] {
  const due = db.prepare<CandidateRow, [number, number, number, number, number]>(
    `SELECT ${COLUMNS} FROM delivery
     WHERE state = 0 AND endpoint_seq = ?1 AND position >= ?2 AND position <= ?4 AND (position > ?2 OR seq > ?3)
     ORDER BY position, seq LIMIT ?5`,
  );
  const members = db.prepare<CandidateRow, [number]>(
    `SELECT ${COLUMNS} FROM delivery WHERE batch_seq = ?1 AND state = 0 ORDER BY message_seq, seq`,
  );
  const join = db.prepare(
    `UPDATE delivery SET batch_seq = ?1
     WHERE seq = ?2 AND round = ?3 AND state = 0 AND (batch_seq IS NULL OR batch_seq = ?1)`,
  );
  const keepNumber = positionKeeper(db);

  return {
    due: async (endpointSeq, after, upTo, limit) =>
      withTriggers(due.all(endpointSeq, after.position, after.seq, upTo, limit)),
    members: async (batchSeq) => withTriggers(members.all(batchSeq)),
    close: (batchSeq, deliveries) =>
      committer.write((): readonly Seq[] => {
        // No row has the number of the batch as its key.
        keepNumber(batchSeq);
        return deliveries
          .filter(({ seq, round }) => join.run(batchSeq, seq, round).changes === 1)
          .map(({ seq }) => seq);
      }, deliveries.length),
  };
}
