import type { BackgroundTask, ListOf } from "../../../src/api/types.ts";
import { call } from "../api.ts";
import { type Filters, getJson, getPage } from "./json.ts";

/** The requests of the pages about background tasks. */

export function getTasks(
  filters: Filters,
  iterator: string | null,
  signal: AbortSignal,
): Promise<ListOf<BackgroundTask>> {
  return getPage("/background-task", { limit: "50", ...filters, iterator }, signal);
}

export function getTask(id: string, signal: AbortSignal): Promise<BackgroundTask> {
  return getJson(`/background-task/${encodeURIComponent(id)}`, signal);
}

export async function cancelTask(id: string): Promise<void> {
  await call("DELETE", `/background-task/${encodeURIComponent(id)}`);
}
