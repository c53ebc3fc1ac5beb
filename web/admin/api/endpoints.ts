import type {
  Attempt,
  DeadLetterSummary,
  DeliveryDefaults,
  Endpoint,
  EndpointChange,
  EndpointCreation,
  EndpointDetail,
  EndpointHeaders,
  EndpointSecret,
  EndpointStats,
  FilterPreview,
  ListOf,
  Message,
  ReplayPreview,
  Timeseries,
  WrittenEndpoint,
} from "../../../src/api/types.ts";
import { filterOf } from "../../kit/json.ts";
import { call } from "../api.ts";
import { getJson, getPage, queryOf, sendJson } from "./json.ts";

export type { ReplayPreview } from "../../../src/api/types.ts";

/** Requests for the pages of one endpoint. */

const LIMIT = "50";
const encode = encodeURIComponent;

/** Names an endpoint: its customer's id or uid, and its own. */
export interface EndpointKey {
  readonly app: string;
  readonly endpoint: string;
}

const pathOf = ({ app, endpoint }: EndpointKey) => `/app/${encode(app)}/endpoint/${encode(endpoint)}`;

export const getEndpoint = (key: EndpointKey, signal: AbortSignal) => getJson<Endpoint>(pathOf(key), signal);

/** Returns the state of an endpoint and what waits for it. */
export const getDetail = ({ app, endpoint }: EndpointKey, signal: AbortSignal) =>
  getJson<EndpointDetail>(`/overview/app/${encode(app)}/endpoint/${encode(endpoint)}`, signal);

export const getDefaults = (signal: AbortSignal) => getJson<DeliveryDefaults>("/delivery-defaults", signal);

export const createEndpoint = (app: string, endpoint: EndpointCreation) =>
  sendJson<WrittenEndpoint>("POST", `/app/${encode(app)}/endpoint`, endpoint);

export const changeEndpoint = (key: EndpointKey, change: EndpointChange) =>
  sendJson<WrittenEndpoint>("PATCH", pathOf(key), change);

/** Returns the filter of an endpoint as JSON text, because a parsed one would have rounded numbers. */
export async function getFilter(key: EndpointKey, signal: AbortSignal): Promise<{ text: string | null }> {
  return { text: filterOf(await (await call("GET", pathOf(key), { signal })).text()) };
}

export const changeFilter = (key: EndpointKey, filter: string | null) =>
  call("PATCH", pathOf(key), { body: `{"filter":${filter}}` });

export async function previewFilter(key: EndpointKey, filter: string): Promise<FilterPreview> {
  return (await call("POST", `${pathOf(key)}/filter/preview`, { body: `{"filter":${filter}}` })).json();
}

/** Sends the challenge of an endpoint again, or verifies the endpoint without one. */
export const verifyEndpoint = (key: EndpointKey, isAccepted: boolean) =>
  sendJson<Endpoint>("POST", `${pathOf(key)}/verify`, isAccepted ? { verified: true } : {});

export const deleteEndpoint = (key: EndpointKey) => call("DELETE", pathOf(key));

export const getStats = (key: EndpointKey, signal: AbortSignal) =>
  getJson<EndpointStats>(`${pathOf(key)}/stats`, signal);

/** Returns the counts of the endpoint's attempts per period of `step`, of the last `spanMs`. */
export function getSeries({ app, endpoint }: EndpointKey, step: string, spanMs: number, signal: AbortSignal) {
  const since = new Date(Date.now() - spanMs).toISOString();
  return getJson<Timeseries>(
    `/stats/timeseries${queryOf({ app_id: app, endpoint_id: endpoint, step, since })}`,
    signal,
  );
}

/** `status` is 0 for successful and 2 for failed attempts. */
export function getAttempts(
  { app, endpoint }: EndpointKey,
  {
    status,
    batch,
    iterator,
    limit = LIMIT,
  }: { status?: string | null; batch?: string | null; iterator?: string | null; limit?: string },
  signal: AbortSignal,
): Promise<ListOf<Attempt>> {
  return getPage(
    `/app/${encode(app)}/attempt/endpoint/${encode(endpoint)}`,
    { limit, status, batch_id: batch, iterator },
    signal,
  );
}

/** Returns the totals, and at most `limit` groups. */
export const getDeadLetters = ({ app, endpoint }: EndpointKey, limit: number, signal: AbortSignal) =>
  getJson<DeadLetterSummary>(
    `/dead-letter/summary${queryOf({ app_id: app, endpoint_id: endpoint, limit: String(limit) })}`,
    signal,
  );

export const getSecret = async (key: EndpointKey) => (await getJson<EndpointSecret>(`${pathOf(key)}/secret`)).key;

export const rotateSecret = (key: EndpointKey, gracePeriodSeconds: number, secret: string | null) =>
  sendJson<null>("POST", `${pathOf(key)}/secret/rotate`, { gracePeriodSeconds, key: secret });

export const getHeaders = (key: EndpointKey, signal: AbortSignal) =>
  getJson<EndpointHeaders>(`${pathOf(key)}/headers`, signal);

/** Changes custom headers. A null value removes a header. */
export const changeHeaders = (key: EndpointKey, headers: Readonly<Record<string, string | null>>) =>
  sendJson<null>("PATCH", `${pathOf(key)}/headers`, { headers });

/** Sends a message of an event type to this endpoint only. `payload` is JSON text. Returns its id. */
export async function sendTestEvent(key: EndpointKey, eventType: string, payload: string): Promise<string> {
  const body = `{"eventType":${JSON.stringify(eventType)},"payload":${payload}}`;
  const response = await call("POST", `${pathOf(key)}/send-example`, { body });
  return ((await response.json()) as Message).id;
}

export interface Window {
  readonly since: string;
  readonly until: string | null;
}

/** `recover` resends what failed, `replay-missing` sends what was never sent, `bulk-replay` resends all. */
export type Replaying = "recover" | "replay-missing" | "bulk-replay";

/** Returns how many messages `startReplay` would send. */
export const countReplay = (key: EndpointKey, kind: Replaying, window: Window) =>
  sendJson<ReplayPreview>("POST", `${pathOf(key)}/${kind}`, { ...window, dryRun: true });

export const startReplay = (key: EndpointKey, kind: Replaying, window: Window) =>
  sendJson<{ readonly id: string }>("POST", `${pathOf(key)}/${kind}`, window);
