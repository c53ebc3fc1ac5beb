import type {
  Attempt,
  EndpointChange,
  EndpointCreation,
  EndpointHeaders,
  OperationalEndpoint,
  OperationalEndpointState,
  WrittenOperationalEndpoint,
} from "../../../src/api/types.ts";
import { call } from "../api.ts";
import { getJson, getPage, sendJson } from "./json.ts";

/** Requests for the pages of operational webhooks. */

const LIMIT = "50";
const LIST = "/operational-webhook/endpoint";
const pathOf = (id: string) => `${LIST}/${encodeURIComponent(id)}`;

export const getOperationalEndpoints = (iterator: string | null, signal: AbortSignal) =>
  getPage<OperationalEndpoint>(LIST, { limit: LIMIT, iterator }, signal);

export const getOperationalEndpoint = (id: string, signal?: AbortSignal) =>
  getJson<OperationalEndpoint>(pathOf(id), signal);

export const createOperationalEndpoint = (endpoint: EndpointCreation) =>
  sendJson<WrittenOperationalEndpoint>("POST", LIST, endpoint);

/** Changes settings. The API replaces all of them, so the others are read first. */
export async function changeOperationalEndpoint(id: string, change: EndpointChange) {
  const { uid, url, description, disabled, eventTypes, metadata, throttleRate } = await getOperationalEndpoint(id);
  const settings = { uid, url, description, disabled, eventTypes, metadata, throttleRate, ...change };
  return sendJson<WrittenOperationalEndpoint>("PUT", pathOf(id), settings);
}

export const deleteOperationalEndpoint = (id: string) => call("DELETE", pathOf(id));

export const getOperationalSecret = async (id: string) =>
  (await getJson<{ readonly key: string }>(`${pathOf(id)}/secret`)).key;

export const rotateOperationalSecret = (id: string, gracePeriodSeconds: number, key: string | null) =>
  sendJson<null>("POST", `${pathOf(id)}/secret/rotate`, { gracePeriodSeconds, key });

export const getOperationalHeaders = (id: string, signal?: AbortSignal) =>
  getJson<EndpointHeaders>(`${pathOf(id)}/headers`, signal);

export const replaceOperationalHeaders = (id: string, headers: Readonly<Record<string, string>>) =>
  sendJson<null>("PUT", `${pathOf(id)}/headers`, { headers });

export const getOperationalState = (id: string, signal: AbortSignal) =>
  getJson<OperationalEndpointState>(`${pathOf(id)}/state`, signal);

export const getOperationalAttempts = (id: string, iterator: string | null, signal: AbortSignal) =>
  getPage<Attempt>(`${pathOf(id)}/attempt`, { limit: LIMIT, iterator }, signal);

export const sendOperationalTest = (id: string) =>
  sendJson<{ readonly id: string }>("POST", `${pathOf(id)}/send-example`);
