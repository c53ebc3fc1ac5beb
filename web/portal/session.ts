import { batch, signal } from "@preact/signals";
import type { Whoami } from "../../src/api/types.ts";
import { ApiError, errorOf, type RequestOptions, request } from "../client.ts";
import { findKept, type Kept, keep, newId, noteEnded } from "./kept.ts";
import { parseLink } from "./link.ts";
import { parseRoute, route } from "./route.ts";

/**
 * Who looks at the page. There is no log-in: the link carries the token, which is taken out of the address at once. It
 * is held in memory, and kept where only a reload finds it again.
 */

export interface Who {
  readonly appId: string;
  readonly appName: string;
  /** The ids of what the token may do. */
  readonly operations: ReadonlySet<string>;
}

export type Session =
  | { readonly state: "checking" }
  | { readonly state: "open"; readonly who: Who }
  /** `said`: what the server said, for those who can do something about it. */
  | { readonly state: "unreachable"; readonly said: string }
  | { readonly state: "ended"; readonly why: Ending };

export type Ending = "no-link" | "expired" | "not-for-an-application" | "logged-out" | "logged-out-here";

export const session = signal<Session>({ state: "checking" });

/** Where the API is, also behind a proxy that serves it under a path of its own. */
const API = `${location.pathname.replace(/\/portal\/?$/, "")}/api/v1`;

/** The session that is open, or about to be. */
let held: Kept | null = null;

/** Follows the address: a link opens a session, everything else is a page of the one that is open. */
export function followAddress(): void {
  addEventListener("hashchange", read);
  addEventListener("popstate", clearIfEnded);
  read();
}

function read(): void {
  const link = parseLink(location.hash);
  if (link !== null) {
    open({ id: newId(), token: link.token }, link.next);
  } else if (held !== null) {
    keep(held, location.hash);
  } else if (session.value.state === "checking") {
    const kept = findKept();
    if (kept !== null) open(kept, location.hash);
    else end("no-link");
  }
  route.value = parseRoute(location.hash);
}

/** The way back leads to entries that still hold the token. The address stays: it may be a link that is yet to be read. */
function clearIfEnded(): void {
  if (session.value.state === "ended") keep(null, location.hash);
}

function open(opened: Kept, hash: string): void {
  letGo();
  held = opened;
  keep(held, hash);
  void identify();
}

/** The session that was open is over, for all its entries. */
function letGo(): void {
  if (held !== null) noteEnded(held.id);
  held = null;
}

/** Asks the server whose the token is. */
export async function identify(): Promise<void> {
  const asked = held;
  session.value = { state: "checking" };
  try {
    const response = await call("GET", "/auth/whoami");
    const { appId, appName, operations } = (await response.json()) as Whoami;
    if (asked !== held) return;
    if (appId === null) return end("not-for-an-application");
    const who = { appId, appName: appName ?? "", operations: new Set(operations) };
    session.value = { state: "open", who };
  } catch (error) {
    if (asked !== held || (session.value as Session).state === "ended") return;
    session.value = { state: "unreachable", said: (error as Error).message };
  }
}

/** Sends a request with the token; rejects with what to tell the reader unless the answer is 2xx. */
export async function call(method: string, path: string, options?: RequestOptions): Promise<Response> {
  const asked = held;
  const response = await request(method, API + path, asked?.token ?? "", options);
  if (response.ok) return response;
  if (response.status === 401 && asked === held) end("expired");
  throw await errorOf(response);
}

/** Ends the token on the server, for everybody who has the link, and forgets it. */
export async function logOut(): Promise<void> {
  try {
    await call("POST", "/auth/logout");
    end("logged-out");
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return;
    end("logged-out-here");
  }
}

function end(why: Ending): void {
  letGo();
  keep(null, "");
  batch(() => {
    session.value = { state: "ended", why };
    route.value = { page: "endpoints" };
  });
}

/** Whether the token may do this: the id of an operation of the API. */
export function may(operation: string): boolean {
  return session.value.state === "open" && session.value.who.operations.has(operation);
}
