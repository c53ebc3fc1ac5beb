import type { Attempt, Message } from "../api.ts";
import { memberText } from "../json.ts";
import { call, session } from "./session.ts";

/** The typed client of the API, as far as the portal uses it. Field names and numbers are those of the API. */

export interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly disabled: boolean;
  readonly paused: boolean;
  readonly failingSince: string | null;
  /** Null: all. */
  readonly eventTypes: readonly string[] | null;
  /** Null: all. */
  readonly channels: readonly string[] | null;
  /** Attempts a second at most; null: no limit. */
  readonly throttleRate: number | null;
}

/** What can be said about an endpoint when it is made or changed; what is not there stays as it is. */
export type EndpointChange = Partial<Omit<Endpoint, "id" | "failingSince">>;

/** Attempts of the last 28 days. */
export interface EndpointStats {
  readonly success: number;
  readonly fail: number;
}

/** How far a message is on its way to one endpoint. */
export interface Delivery {
  /** 0 success, 1 pending, 2 fail, 3 sending, 4 canceled. */
  readonly status: number;
  readonly reason: string | null;
  readonly nextAttempt: string | null;
}

/** A message, and how far it is. */
export interface EndpointMessage extends Delivery {
  readonly id: string;
  readonly eventType: string;
  readonly eventId: string | null;
  readonly timestamp: string;
}

/** An endpoint that a message goes to, and how far it is. */
export interface Destination extends Delivery, Endpoint {}

export interface EndpointHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** Names of those whose values the server keeps to itself. */
  readonly sensitive: readonly string[];
}

export interface EventType {
  readonly name: string;
  readonly description: string;
  readonly deprecated: boolean;
  readonly groupName: string | null;
  /** A JSON Schema by version. */
  readonly schemas: Readonly<Record<string, unknown>> | null;
}

export interface Page<T> {
  readonly data: readonly T[];
  readonly iterator: string | null;
  /** There is nothing further on. */
  readonly done: boolean;
}

const LIST_LIMIT = 20;
const ATTEMPTS_LIMIT = 50;
const ALL_LIMIT = 250;
/** More than this many pages of event types are nobody's choice list. */
const ALL_PAGES_MAX = 20;

export function getEndpoints(iterator: string | null, signal: AbortSignal): Promise<Page<Endpoint>> {
  return get(`${app()}/endpoint?${query({ limit: LIST_LIMIT, iterator })}`, signal);
}

export function getEndpoint(endpoint: string, signal: AbortSignal): Promise<Endpoint> {
  return get(pathOf(endpoint), signal);
}

export async function createEndpoint(endpoint: EndpointChange): Promise<Endpoint> {
  return (await send("POST", `${app()}/endpoint`, endpoint)).json();
}

export async function changeEndpoint(endpoint: string, change: EndpointChange): Promise<void> {
  await send("PATCH", pathOf(endpoint), change);
}

export async function deleteEndpoint(endpoint: string): Promise<void> {
  await send("DELETE", pathOf(endpoint));
}

export function getStats(endpoint: string, signal: AbortSignal): Promise<EndpointStats> {
  return get(`${pathOf(endpoint)}/stats`, signal);
}

export async function getSecret(endpoint: string): Promise<string> {
  return (await get<{ key: string }>(`${pathOf(endpoint)}/secret`)).key;
}

export async function rotateSecret(endpoint: string, gracePeriodSeconds: number): Promise<void> {
  await send("POST", `${pathOf(endpoint)}/secret/rotate`, { gracePeriodSeconds });
}

export function getHeaders(endpoint: string, signal: AbortSignal): Promise<EndpointHeaders> {
  return get(`${pathOf(endpoint)}/headers`, signal);
}

/** Null takes a header away. */
export async function changeHeaders(endpoint: string, headers: Record<string, string | null>): Promise<void> {
  await send("PATCH", `${pathOf(endpoint)}/headers`, { headers });
}

/** What never arrived is sent again. */
export async function recover(endpoint: string, since: string): Promise<void> {
  await send("POST", `${pathOf(endpoint)}/recover`, { since });
}

/** What was never sent is sent. */
export async function replayMissing(endpoint: string, since: string): Promise<void> {
  await send("POST", `${pathOf(endpoint)}/replay-missing`, { since });
}

export function getMessages(
  endpoint: string,
  { status, iterator }: { status: number | null; iterator: string | null },
  signal: AbortSignal,
): Promise<Page<EndpointMessage>> {
  const asked = query({ limit: LIST_LIMIT, with_content: false, expanded_statuses: true, status, iterator });
  return get(`${pathOf(endpoint)}/msg?${asked}`, signal);
}

export async function getMessage(message: string, signal: AbortSignal): Promise<Message> {
  const text = await (await call("GET", messagePath(message), { signal })).text();
  return { ...JSON.parse(text), payloadText: memberText(text, "payload") ?? "" };
}

export function getDestinations(message: string, signal: AbortSignal): Promise<Page<Destination>> {
  return get(`${messagePath(message)}/endpoint?${query({ limit: ALL_LIMIT })}`, signal);
}

export function getAttempts(message: string, iterator: string | null, signal: AbortSignal): Promise<Page<Attempt>> {
  const asked = query({ limit: ATTEMPTS_LIMIT, iterator });
  return get(`${app()}/attempt/msg/${encode(message)}?${asked}`, signal);
}

export async function resend(message: string, endpoint: string): Promise<void> {
  await send("POST", `${messagePath(message)}/endpoint/${encode(endpoint)}/resend`);
}

/** All of them, by name; with their schemas when asked for. */
export async function getEventTypes(withSchemas: boolean, signal: AbortSignal): Promise<readonly EventType[]> {
  const all: EventType[] = [];
  let iterator: string | null = null;
  for (let pages = 0; pages < ALL_PAGES_MAX; pages++) {
    const asked: string = query({ limit: ALL_LIMIT, with_content: withSchemas, iterator });
    const page: Page<EventType> = await get(`/event-type?${asked}`, signal);
    all.push(...page.data);
    if (page.done) break;
    iterator = page.iterator;
  }
  return all;
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await call("GET", path, signal && { signal })).json() as Promise<T>;
}

function send(method: string, path: string, body?: unknown): Promise<Response> {
  return call(method, path, body === undefined ? {} : { body: JSON.stringify(body) });
}

/** The path of the application that the token is for. */
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

/** Null: not mentioned. */
function query(values: Readonly<Record<string, string | number | boolean | null>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== null);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

const encode = encodeURIComponent;
