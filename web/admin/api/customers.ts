import type {
  ApiToken,
  Application,
  ApplicationDetail,
  Attempt,
  Capability,
  DeadLetterSummary,
  EnvironmentEndpoint,
  EnvironmentMessage,
  ListOf,
  MessageRecipient,
  PortalAccess,
  QuotaUsage,
  Timeseries,
} from "../../../src/api/types.ts";
import { call } from "../api.ts";
import { getJson, getPage, queryOf, sendJson } from "./json.ts";
import { tokensPath } from "./tokens.ts";

/** Requests for the pages of customers, which the API calls applications. */

const encode = encodeURIComponent;
const pathOf = (app: string) => `/app/${encode(app)}`;

export const getCustomer = (app: string, signal: AbortSignal) => getJson<Application>(pathOf(app), signal);

export const getNumbers = (app: string, signal: AbortSignal) =>
  getJson<ApplicationDetail>(`/overview/app/${encode(app)}`, signal);

/** Returns the limits in force and what is used of them. */
export const getQuota = (app: string, signal: AbortSignal) => getJson<QuotaUsage>(`${pathOf(app)}/quota`, signal);

export const createCustomer = (customer: object) => sendJson<Application>("POST", "/app", customer);

export const changeCustomer = (app: string, change: object) => sendJson<Application>("PATCH", pathOf(app), change);

export const deleteCustomer = (app: string) => call("DELETE", pathOf(app));

export const getHours = (app: string, sinceMs: number, signal: AbortSignal) =>
  getJson<Timeseries>(
    `/stats/timeseries${queryOf({ app_id: app, step: "1h", since: new Date(sinceMs).toISOString() })}`,
    signal,
  );

/** Returns the totals and the largest groups. */
export const getDeadLetters = (app: string, signal: AbortSignal) =>
  getJson<DeadLetterSummary>(`/dead-letter/summary?app_id=${encode(app)}&limit=50`, signal);

/** Returns the newest messages. `limit` is at most 250. */
export const getLatestMessages = (app: string, limit: number, signal: AbortSignal) =>
  getPage<EnvironmentMessage>("/message", { app_id: app, limit: String(limit) }, signal);

/** Returns the endpoints that get no messages, or whose latest attempt failed. */
export const getTroubled = (app: string, signal: AbortSignal) =>
  getJson<ListOf<EnvironmentEndpoint>>(
    `/endpoint?app_id=${encode(app)}&state=disabled&state=failing&state=paused&limit=250`,
    signal,
  );

export const getEndpointsOf = (app: string, iterator: string | null, signal: AbortSignal) =>
  getPage<EnvironmentEndpoint>("/endpoint", { app_id: app, limit: "50", iterator }, signal);

/** Returns the newest attempt of an endpoint, or null if there is none. */
export async function getLatestAttempt(app: string, endpoint: string, signal: AbortSignal): Promise<Attempt | null> {
  const { data } = await getPage<Attempt>(
    `${pathOf(app)}/attempt/endpoint/${encode(endpoint)}`,
    { limit: "1" },
    signal,
  );
  return data[0] ?? null;
}

/** Returns the newest endpoints, and why each got the message or did not. */
export const getRecipients = (app: string, message: string, signal: AbortSignal) =>
  getPage<MessageRecipient>(`${pathOf(app)}/msg/${encode(message)}/recipients`, { limit: "250" }, signal);

export async function getTokensOf(app: string, iterator: string | null, includeEnded: boolean, signal: AbortSignal) {
  const filters = { app_id: app, limit: "50", iterator, include_ended: includeEnded ? "true" : null };
  return getPage<ApiToken>(await tokensPath(), filters, signal);
}

export interface Access {
  /** Null for everything that an application's token may do. */
  readonly capabilities: readonly Capability[] | null;
  readonly expiry: number;
}

/** Creates a token of the customer, and the portal link that contains it. */
export const createAccess = (app: string, access: Access) =>
  sendJson<PortalAccess>("POST", `/auth/app-portal-access/${encode(app)}`, access);

/** Ends all tokens of the customer, also those that are not stored. */
export const endAccess = (app: string) => sendJson<null>("POST", `/auth/app/${encode(app)}/expire-all`, {});
