import type { Database } from "bun:sqlite";
import type { FailureReason } from "../../core/outcome.ts";
import type { EndpointState, EnvironmentEndpoint, EnvironmentEndpointFilter } from "../index.ts";
import { FAILURE_REASON, IS_FAILING, listedEndpoint, SELECTED_ENDPOINT } from "../sql/endpoint-row.ts";
import type { Row } from "../sql/mapping.ts";
import { type Bindings, Conditions, directionOf, rangeOf } from "../sql/page.ts";
import type { Survey } from "../survey.ts";
import type { Turns } from "../turns.ts";
import { readSteps } from "./steps.ts";

/** Number of endpoints that one step reads. */
const STEP_ROWS = 500;

/** The condition of the endpoint `e`, as in `EndpointState`. */
export const ENDPOINT_STATE = `CASE WHEN e.disabled = 1 THEN 'disabled' WHEN e.paused = 1 THEN 'paused'
  WHEN ${IS_FAILING} THEN 'failing' ELSE 'healthy' END`;

type Found = Row & {
  readonly state: EndpointState;
  readonly failureReason: FailureReason | null;
  readonly applicationName: string;
  readonly applicationUid: string | null;
  readonly sourceSeq: number | null;
};

export function environmentEndpoints(db: Database, turns: Turns): Survey["endpoints"] {
  return (environmentSeq, filter, page) => {
    const direction = directionOf(page);
    const within = "e.deleted_at IS NULL AND e.seq >= $from AND e.seq < $to";
    const { candidates, own } = candidatesOf(filter, within);
    const last = db.query<{ seq: number }, [Bindings]>(
      `SELECT e.seq FROM ${candidates} ORDER BY e.seq ${direction} LIMIT 1 OFFSET ${STEP_ROWS - 1}`,
    );
    const where = conditions(environmentSeq, filter);
    // CROSS JOIN fixes the order of the tables; otherwise SQLite could start with the applications.
    const rows = db.query<Found, [Bindings]>(
      `SELECT ${SELECTED_ENDPOINT}, e.state, e.failureReason, a.name AS applicationName, a.uid AS applicationUid, a.source_seq AS sourceSeq
       FROM (SELECT e.*, ${ENDPOINT_STATE} AS state, ${FAILURE_REASON} AS failureReason FROM ${candidates}) e
       CROSS JOIN application a ON a.seq = e.application_seq
       WHERE 1${where.sql} ORDER BY e.seq ${direction} LIMIT $limit`,
    );
    return readSteps(turns, page, rangeOf(page), {
      lastOf: (range) => last.get({ ...own, ...range })?.seq,
      read: (range, limit) => ({ rows: rows.all({ ...where.values, ...own, ...range, limit }).map(toEndpoint) }),
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

function conditions(environmentSeq: number, filter: EnvironmentEndpointFilter): Conditions {
  const { states, failureReasons, disabledCauses, apiVersion, url, text } = filter;
  const where = new Conditions().add(
    "a.environment_seq = $environmentSeq AND a.deleted_at IS NULL AND a.operational = 0",
    { environmentSeq },
  );
  if (states !== undefined) where.oneOf("e.state", states);
  if (failureReasons !== undefined) where.oneOf("e.failureReason", failureReasons);
  if (disabledCauses !== undefined) where.oneOf("e.disabled_cause", disabledCauses);
  if (apiVersion !== undefined) where.add("e.api_version = $apiVersion", { apiVersion });
  if (url !== undefined) where.add("instr(lower(e.url), lower($url)) > 0", { url });
  if (text !== undefined) {
    const columns = ["e.url", "e.uid", "e.description"];
    where.add(`(${columns.map((column) => `instr(lower(${column}), lower($text)) > 0`).join(" OR ")})`, { text });
  }
  return where;
}

function toEndpoint(row: Found): EnvironmentEndpoint {
  const { state, failureReason, applicationName: name, applicationUid: uid, sourceSeq } = row;
  const endpoint = listedEndpoint(row);
  return { ...endpoint, state, failureReason, application: { seq: endpoint.applicationSeq, name, uid, sourceSeq } };
}
