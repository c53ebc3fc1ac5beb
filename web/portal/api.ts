import type {
  Attempt,
  AttemptDetail,
  Destination,
  Endpoint,
  EndpointChange,
  EndpointCreation,
  EndpointHeaders,
  EndpointHeadersChange,
  EndpointMessage,
  EndpointSecret,
  EndpointSecretRotation,
  EndpointStats,
  EventType,
  EventTypeExample,
  FilterPreview,
  ListOf,
  Message,
  QuotaUsage,
  Recovery,
  Replay,
  Transformation,
  TransformationSimulation,
  WrittenEndpoint,
} from "../../src/api/types.ts";
import { ApiError } from "../kit/client.ts";
import { type TransformationApi, webhookResult, webhookSimulation } from "../kit/endpoint/transformation/model.ts";
import { filterOf, memberText } from "../kit/json.ts";
import { type MessageHead, type Payload, payloadOf } from "../kit/message.ts";
import { call, may, session } from "./session.ts";

/** The portal's requests to the API. */

const LIST_LIMIT = 20;
const ATTEMPTS_LIMIT = 50;
const ALL_LIMIT = 250;
/** Maximum number of pages of event types to load. Further event types are not listed. */
const ALL_PAGES_MAX = 20;

export function getEndpoints(iterator: string | null, signal: AbortSignal): Promise<ListOf<Endpoint>> {
  return get(`${app()}/endpoint?${query({ limit: LIST_LIMIT, iterator })}`, signal);
}

/** Returns the limits in force and what is used of them. */
export function getQuota(signal: AbortSignal): Promise<QuotaUsage> {
  return get(`${app()}/quota`, signal);
}

export function getEndpoint(endpoint: string, signal: AbortSignal): Promise<Endpoint> {
  return get(pathOf(endpoint), signal);
}

export async function createEndpoint(endpoint: EndpointCreation): Promise<WrittenEndpoint> {
  return (await send("POST", `${app()}/endpoint`, endpoint)).json();
}

export async function changeEndpoint(endpoint: string, change: EndpointChange): Promise<void> {
  await send("PATCH", pathOf(endpoint), change);
}

/** Returns the filter of an endpoint as JSON text, because a parsed one would have rounded numbers. */
export async function getFilter(endpoint: string, signal: AbortSignal): Promise<{ text: string | null }> {
  return { text: filterOf(await (await call("GET", pathOf(endpoint), { signal })).text()) };
}

export async function changeFilter(endpoint: string, filter: string | null): Promise<void> {
  await call("PATCH", pathOf(endpoint), { body: `{"filter":${filter}}` });
}

export async function previewFilter(endpoint: string, filter: string): Promise<FilterPreview> {
  return (await call("POST", `${pathOf(endpoint)}/filter/preview`, { body: `{"filter":${filter}}` })).json();
}

/** Returns the requests of the editor of an endpoint's transformation. */
export function transformationOf(endpoint: string): TransformationApi {
  const path = `${pathOf(endpoint)}/transformation`;
  return {
    form: "webhook",
    get: (signal) => get<Transformation>(path, signal),
    save: may("v1.endpoint.transformation.patch") ? (change) => send("PATCH", path, change) : null,
    simulate: may("v1.endpoint.transformation.simulate")
      ? async (draft, sample) => {
          const response = await call("POST", `${path}/simulate`, { body: webhookSimulation(draft, sample) });
          return webhookResult((await response.json()) as TransformationSimulation);
        }
      : null,
    async messages(signal) {
      const parameters = query({ limit: LIST_LIMIT, with_content: false });
      return (await get<ListOf<Message>>(`${app()}/msg?${parameters}`, signal)).data;
    },
    eventTypes: async (signal) => (await getEventTypeNames(signal)).map(({ name }) => name),
    async example(name) {
      const response = await call("GET", `/event-type/${encode(name)}/example`);
      return memberText(await response.text(), "payload") ?? "{}";
    },
  };
}

/** Sends the challenge of an endpoint again. */
export async function verifyEndpoint(endpoint: string): Promise<void> {
  await send("POST", `${pathOf(endpoint)}/verify`, {});
}

export async function deleteEndpoint(endpoint: string): Promise<void> {
  await send("DELETE", pathOf(endpoint));
}

export function getStats(endpoint: string, signal: AbortSignal): Promise<EndpointStats> {
  return get(`${pathOf(endpoint)}/stats`, signal);
}

export async function getSecret(endpoint: string): Promise<string> {
  return (await get<EndpointSecret>(`${pathOf(endpoint)}/secret`)).key;
}

export async function rotateSecret(endpoint: string, gracePeriodSeconds: number): Promise<void> {
  await send("POST", `${pathOf(endpoint)}/secret/rotate`, { gracePeriodSeconds } satisfies EndpointSecretRotation);
}

export function getHeaders(endpoint: string, signal: AbortSignal): Promise<EndpointHeaders> {
  return get(`${pathOf(endpoint)}/headers`, signal);
}

/** Changes custom headers. A null value removes a header. */
export async function changeHeaders(endpoint: string, headers: EndpointHeadersChange["headers"]): Promise<void> {
  await send("PATCH", `${pathOf(endpoint)}/headers`, { headers } satisfies EndpointHeadersChange);
}

/** Resends the messages that have failed since this time. */
export async function recover(endpoint: string, since: string): Promise<void> {
  await send("POST", `${pathOf(endpoint)}/recover`, { since } satisfies Recovery);
}

/** Sends the messages since this time that were never sent to the endpoint. */
export async function replayMissing(endpoint: string, since: string): Promise<void> {
  await send("POST", `${pathOf(endpoint)}/replay-missing`, { since } satisfies Replay);
}

export function getMessages(
  endpoint: string,
  { status, iterator }: { status: number | null; iterator: string | null },
  signal: AbortSignal,
): Promise<ListOf<EndpointMessage>> {
  const parameters = query({ limit: LIST_LIMIT, with_content: false, expanded_statuses: true, status, iterator });
  return get(`${pathOf(endpoint)}/msg?${parameters}`, signal);
}

export function getMessage(message: string, signal: AbortSignal): Promise<MessageHead> {
  return get(`${messagePath(message)}?${query({ with_content: false })}`, signal);
}

/** Returns the payload of a message, or null if it is no longer stored. */
export async function getPayload(message: string, signal: AbortSignal): Promise<{ payload: Payload | null }> {
  try {
    const response = await call("GET", `${messagePath(message)}/raw`, { signal, accept: "*/*" });
    return { payload: await payloadOf(response) };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { payload: null };
    throw error;
  }
}

export function getDestinations(message: string, signal: AbortSignal): Promise<ListOf<Destination>> {
  return get(`${messagePath(message)}/endpoint?${query({ limit: ALL_LIMIT })}`, signal);
}

export function getAttempts(message: string, iterator: string | null, signal: AbortSignal): Promise<ListOf<Attempt>> {
  const parameters = query({ limit: ATTEMPTS_LIMIT, iterator });
  return get(`${app()}/attempt/msg/${encode(message)}?${parameters}`, signal);
}

/** Returns an attempt with all details. */
export function getAttempt(message: string, attempt: string, signal: AbortSignal): Promise<AttemptDetail> {
  return get(`${messagePath(message)}/attempt/${encode(attempt)}`, signal);
}

export async function resend(message: string, endpoint: string): Promise<void> {
  await send("POST", `${messagePath(message)}/endpoint/${encode(endpoint)}/resend`);
}

/** Returns all event types by name, optionally with their schemas. */
export async function getEventTypes(withSchemas: boolean, signal: AbortSignal): Promise<readonly EventType[]> {
  const all: EventType[] = [];
  let iterator: string | null = null;
  for (let pages = 0; pages < ALL_PAGES_MAX; pages++) {
    const parameters: string = query({ limit: ALL_LIMIT, with_content: withSchemas, iterator });
    const page: ListOf<EventType> = await get(`/event-type?${parameters}`, signal);
    all.push(...page.data);
    if (page.done) break;
    iterator = page.iterator;
  }
  return all;
}

/** Returns all event types by name, without their schemas. */
export const getEventTypeNames = (signal: AbortSignal) => getEventTypes(false, signal);

/** Returns an example payload of an event type. */
export function getExample(name: string, signal: AbortSignal): Promise<EventTypeExample> {
  return get(`/event-type/${encode(name)}/example`, signal);
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await call("GET", path, signal && { signal })).json() as Promise<T>;
}

function send(method: string, path: string, body?: unknown): Promise<Response> {
  return call(method, path, body === undefined ? {} : { body: JSON.stringify(body) });
}

/** Returns the path of the application that the token belongs to. */
function app(): string {
  const current = session.peek();
  return `/app/${current.state === "open" ? current.who.appId : ""}`;
}

function pathOf(endpoint: string): string {
  return `${app()}/endpoint/${encode(endpoint)}`;
}

function messagePath(message: string): string {
  return `${app()}/msg/${encode(message)}`;
}

/** Returns a query string without the parameters that are null. */
function query(values: Readonly<Record<string, string | number | boolean | null>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== null);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

const encode = encodeURIComponent;
