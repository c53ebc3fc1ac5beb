import { nextAtDisabledEndpoint } from "../../core/delivery.ts";
import type { Settled, Settlement } from "../index.ts";
import { STATE, STATE_NAMES } from "../sql/delivery-row.ts";
import type { Transaction } from "./commit.ts";

/** Determines what a settlement changed, given that it was committed earlier. */
export async function settledBefore(
  transaction: Transaction,
  { attempt, round, next, settledAt, disableEndpoint }: Settlement,
): Promise<Settled> {
  const [row, endpoint] = await Promise.all([
    transaction.first<{ state: number; round: number; reason: string | null }>(
      `SELECT ${STATE.pending} AS state, round, NULL AS reason FROM pending WHERE message_seq = $1 AND endpoint_seq = $2
       UNION ALL SELECT state, round, reason FROM ended WHERE message_seq = $1 AND endpoint_seq = $2`,
      [attempt.messageSeq, attempt.endpointSeq],
    ),
    // The settlement that disables an endpoint sets `updated_at` to its own time.
    transaction.first<{ failingSince: number | null }>(
      `SELECT failing_since AS "failingSince" FROM endpoint WHERE seq = $1 AND disabled = 1 AND updated_at = $2`,
      [attempt.endpointSeq, settledAt],
    ),
  ]);
  const disabled =
    next.state === "delivered" || endpoint === null
      ? null
      : {
          cause: disableEndpoint ? ("gone" as const) : ("failing" as const),
          failingSince: endpoint.failingSince ?? settledAt,
        };
  const made = disabled === null ? next : nextAtDisabledEndpoint(next);
  const hasState = row !== null && row.round === round && STATE_NAMES[row.state] === made.state;
  const isMoved = hasState && (made.state !== "dead" || made.reason === row.reason);
  return { change: isMoved ? "moved" : "stale", next: made, disabled, health: null };
}
