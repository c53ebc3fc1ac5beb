import type { InboxRequest, ListOf, Overview } from "../../src/api/types.ts";
import { BASE } from "../kit/base.ts";
import { ApiError, errorOf, NOT_ACCEPTED, type RequestOptions, request } from "../kit/client.ts";
import { logOut, token } from "./session.ts";

/** The admin page's requests to the API. */

export type MessageSummary = Overview["messages"][number];
export type DeliveryCounts = MessageSummary["deliveries"];

export { ApiError } from "../kit/client.ts";

export const NOT_FOR_THIS_PAGE =
  "This token is limited to one application. Use a token for the whole environment, such as the root token.";

/**
 * Gets the overview with a token that is not in use yet. Rejects with a message for the user if the
 * token is not accepted.
 */
export async function tryToken(candidate: string): Promise<Overview> {
  const response = await send("GET", "/overview", { token: candidate });
  if (response.status === 401) throw new ApiError(401, NOT_ACCEPTED);
  if (response.status === 403) throw new ApiError(403, NOT_FOR_THIS_PAGE);
  return (await readText(response, JSON.parse)) as Overview;
}

/** Opens the stream of live events. The stream ends when `signal` is aborted. */
export async function openLive(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const response = await send("GET", "/live?differences=true", { signal, accept: "text/event-stream" });
  if (!response.ok || response.body === null) throw await failure(response);
  return response.body;
}

/**
 * Returns the uid of the oldest application. Returns null if it has no uid or no application
 * exists.
 */
export async function getFirstUid(signal: AbortSignal): Promise<string | null> {
  const [first] = await getList<{ readonly uid?: string }>("/app?limit=1", signal);
  return first?.uid ?? null;
}

export async function createMessage(app: string, body: string): Promise<void> {
  const response = await send("POST", `/app/${encode(app)}/msg`, { body });
  if (!response.ok) throw await failure(response);
}

export function getInbox(inbox: string, signal: AbortSignal): Promise<readonly InboxRequest[]> {
  return getList<InboxRequest>(`/inbox/${encode(inbox)}`, signal);
}

/** Returns the first page of a list. */
export async function getList<T>(path: string, signal: AbortSignal): Promise<readonly T[]> {
  const response = await send("GET", path, { signal });
  const list = (await readText(response, JSON.parse)) as Pick<ListOf<T>, "data">;
  return list.data;
}

interface SendOptions extends RequestOptions {
  readonly token?: string;
}

/** Sends a request to a path below `/api/v1`, or to one that starts with `/ingest/`. */
function send(method: string, path: string, { token: candidate, ...options }: SendOptions = {}): Promise<Response> {
  const url = BASE + (path.startsWith("/ingest/") ? path : `/api/v1${path}`);
  return request(method, url, candidate ?? token.peek() ?? "", options);
}

/** Sends a request like `send`. Rejects with a message for the user if the response is not 2xx. */
export async function call(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
  const response = await send(method, path, options);
  if (!response.ok) throw await failure(response);
  return response;
}

async function readText<T>(response: Response, read: (text: string) => T): Promise<T> {
  if (!response.ok) throw await failure(response);
  return read(await response.text());
}

/** Returns the error for a response that is not 2xx. A 401 ends the session. */
async function failure(response: Response): Promise<ApiError> {
  if (response.status === 401) logOut("Your token is no longer valid. Log in again.");
  return errorOf(response);
}

const encode = encodeURIComponent;
