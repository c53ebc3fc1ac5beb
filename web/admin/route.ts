import { signal } from "@preact/signals";

/**
 * The page that is shown. The route is in the fragment of the URL, so that the server serves only
 * one document.
 */
export type Route =
  | { readonly page: "overview" }
  | { readonly page: "message"; readonly app: string; readonly message: string }
  | { readonly page: "inbox"; readonly app: string; readonly inbox: string }
  | { readonly page: "sources" }
  | { readonly page: "new-source" }
  | { readonly page: "source"; readonly source: string }
  /** A request that a source has stored as a message. */
  | { readonly page: "received"; readonly source: string; readonly message: string }
  /** A request that a source has refused. */
  | { readonly page: "refused"; readonly source: string; readonly entry: string }
  | { readonly page: "unknown" };

export const OVERVIEW = "#/";
export const SOURCES = "#/source";
/** No source has this id. */
export const NEW_SOURCE = "#/source/new";

export function sourceLink(source: string): string {
  return `#/source/${encodeURIComponent(source)}`;
}

export function receivedLink(source: string, message: string): string {
  return `${sourceLink(source)}/msg/${encodeURIComponent(message)}`;
}

export function refusedLink(source: string, entry: string): string {
  return `${sourceLink(source)}/log/${encodeURIComponent(entry)}`;
}

export function messageLink(app: string, message: string): string {
  return `#/app/${encodeURIComponent(app)}/msg/${encodeURIComponent(message)}`;
}

/**
 * Returns a link to an inbox. `app` is the application whose message contained the link; the inbox
 * page uses it to link requests to their messages.
 */
export function inboxLink(app: string, inbox: string): string {
  return `#/app/${encodeURIComponent(app)}/inbox/${encodeURIComponent(inbox)}`;
}

export function parseRoute(hash: string): Route {
  const [first, ...rest] = hash
    .replace(/^#?\/*/, "")
    .replace(/\/+$/, "")
    .split("/")
    .map(decode);
  if (first === "") return { page: "overview" };
  const found = first === "app" ? inApplication(rest) : first === "source" ? inSources(rest) : null;
  return found ?? { page: "unknown" };
}

function inApplication([app, kind, id, ...more]: readonly string[]): Route | null {
  if (!app || !id || more.length > 0) return null;
  if (kind === "msg") return { page: "message", app, message: id };
  return kind === "inbox" ? { page: "inbox", app, inbox: id } : null;
}

function inSources([source, kind, id, ...more]: readonly string[]): Route | null {
  if (source === undefined) return { page: "sources" };
  if (source === "" || more.length > 0) return null;
  if (kind === undefined) return source === "new" ? { page: "new-source" } : { page: "source", source };
  if (!id) return null;
  if (kind === "msg") return { page: "received", source, message: id };
  return kind === "log" ? { page: "refused", source, entry: id } : null;
}

/**
 * Returns the token of the built-in inbox in an endpoint's URL, or null if the URL is not that of
 * an inbox.
 */
export function inboxOfUrl(url: string): string | null {
  const path = URL.canParse(url) ? new URL(url).pathname : "";
  const token = /^\/inbox\/([^/]+)\/?$/.exec(path)?.[1];
  return token === undefined ? null : decode(token);
}

export const route = signal<Route>({ page: "overview" });

/** Keeps `route` in sync with the address bar. */
export function followAddress(): void {
  const read = () => {
    route.value = parseRoute(location.hash);
  };
  addEventListener("hashchange", read);
  read();
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
