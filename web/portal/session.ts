import { batch, signal } from "@preact/signals";
import type { PayloadVersionSummary, Whoami } from "../../src/api/types.ts";
import { BASE } from "../kit/base.ts";
import { ApiError, errorOf, type RequestOptions, request } from "../kit/client.ts";
import { forgetDrafts } from "../kit/drafts.ts";
import { parseLink } from "./link.ts";
import { parseRoute, route } from "./route.ts";
import { loadSession, markEnded, newId, type SavedSession, saveSession } from "./saved-session.ts";

/**
 * The portal's session. There is no login: a link contains the token, which is removed from the
 * address bar at once. The token is kept in memory and saved so that it survives a reload.
 */

/** The owner of the token and the token's rights. */
export interface Who {
  readonly appId: string;
  readonly appName: string;
  /** The ids of the operations that the token may use. */
  readonly operations: ReadonlySet<string>;
  /** The payload versions that endpoints can have, newest first; null if the token may not read endpoints. */
  readonly payloadVersions: readonly PayloadVersionSummary[] | null;
}

export type Session =
  | { readonly state: "checking" }
  | { readonly state: "open"; readonly who: Who }
  /** The server could not be asked who the token belongs to. */
  | { readonly state: "unreachable"; readonly problem: string }
  | { readonly state: "ended"; readonly reason: EndReason };

export type EndReason =
  | "no-link"
  | "expired"
  | "not-for-an-application"
  | "for-another-application"
  | "logged-out"
  | "logged-out-here";

export const session = signal<Session>({ state: "checking" });

/** The URL of the API, even if a proxy serves the API below another path. */
const API = `${BASE}/api/v1`;

/** The session that is open or is being opened. */
let current: SavedSession | null = null;
/** The application that the link of `current` names; null if no link does. */
let named: string | null = null;

/**
 * Synchronises the session and `route` with the address bar. A link opens a session; any other
 * address is a page.
 */
export function followAddress(): void {
  addEventListener("hashchange", read);
  addEventListener("popstate", clearIfEnded);
  read();
}

function read(): void {
  const link = parseLink(location.hash);
  if (link !== null) {
    open({ id: newId(), token: link.token }, link.next, link.app);
  } else if (current !== null) {
    saveSession(current, location.hash);
  } else if (session.value.state === "checking") {
    const saved = loadSession();
    if (saved !== null) open(saved, location.hash);
    else end("no-link");
  }
  route.value = parseRoute(location.hash);
}

/**
 * Clears the current history entry if the session has ended, because the entry may still contain
 * the token. Keeps the address, because it may be a link that is read next.
 */
function clearIfEnded(): void {
  if (session.value.state === "ended") saveSession(null, location.hash);
}

function open(opened: SavedSession, hash: string, app: string | null = null): void {
  close();
  current = opened;
  named = app;
  saveSession(current, hash);
  void identify();
}

/** Ends the open session, including in its other history entries. */
function close(): void {
  forgetDrafts();
  if (current !== null) markEnded(current.id);
  current = null;
}

/** Asks the server who the token belongs to. */
export async function identify(): Promise<void> {
  const used = current;
  session.value = { state: "checking" };
  try {
    const response = await call("GET", "/auth/whoami");
    const { appId, appUid, appName, operations, payloadVersions } = (await response.json()) as Whoami;
    if (used !== current) return;
    if (appId === null) return end("not-for-an-application");
    if (named !== null && named !== appId && named !== appUid) return end("for-another-application");
    const who = { appId, appName: appName ?? "", operations: new Set(operations), payloadVersions };
    session.value = { state: "open", who };
  } catch (error) {
    if (used !== current || (session.value as Session).state === "ended") return;
    session.value = { state: "unreachable", problem: (error as Error).message };
  }
}

/**
 * Sends a request with the token. Rejects with a message for the user unless the response is 2xx.
 */
export async function call(method: string, path: string, options?: RequestOptions): Promise<Response> {
  const used = current;
  const headers = { authorization: `Bearer ${used?.token ?? ""}` };
  const response = await request(method, API + path, { ...options, headers });
  if (response.ok) return response;
  if (response.status === 401 && used === current) end("expired");
  throw await errorOf(response);
}

/**
 * Revokes the token on the server, so that the link no longer works for anyone, and ends the
 * session.
 */
export async function logOut(): Promise<void> {
  try {
    await call("POST", "/auth/logout");
    end("logged-out");
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return;
    end("logged-out-here");
  }
}

function end(reason: EndReason): void {
  close();
  saveSession(null, "");
  batch(() => {
    session.value = { state: "ended", reason };
    route.value = { page: "endpoints" };
  });
}

/** Returns whether the token may use the API operation with this id. */
export function may(operation: string): boolean {
  return session.value.state === "open" && session.value.who.operations.has(operation);
}

/** Returns the payload versions that endpoints can have, newest first; null if they are not known. */
export function payloadVersions(): readonly PayloadVersionSummary[] | null {
  return session.value.state === "open" ? session.value.who.payloadVersions : null;
}
