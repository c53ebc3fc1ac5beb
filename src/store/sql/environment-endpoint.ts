import type { FailureReason } from "../../core/outcome.ts";
import type { EndpointState, EnvironmentEndpoint, EnvironmentEndpointFilter } from "../index.ts";
import { IS_FAILING, listedEndpoint, SELECTED_ENDPOINT } from "./endpoint-row.ts";
import type { Row } from "./mapping.ts";
import { Conditions } from "./page.ts";

/** The condition of the endpoint `e`, as in `EndpointState`. */
export const ENDPOINT_STATE = `CASE WHEN e.disabled = 1 THEN 'disabled' WHEN e.paused = 1 THEN 'paused'
  WHEN ${IS_FAILING} THEN 'failing' ELSE 'healthy' END`;

export type FoundEndpoint = Row & {
  readonly state: EndpointState;
  readonly failureReason: FailureReason | null;
  readonly applicationName: string;
  readonly applicationUid: string | null;
  readonly sourceSeq: number | null;
};

/** The columns of a found endpoint `e` and its application `a`. */
export const FOUND_ENDPOINT = `${SELECTED_ENDPOINT}, e.state, e."failureReason", a.name AS "applicationName",
  a.uid AS "applicationUid", a.source_seq AS "sourceSeq"`;

/**
 * Returns the conditions on an endpoint `e`, which has `state` and `failureReason`, and its application `a`. `has`
 * returns the condition that a text contains another one.
 */
export function endpointConditions(
  environmentSeq: number,
  filter: EnvironmentEndpointFilter,
  has: (text: string, part: string) => string,
): Conditions {
  const { states, failureReasons, disabledCauses, apiVersion, url, text } = filter;
  const where = new Conditions().add(
    "a.environment_seq = $environmentSeq AND a.deleted_at IS NULL AND a.operational = 0",
    { environmentSeq },
  );
  if (states !== undefined) where.oneOf("e.state", states);
  if (failureReasons !== undefined) where.oneOf('e."failureReason"', failureReasons);
  if (disabledCauses !== undefined) where.oneOf("e.disabled_cause", disabledCauses);
  if (apiVersion !== undefined) where.add("e.api_version = $apiVersion", { apiVersion });
  if (url !== undefined) where.add(has("lower(e.url)", "lower($url)"), { url });
  if (text !== undefined) {
    const columns = ["e.url", "e.uid", "e.description"];
    where.add(`(${columns.map((column) => has(`lower(${column})`, "lower($text)")).join(" OR ")})`, { text });
  }
  return where;
}

export function toEnvironmentEndpoint(row: FoundEndpoint): EnvironmentEndpoint {
  const { state, failureReason, applicationName: name, applicationUid: uid, sourceSeq } = row;
  const endpoint = listedEndpoint(row);
  return { ...endpoint, state, failureReason, application: { seq: endpoint.applicationSeq, name, uid, sourceSeq } };
}
