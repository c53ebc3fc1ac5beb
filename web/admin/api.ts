import type { CurrentSession, InboxRequest, ListOf, Overview } from "../../src/api/types.ts";
import { BASE } from "../kit/base.ts";
import { type ApiError, errorOf, type RequestOptions, request, responseTo } from "../kit/client.ts";
import { takeEarly } from "./early.ts";
import { environmentHeaders } from "./environment.ts";
import { ownerOf, session, showLogin, showSession } from "./session.ts";

/** The admin page's requests to the API. */

export type MessageSummary = Overview["messages"][number];

export { ApiError } from "../kit/client.ts";

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
async function getList<T>(path: string, signal: AbortSignal): Promise<readonly T[]> {
  const response = await send("GET", path, { signal });
  const list = (await readText(response, JSON.parse)) as Pick<ListOf<T>, "data">;
  return list.data;
}

/** The header that proves that a page of this server sends a change. */
const CSRF_HEADER = "boathook-csrf";

/**
 * Sends a request with the cookie of the session to a path below `/api/v1`, or to one that starts
 * with `/ingest/`. It concerns the environment in the address, unless a header names another.
 */
export async function send(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
  const early = takeEarly(method, path);
  if (early !== null) return await responseTo(early);
  const url = BASE + (path.startsWith("/ingest/") ? path : `/api/v1${path}`);
  const current = session.peek();
  const headers = { ...environmentHeaders(), ...options.headers };
  if (method === "GET" || current.state !== "open") return request(method, url, { ...options, headers });
  const sendChange = (csrf: string) =>
    request(method, url, { ...options, headers: { ...headers, [CSRF_HEADER]: csrf } });
  const response = await sendChange(current.session.csrf);
  if (!(await isCsrfFailure(response))) return response;
  // Another tab has logged in again.
  const next = (await (await call("GET", "/session")).json()) as CurrentSession;
  showSession(next);
  // The change was meant to be made in the name of the earlier owner.
  return ownerOf(next) === ownerOf(current.session) ? sendChange(next.csrf) : response;
}

async function isCsrfFailure(response: Response): Promise<boolean> {
  return response.status === 403 && (await errorOf(response.clone())).code === "csrf_failed";
}

/** Sends a request like `send`. Rejects with a message for the user if the response is not 2xx. */
export async function call(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
  return checked(send(method, path, options));
}

/** Rejects with a message for the user if a response is not 2xx. */
export async function checked(sent: Promise<Response>): Promise<Response> {
  const response = await sent;
  if (!response.ok) throw await failure(response);
  return response;
}

async function readText<T>(response: Response, read: (text: string) => T): Promise<T> {
  if (!response.ok) throw await failure(response);
  return read(await response.text());
}

/** Returns the error for a response that is not 2xx. A 401 leads to the login page. */
async function failure(response: Response): Promise<ApiError> {
  const error = await errorOf(response);
  if (response.status === 401) showLogin(error.message);
  return error;
}

const encode = encodeURIComponent;
