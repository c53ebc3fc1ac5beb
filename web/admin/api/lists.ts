import type {
  ApplicationOverview,
  DeadLetterGroup,
  DeadLetterSummary,
  EnvironmentEndpoint,
  EnvironmentMessage,
  ListOf,
} from "../../../src/api/types.ts";
import type { Query } from "../../kit/address.ts";
import { getJson, getPage, queryOf, sendJson } from "./json.ts";

/** The requests of the lists over all customers. The filters are those of the address. */

const LIMIT = "50";

export function getCustomers(
  filters: Query,
  iterator: string | null,
  signal: AbortSignal,
): Promise<ListOf<ApplicationOverview>> {
  return getPage("/overview/app", { order: "descending", ...filters, limit: LIMIT, iterator }, signal);
}

export function getEndpoints(
  filters: Query,
  iterator: string | null,
  signal: AbortSignal,
): Promise<ListOf<EnvironmentEndpoint>> {
  return getPage("/endpoint", { ...filters, limit: LIMIT, iterator }, signal);
}

export function getMessages(
  filters: Query,
  iterator: string | null,
  signal: AbortSignal,
): Promise<ListOf<EnvironmentMessage>> {
  return getPage("/message", { ...filters, limit: LIMIT, iterator }, signal);
}

export function getDeadLetterSummary(filters: Query, signal: AbortSignal): Promise<DeadLetterSummary> {
  return getJson(`/dead-letter/summary${queryOf(filters)}`, signal);
}

/** Sends the dead letters of a group again, `rate` per second. */
export async function redrive(group: DeadLetterGroup, rate: number): Promise<void> {
  await sendJson("POST", "/dead-letter/redrive", { filter: filterOf(group), rate });
}

/** Returns how many dead letters of a group would be sent again now. */
export async function countRedrivable(group: DeadLetterGroup): Promise<number> {
  const body = { filter: filterOf(group), dryRun: true };
  return (await sendJson<Count>("POST", "/dead-letter/redrive", body)).count;
}

/** Drops the dead letters of a group. Returns their number. */
export async function drop({ appId, endpointId, eventType, reason }: DeadLetterGroup): Promise<number> {
  const query = queryOf({ app_id: appId, endpoint_id: endpointId, event_types: eventType, reason });
  return (await sendJson<Count>("DELETE", `/dead-letter${query}`)).count;
}

interface Count {
  readonly count: number;
}

function filterOf({ appId, endpointId, eventType, reason }: DeadLetterGroup) {
  return { appId, endpointId, eventTypes: [eventType], reason };
}
