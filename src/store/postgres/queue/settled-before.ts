import type { Settled, Settlement } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import { type DisabledRow, type SettledRow, settledBefore } from "../../sql/settled-before.ts";
import type { Transaction } from "../commit/commit.ts";

/** Finds out what a settlement changed, given that it was committed earlier. */
export async function findSettledBefore(transaction: Transaction, settlement: Settlement): Promise<Settled> {
  const { attempt, settledAt } = settlement;
  const [row, endpoint] = await Promise.all([
    transaction.first<SettledRow>(
      `SELECT ${STATE.pending} AS state, round, NULL AS reason FROM pending WHERE message_seq = $1 AND endpoint_seq = $2
       UNION ALL SELECT state, round, reason FROM ended WHERE message_seq = $1 AND endpoint_seq = $2`,
      [attempt.messageSeq, attempt.endpointSeq],
    ),
    // The settlement that disables an endpoint sets `updated_at` to its own time.
    transaction.first<DisabledRow>(
      `SELECT failing_since AS "failingSince" FROM endpoint WHERE seq = $1 AND disabled = 1 AND updated_at = $2`,
      [attempt.endpointSeq, settledAt],
    ),
  ]);
  return settledBefore(settlement, row, endpoint);
}
