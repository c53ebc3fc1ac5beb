import type { Seq } from "../../../core/id.ts";
import type { Clock } from "../../../ports.ts";
import type { BatchCandidate, Queue } from "../../index.ts";
import { PENDING_COLUMNS, type PendingRow, withTriggers } from "../../sql/delivery-row.ts";
import type { Committer } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";
import type { SlotSeqSource } from "../instances/numbers.ts";
import { dueReader } from "./lanes.ts";

type CandidateRow = PendingRow & Pick<BatchCandidate, "payloadBytes">;

/** PostgreSQL knows the size of a payload without reading it. */
const COLUMNS = `${PENDING_COLUMNS},
  COALESCE((SELECT length(payload) FROM message WHERE message.seq = message_seq), 0) AS "payloadBytes"`;

/** The methods that form batches. */
export function batchVerbs(
  database: Database,
  committer: Committer,
  seqs: SlotSeqSource,
  clock: Clock,
): Queue["batch"] {
  return {
    due: dueReader<CandidateRow>(database.lanes, clock, COLUMNS),
    members: async (batchSeq) =>
      withTriggers(
        await database.lanes.all<CandidateRow>(
          `SELECT ${COLUMNS} FROM pending WHERE batch_seq = $1 ORDER BY message_seq, seq`,
          [batchSeq],
        ),
      ),
    close: (batchSeq, deliveries) =>
      committer.write(async (transaction): Promise<readonly Seq[]> => {
        seqs.reach(batchSeq);
        const joined = await transaction.all<{ seq: Seq }>(
          `UPDATE pending p SET batch_seq = $1
           FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::integer[]) AS d(message_seq, endpoint_seq, seq, round)
           WHERE p.message_seq = d.message_seq AND p.endpoint_seq = d.endpoint_seq AND p.seq = d.seq AND p.round = d.round
             AND (p.batch_seq IS NULL OR p.batch_seq = $1) RETURNING p.seq`,
          [
            batchSeq,
            numberArray(deliveries.map(({ messageSeq }) => messageSeq)),
            numberArray(deliveries.map(({ endpointSeq }) => endpointSeq)),
            numberArray(deliveries.map(({ seq }) => seq)),
            numberArray(deliveries.map(({ round }) => round)),
          ],
        );
        const seqsIn = new Set(joined.map(({ seq }) => seq));
        return deliveries.map(({ seq }) => seq).filter((seq) => seqsIn.has(seq));
      }, deliveries.length),
  };
}
