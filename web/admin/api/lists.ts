import type {
  ApplicationOverview,
  DeadLetterGroup,
  DeadLetterSummary,
  EnvironmentEndpoint,
  EnvironmentMessage,
  ListOf,
} from "../../../src/api/types.ts";
import type { Query } from "../../kit/address.ts";
import { call } from "../api.ts";

/** The requests of the lists over all customers. The filters are those of the address. */

const LIST_LIMIT = 50;

export function getCustomers(
  filters: Query,
  iterator: string | null,
  signal: AbortSignal,
): Promise<ListOf<ApplicationOverview>> {
  return page("/overview/app", { ...filters, order: "descending" }, iterator, signal);
}

export function getEndpoints(
  filters: Query,
  iterator: string | null,
  signal: AbortSignal,
): Promise<ListOf<EnvironmentEndpoint>> {
  return page("/endpoint", filters, iterator, signal);
}

export function getMessages(
  filters: Query,
  iterator: string | null,
  signal: AbortSignal,
): Promise<ListOf<EnvironmentMessage>> {
  return page("/message", filters, iterator, signal);
}

export async function getDeadLetterSummary(filters: Query, signal: AbortSignal): Promise<DeadLetterSummary> {
  const response = await call("GET", `/dead-letter/summary?${new URLSearchParams(filters)}`, { signal });
  return response.json();
}

/** Sends the dead letters of a group again, `rate` per second. */
export async function redrive(group: DeadLetterGroup, rate: number): Promise<void> {
  await call("POST", "/dead-letter/redrive", { body: JSON.stringify({ filter: filterOf(group), rate }) });
}

/** Returns how many dead letters of a group would be sent again now. */
export async function countRedrivable(group: DeadLetterGroup): Promise<number> {
  const body = JSON.stringify({ filter: filterOf(group), dryRun: true });
  const { count } = (await (await call("POST", "/dead-letter/redrive", { body })).json()) as { count: number };
  return count;
}

/** Drops the dead letters of a group. Returns their number. */
export async function drop({ appId, endpointId, eventType, reason }: DeadLetterGroup): Promise<number> {
  const query = new URLSearchParams({ app_id: appId, endpoint_id: endpointId, event_types: eventType, reason });
  const { count } = (await (await call("DELETE", `/dead-letter?${query}`)).json()) as { count: number };
  return count;
}

function filterOf({ appId, endpointId, eventType, reason }: DeadLetterGroup) {
  return { appId, endpointId, eventTypes: [eventType], reason };
}

async function page<T>(path: string, filters: Query, iterator: string | null, signal: AbortSignal): Promise<ListOf<T>> {
  const query = new URLSearchParams({ ...filters, limit: String(LIST_LIMIT) });
  if (iterator !== null) query.set("iterator", iterator);
  return (await call("GET", `${path}?${query}`, { signal })).json();
}
