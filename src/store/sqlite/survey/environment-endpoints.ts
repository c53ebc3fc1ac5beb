import type { Database } from "bun:sqlite";
import type { EnvironmentEndpointFilter } from "../../index.ts";
import { FAILURE_REASON } from "../../sql/endpoint-row.ts";
import {
  ENDPOINT_STATE,
  endpointConditions,
  FOUND_ENDPOINT,
  type FoundEndpoint,
  toEnvironmentEndpoint,
} from "../../sql/environment-endpoint.ts";
import { type Bindings, directionOf, rangeOf } from "../../sql/page.ts";
import { readSteps } from "../../sql/steps.ts";
import type { Survey } from "../../survey.ts";
import type { Turns } from "../../turns.ts";

/** Number of endpoints that one step reads. */
const STEP_ROWS = 500;

export function environmentEndpoints(db: Database, turns: Turns): Survey["endpoints"] {
  return (environmentSeq, filter, page) => {
    const direction = directionOf(page);
    const within = "e.deleted_at IS NULL AND e.seq >= $from AND e.seq < $to";
    const { candidates, own } = candidatesOf(filter, within);
    const last = db.query<{ seq: number }, [Bindings]>(
      `SELECT e.seq FROM ${candidates} ORDER BY e.seq ${direction} LIMIT 1 OFFSET ${STEP_ROWS - 1}`,
    );
    const where = endpointConditions(environmentSeq, filter, (text, part) => `instr(${text}, ${part}) > 0`);
    // CROSS JOIN fixes the order of the tables; otherwise SQLite could start with the applications.
    const rows = db.query<FoundEndpoint, [Bindings]>(
      `SELECT ${FOUND_ENDPOINT}
       FROM (SELECT e.*, ${ENDPOINT_STATE} AS state, ${FAILURE_REASON} AS "failureReason" FROM ${candidates}) e
       CROSS JOIN application a ON a.seq = e.application_seq
       WHERE 1${where.sql} ORDER BY e.seq ${direction} LIMIT $limit`,
    );
    return readSteps(turns, page, rangeOf(page), {
      lastOf: (range) => last.get({ ...own, ...range })?.seq,
      read: (range, limit) => ({
        rows: rows.all({ ...where.values, ...own, ...range, limit }).map(toEnvironmentEndpoint),
      }),
    });
  };
}

/** Returns the rows among which the others of the conditions are checked, and the bindings of this choice. */
function candidatesOf({ applicationSeq, uid }: EnvironmentEndpointFilter, within: string) {
  const of = applicationSeq === undefined ? "" : "e.application_seq = $applicationSeq AND ";
  const own: Bindings = { ...(applicationSeq !== undefined && { applicationSeq }), ...(uid !== undefined && { uid }) };
  if (uid !== undefined) {
    return { candidates: `endpoint e INDEXED BY endpoint_any_uid WHERE ${of}e.uid = $uid AND ${within}`, own };
  }
  return {
    candidates: of === "" ? `endpoint e INDEXED BY endpoint_listed WHERE ${within}` : `endpoint e WHERE ${of}${within}`,
    own,
  };
}
