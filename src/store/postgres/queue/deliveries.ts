import type { DeliveryWas } from "../../../core/fact.ts";
import type { Seq } from "../../../core/id.ts";
import type { FailureReason } from "../../../core/outcome.ts";
import type { PendingDelivery, Queue } from "../../index.ts";
import { STATE, STATE_NAMES } from "../../sql/delivery-row.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import { numberArray } from "../connection/parameters.ts";
import type { SlotSeqSource } from "../instances/numbers.ts";

type Verbs = Pick<Queue, "bury" | "hasten" | "resend">;

/** The methods that change deliveries outside of attempts. */
export function deliveries(committer: Committer, seqs: SlotSeqSource): Verbs {
  return { bury: buryVerb(committer), hasten: hastenVerb(committer), resend: resendVerb(committer, seqs) };
}

function buryVerb(committer: Committer): Queue["bury"] {
  return (endpointSeq, state, now, limit) =>
    committer.write(async (transaction) => {
      // The locks are taken in the order in which settlements take them.
      const rows = await transaction.all<{ messageSeq: Seq }>(
        `SELECT message_seq AS "messageSeq" FROM pending WHERE (message_seq, endpoint_seq) IN (
           SELECT message_seq, endpoint_seq FROM pending WHERE endpoint_seq = $1 ORDER BY position, seq LIMIT $2)
         ORDER BY message_seq FOR UPDATE`,
        [endpointSeq, limit],
      );
      if (state === "dead" && !(await keepDisabled(transaction, endpointSeq))) return 0;
      const reason: FailureReason | null = state === "dead" ? "disabled" : null;
      return transaction.run(
        `WITH gone AS (DELETE FROM pending WHERE endpoint_seq = $1 AND message_seq = ANY ($2::bigint[]) RETURNING *)
         INSERT INTO ended (seq, message_seq, endpoint_seq, due_at, ended_at, attempts_total, round, state, reason)
         SELECT seq, message_seq, endpoint_seq, due_at, $3, attempts_total, round, $4, $5 FROM gone`,
        [endpointSeq, numberArray(rows.map(({ messageSeq }) => messageSeq)), now, STATE[state], reason],
      );
    }, limit);
}

/** Locks an endpoint that is disabled, so that it stays so until the commit. Returns false for others. */
async function keepDisabled(transaction: Transaction, endpointSeq: Seq): Promise<boolean> {
  const sql = "SELECT 1 FROM endpoint WHERE seq = $1 AND disabled = 1 FOR SHARE";
  return (await transaction.first(sql, [endpointSeq])) !== null;
}

function hastenVerb(committer: Committer): Queue["hasten"] {
  return (endpointSeq, { after, limit }, now) =>
    committer.write(async (transaction) => {
      const rows = await transaction.all<Pick<PendingDelivery, "seq" | "messageSeq">>(
        `SELECT seq, message_seq AS "messageSeq" FROM pending
         WHERE attempts_total > 0 AND endpoint_seq = $1 AND message_seq > $2 ORDER BY message_seq LIMIT $3 FOR UPDATE`,
        [endpointSeq, after, limit],
      );
      const changed = await transaction.all<{ position: number }>(
        `UPDATE pending p SET due_at = $3, position = CASE e.fifo WHEN 1 THEN p.position ELSE p.seq END
         FROM endpoint e WHERE e.seq = p.endpoint_seq AND p.endpoint_seq = $1 AND p.message_seq = ANY ($2::bigint[])
           AND p.attempts > 0 AND p.due_at > $3 RETURNING p.position`,
        [endpointSeq, numberArray(rows.map(({ messageSeq }) => messageSeq)), now],
      );
      return {
        first: changed.length === 0 ? null : Math.min(...changed.map(({ position }) => position)),
        last: rows.length < limit ? null : rows.at(-1)!.messageSeq,
      };
    }, limit);
}

function resendVerb(committer: Committer, seqs: SlotSeqSource): Queue["resend"] {
  return (messageSeq, endpointSeq, { seq, position, now }) =>
    committer.write(async (transaction): Promise<{ was: DeliveryWas; deliverySeq: number }> => {
      seqs.reach(position);
      // Two instances that resend the message, or redrive it, wait for each other.
      await transaction.run("SELECT 1 FROM message WHERE seq = $1 FOR NO KEY UPDATE", [messageSeq]);
      const of = [messageSeq, endpointSeq, position, now] as const;
      const waiting = await transaction.first<{ seq: number }>(
        `UPDATE pending SET position = $3, due_at = $4, attempts = 0, round = round + 1, trigger = 1, batch_seq = NULL
         WHERE message_seq = $1 AND endpoint_seq = $2 RETURNING seq`,
        of,
      );
      if (waiting !== null) return { was: "pending", deliverySeq: waiting.seq };
      const ended = await transaction.first<{ seq: number; state: number }>(
        `WITH ended AS (DELETE FROM ended WHERE message_seq = $1 AND endpoint_seq = $2 RETURNING *),
           added AS (INSERT INTO pending
             (seq, message_seq, endpoint_seq, position, due_at, attempts, attempts_total, round, trigger)
             SELECT seq, message_seq, endpoint_seq, $3, $4, 0, attempts_total, round + 1, 1 FROM ended)
         SELECT seq, state FROM ended`,
        of,
      );
      if (ended !== null) return { was: STATE_NAMES[ended.state]!, deliverySeq: ended.seq };
      await transaction.run(
        `INSERT INTO pending (seq, message_seq, endpoint_seq, position, due_at, attempts, attempts_total, round, trigger)
         VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 1)`,
        [seq, messageSeq, endpointSeq, position, now],
      );
      return { was: "none", deliverySeq: seq };
    });
}
