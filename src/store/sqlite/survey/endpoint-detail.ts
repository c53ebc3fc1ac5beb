import type { Database } from "bun:sqlite";
import type { FailureReason } from "../../../core/outcome.ts";
import { type EndpointState, endpointPendingMax } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import { FAILURE_REASON } from "../../sql/endpoint-row.ts";
import { ENDPOINT_STATE } from "../../sql/environment-endpoint.ts";
import type { Survey } from "../../survey.ts";

export function endpointDetail(db: Database): Survey["endpointDetail"] {
  const stateOf = db.prepare<{ state: EndpointState; failureReason: FailureReason | null }, [number]>(
    `SELECT ${ENDPOINT_STATE} AS state, ${FAILURE_REASON} AS failureReason FROM endpoint e WHERE e.seq = ? AND e.deleted_at IS NULL`,
  );
  const pendingOf = db.prepare<{ count: number }, [number]>(
    `SELECT COUNT(*) AS count
     FROM (SELECT 1 FROM delivery WHERE endpoint_seq = ? AND state = ${STATE.pending} LIMIT ${endpointPendingMax})`,
  );
  return async (_, endpointSeq) => {
    const found = stateOf.get(endpointSeq);
    return found === null ? null : { ...found, pending: pendingOf.get(endpointSeq)!.count };
  };
}
