import type { Database } from "bun:sqlite";
import { type EndpointState, endpointPendingMax } from "../index.ts";
import type { Survey } from "../survey.ts";
import { STATE } from "./deliveries.ts";
import { ENDPOINT_STATE } from "./environment-endpoints.ts";

export function endpointDetail(db: Database): Survey["endpointDetail"] {
  const stateOf = db.prepare<{ state: EndpointState }, [number]>(
    `SELECT ${ENDPOINT_STATE} AS state FROM endpoint e WHERE e.seq = ? AND e.deleted_at IS NULL`,
  );
  const pendingOf = db.prepare<{ count: number }, [number]>(
    `SELECT COUNT(*) AS count
     FROM (SELECT 1 FROM delivery WHERE endpoint_seq = ? AND state = ${STATE.pending} LIMIT ${endpointPendingMax})`,
  );
  return async (endpointSeq) => {
    const found = stateOf.get(endpointSeq);
    return found === null ? null : { state: found.state, pending: pendingOf.get(endpointSeq)!.count };
  };
}
