import type { AttemptFilter, ResponseClass } from "../index.ts";
import type { Conditions } from "./page.ts";

/**
 * Conditions on a response status, by class. The status is stored as 0 if there was no response.
 */
const STATUS_RANGES: Readonly<Record<ResponseClass, string>> = {
  none: "= 0",
  "1xx": "BETWEEN 100 AND 199",
  "2xx": "BETWEEN 200 AND 299",
  "3xx": "BETWEEN 300 AND 399",
  "4xx": "BETWEEN 400 AND 499",
  "5xx": "BETWEEN 500 AND 599",
};

/** Restricts `column`, which contains a response status, to a class. */
export function addResponseClass(where: Conditions, column: string, responseClass: ResponseClass | undefined): void {
  if (responseClass !== undefined) where.add(`${column} ${STATUS_RANGES[responseClass]}`);
}

/** Adds the conditions of a filter on the attempt `t`, but not those on its message. */
export function addAttemptFilter(where: Conditions, filter: AttemptFilter): void {
  if (filter.endpointSeq !== undefined) {
    where.add("t.endpoint_seq = $onlyEndpoint", { onlyEndpoint: filter.endpointSeq });
  }
  if (filter.outcome !== undefined) where.add(`t.reason IS ${filter.outcome === "failed" ? "NOT NULL" : "NULL"}`);
  addResponseClass(where, "t.response_status", filter.responseClass);
}
