import { batch, signal } from "@preact/signals";
import { ApiError, errorOf, type RequestOptions, request } from "../client.ts";
import { parseLink } from "./link.ts";
import { parseRoute, route } from "./route.ts";

/**
 * Who looks at the page. There is no log-in: the link carries the token, which is taken out of the address at once.
 *
 * It is kept in memory, and in the state of this window's history entries so that a reload finds it again. Not in
 * `sessionStorage`: any site may frame this page, and browsers that do not part storage by the site around a frame would
 * open it there with the token of a link that was followed before in the same tab, ready to be clicked on unawares. The
 * entries of a frame are its own: whoever frames the page has to bring the token, and who has it needs no clicks of others.
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

const KEPT = "boathookPortalToken";

/** Where the API is, also behind a proxy that serves it under a path of its own. */
const API = `${location.pathname.replace(/\/portal\/?$/, "")}/api/v1`;

let token: string | null = null;

/** Follows the address: a link opens a session, everything else is a page of the one that is open. */
export function followAddress(): void {
  addEventListener("hashchange", read);
  read();
}

function read(): void {
  const link = parseLink(location.hash);
  if (link !== null) {
    open(link.token, link.next);
  } else if (token !== null) {
    keep(token, location.hash);
  } else if (session.value.state === "checking") {
    const kept = (history.state as Record<string, unknown> | null)?.[KEPT];
    if (typeof kept === "string") open(kept, location.hash);
    else end("no-link");
  }
  route.value = parseRoute(location.hash);
}

function open(newToken: string, hash: string): void {
  token = newToken;
  keep(token, hash);
  void identify();
}

/** Puts the token into the entry of the page that is shown, in place of whatever the address had behind its `#`. */
function keep(kept: string | null, hash: string): void {
  const state = kept === null ? null : { [KEPT]: kept };
  history.replaceState(state, "", `${location.pathname}${location.search}${hash}`);
}

interface Whoami {
  readonly appId: string | null;
  readonly appName: string | null;
  readonly operations: readonly string[];
}

/** Asks the server whose the token is. */
export async function identify(): Promise<void> {
  const asked = token;
  session.value = { state: "checking" };
  try {
    const response = await call("GET", "/auth/whoami");
    const { appId, appName, operations } = (await response.json()) as Whoami;
    if (asked !== token) return;
    if (appId === null) return end("not-for-an-application");
    const who = { appId, appName: appName ?? "", operations: new Set(operations) };
    session.value = { state: "open", who };
  } catch (error) {
    if (asked !== token || (session.value as Session).state === "ended") return;
    session.value = { state: "unreachable", said: (error as Error).message };
  }
}

/** Sends a request with the token; rejects with what to tell the reader unless the answer is 2xx. */
export async function call(method: string, path: string, options?: RequestOptions): Promise<Response> {
  const asked = token;
  const response = await request(method, API + path, asked ?? "", options);
  if (response.ok) return response;
  if (response.status === 401 && asked === token) end("expired");
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
  token = null;
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
