import type { ApplicationOverview, EnvironmentEndpoint, EnvironmentMessage, ListOf } from "../../../src/api/types.ts";
import type { Query } from "../../kit/address.ts";
import { getPage } from "./json.ts";

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
