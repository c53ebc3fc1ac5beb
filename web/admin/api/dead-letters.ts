import type {
  BackgroundTask,
  DeadLetter,
  DeadLetterPreview,
  DeadLetterSummary,
  ListOf,
} from "../../../src/api/types.ts";
import type { Query } from "../../kit/address.ts";
import type { Selection } from "../dead-letters/selection.ts";
import { getJson, getPage, queryOf, sendJson } from "./json.ts";

/** The requests of the pages about dead letters. */

export type BulkAction = "redrive" | "drop";

const LIMIT = "25";

/** Returns the totals, and at most `limit` groups. */
export function getDeadLetterSummary(filters: Query, limit: number, signal: AbortSignal): Promise<DeadLetterSummary> {
  return getJson(`/dead-letter/summary${queryOf({ ...filters, limit: String(limit) })}`, signal);
}

export function getDeadLetters(
  filters: Query,
  iterator: string | null,
  signal: AbortSignal,
): Promise<ListOf<DeadLetter>> {
  return getPage("/dead-letter", { ...filters, limit: LIMIT, iterator }, signal);
}

/** Counts what an action would affect now. */
export function previewAction(action: BulkAction, filter: Selection): Promise<DeadLetterPreview> {
  return sendJson("POST", `/dead-letter/${action}`, { filter, dryRun: true });
}

/** Starts the task that sends dead letters again, `rate` per second. */
export function startRedrive(filter: Selection, rate: number): Promise<BackgroundTask> {
  return sendJson("POST", "/dead-letter/redrive", { filter, rate });
}

/** Starts the task that drops dead letters. */
export function startDrop(filter: Selection): Promise<BackgroundTask> {
  return sendJson("POST", "/dead-letter/drop", { filter });
}

interface EndpointState {
  readonly disabled: boolean;
}

/** Returns whether an endpoint that is not deleted is disabled. */
export async function isDisabled(app: string, endpoint: string): Promise<boolean> {
  const path = `/app/${encodeURIComponent(app)}/endpoint/${encodeURIComponent(endpoint)}`;
  return (await getJson<EndpointState>(path)).disabled;
}
