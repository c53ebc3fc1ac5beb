import type { Seq } from "../../../core/id.ts";
import type { CancelledStep, Queue } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import { numberArray } from "../connection/parameters.ts";
import type { TaskUpdate } from "../housekeeping/tasks.ts";

/** The methods that cancel pending deliveries. */
export function cancelVerbs(committer: Committer, storeTask: TaskUpdate): Queue["cancel"] {
  return {
    message: (seq, now) =>
      committer.write(async (transaction) => {
        const endpointSeqs = await cancelMessages(transaction, [seq], now);
        return endpointSeqs.toSorted((a, b) => a - b);
      }),
    step: (endpointSeq, { before, after, limit }, now, progress) =>
      committer.write(async (transaction) => {
        const rows = await transaction.all<{ seq: Seq; position: Seq; messageSeq: Seq }>(
          `SELECT seq, position, message_seq AS "messageSeq" FROM pending
           WHERE endpoint_seq = $1 AND (position, seq) > ($2, $3) ORDER BY position, seq LIMIT $4 FOR UPDATE`,
          [endpointSeq, after.position, after.seq, limit],
        );
        const meant = rows.map(({ messageSeq }) => messageSeq).filter((messageSeq) => messageSeq < before);
        await transaction.run(`${CANCEL("message_seq = ANY ($1::bigint[]) AND endpoint_seq = $3")}`, [
          numberArray(meant),
          now,
          endpointSeq,
        ]);
        const reached = rows.length < limit ? undefined : rows.at(-1);
        const last = reached === undefined ? null : { position: reached.position, seq: reached.seq };
        const step: CancelledStep = { cancelled: meant.length, last };
        await storeTask(transaction, progress(step));
        return step;
      }, limit),
  };
}

/** Ends pending deliveries at the time `$2`. */
const CANCEL = (which: string) =>
  `WITH gone AS (DELETE FROM pending WHERE ${which} RETURNING *)
   INSERT INTO ended (seq, message_seq, endpoint_seq, due_at, ended_at, attempts_total, round, state)
   SELECT seq, message_seq, endpoint_seq, due_at, $2, attempts_total, round, ${STATE.cancelled} FROM gone
   RETURNING endpoint_seq AS "endpointSeq"`;

/** Cancels the pending deliveries of messages. Returns the endpoint of each one. */
export async function cancelMessages(
  transaction: Transaction,
  messageSeqs: readonly Seq[],
  now: number,
): Promise<readonly Seq[]> {
  const rows = await transaction.all<{ endpointSeq: Seq }>(CANCEL("message_seq = ANY ($1::bigint[])"), [
    numberArray(messageSeqs),
    now,
  ]);
  return rows.map(({ endpointSeq }) => endpointSeq);
}
