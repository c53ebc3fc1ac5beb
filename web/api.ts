import { ApiError, errorOf, NOT_ACCEPTED, type RequestOptions, request } from "./client.ts";
import { memberText } from "./json.ts";
import { logOut, token } from "./session.ts";

/** The typed client of the API, as far as the page uses it. Field names and numbers are those of the API. */

export interface Overview {
  readonly environment: string;
  readonly accepted: number;
  readonly delivered: number;
  /** Endpoints whose latest attempts failed. */
  readonly failing: number;
  readonly pending: number;
  readonly dead: number;
  /** Newest first, at most 50. */
  readonly messages: readonly MessageSummary[];
}

export interface MessageSummary {
  readonly id: string;
  readonly appId: string;
  readonly appName: string;
  readonly appUid: string | null;
  readonly eventType: string;
  readonly eventId: string | null;
  readonly timestamp: string;
  readonly deliveries: DeliveryCounts;
}

export type DeliveryState = "pending" | "delivered" | "dead" | "cancelled";
export type DeliveryCounts = Readonly<Record<DeliveryState, number>>;

export interface Message {
  readonly id: string;
  readonly eventType: string;
  readonly eventId?: string | null;
  readonly channels?: readonly string[] | null;
  readonly timestamp: string;
  /** The JSON text as it was sent: numbers are not read, so none is rounded. */
  readonly payloadText: string;
}

export interface Attempt {
  readonly id: string;
  readonly endpointId: string;
  readonly url: string;
  readonly response: string;
  /** 0 when there was no answer. */
  readonly responseStatusCode: number;
  readonly responseDurationMs: number;
  /** 0 success, 1 pending, 2 fail, 3 sending. */
  readonly status: number;
  /** 0 by the schedule, 1 asked for by hand. */
  readonly triggerType: number;
  readonly timestamp: string;
  readonly reason?: string | null;
  readonly nextAttempt?: string | null;
}

/** A delivery: the message's endpoint and how far it is. */
export interface Destination {
  /** Of the endpoint. */
  readonly id: string;
  readonly url: string;
  readonly status: number;
  readonly statusText: string;
  /** Why it ran out of attempts. */
  readonly reason?: string | null;
  readonly nextAttempt?: string | null;
}

export interface InboxRequest {
  readonly id: string;
  readonly receivedAt: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly messageId: string | null;
  /** What the inbox answered. */
  readonly status: number;
}

interface ListOf<T> {
  readonly data: readonly T[];
}

export { ApiError } from "./client.ts";

export const NOT_FOR_THIS_PAGE =
  "This token belongs to one application. This page needs one for the whole environment, such as the root token.";

/** Asks for the overview with a token that is not in use yet; rejects with what to tell the person when it is no good. */
export async function tryToken(candidate: string): Promise<Overview> {
  const response = await send("GET", "/overview", { token: candidate });
  if (response.status === 401) throw new ApiError(401, NOT_ACCEPTED);
  if (response.status === 403) throw new ApiError(403, NOT_FOR_THIS_PAGE);
  return (await readText(response, JSON.parse)) as Overview;
}

/** The open stream of live events; the caller reads its body until it ends or `signal` is aborted. */
export async function openLive(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const response = await send("GET", "/live", { signal, accept: "text/event-stream" });
  if (!response.ok || response.body === null) throw await failure(response);
  return response.body;
}

export async function getMessage(app: string, message: string, signal: AbortSignal): Promise<Message> {
  const response = await send("GET", `${messagePath(app, message)}`, { signal });
  return readText(response, (text) => ({ ...JSON.parse(text), payloadText: memberText(text, "payload") ?? "" }));
}

export function getAttempts(app: string, message: string, signal: AbortSignal): Promise<readonly Attempt[]> {
  return getList<Attempt>(`/app/${encode(app)}/attempt/msg/${encode(message)}`, signal);
}

export function getDestinations(app: string, message: string, signal: AbortSignal): Promise<readonly Destination[]> {
  return getList<Destination>(`${messagePath(app, message)}/endpoint`, signal);
}

export async function resend(app: string, message: string, endpoint: string): Promise<void> {
  const response = await send("POST", `${messagePath(app, message)}/endpoint/${encode(endpoint)}/resend`);
  if (!response.ok) throw await failure(response);
}

export async function createMessage(app: string, body: string): Promise<void> {
  const response = await send("POST", `/app/${encode(app)}/msg`, { body });
  if (!response.ok) throw await failure(response);
}

export function getInbox(inbox: string, signal: AbortSignal): Promise<readonly InboxRequest[]> {
  return getList<InboxRequest>(`/inbox/${encode(inbox)}`, signal);
}

async function getList<T>(path: string, signal: AbortSignal): Promise<readonly T[]> {
  const response = await send("GET", path, { signal });
  const list = (await readText(response, JSON.parse)) as ListOf<T>;
  return list.data;
}

interface SendOptions extends RequestOptions {
  readonly token?: string;
}

function send(method: string, path: string, { token: candidate, ...options }: SendOptions = {}): Promise<Response> {
  return request(method, `/api/v1${path}`, candidate ?? token.peek() ?? "", options);
}

async function readText<T>(response: Response, read: (text: string) => T): Promise<T> {
  if (!response.ok) throw await failure(response);
  return read(await response.text());
}

/** Turns an answer that is not 2xx into an error; a 401 in the middle of a session ends it. */
async function failure(response: Response): Promise<ApiError> {
  if (response.status === 401) logOut("The token is no longer accepted. Please log in again.");
  return errorOf(response);
}

function messagePath(app: string, message: string): string {
  return `/app/${encode(app)}/msg/${encode(message)}`;
}

const encode = encodeURIComponent;
