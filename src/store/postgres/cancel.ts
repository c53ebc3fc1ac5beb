import type { Queue } from "../index.ts";
import { STATE } from "../sql/delivery-row.ts";
import type { Committer } from "./commit.ts";

export function cancelMessageVerb(committer: Committer): Queue["cancel"]["message"] {
  return (seq, now) =>
    committer.write(async (transaction) => {
      const rows = await transaction.all<{ endpointSeq: number }>(
        `WITH gone AS (DELETE FROM pending WHERE message_seq = $1 RETURNING *)
         INSERT INTO ended (seq, message_seq, endpoint_seq, due_at, ended_at, attempts_total, round, state)
         SELECT seq, message_seq, endpoint_seq, due_at, $2, attempts_total, round, ${STATE.cancelled} FROM gone
         RETURNING endpoint_seq AS "endpointSeq"`,
        [seq, now],
      );
      return rows.map(({ endpointSeq }) => endpointSeq).toSorted((a, b) => a - b);
    });
}
