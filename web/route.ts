import { signal } from "@preact/signals";

/**
 * The page that is shown. The route is in the fragment of the URL, so that the server serves only
 * one document.
 */
export type Route =
  | { readonly page: "overview" }
  | { readonly page: "message"; readonly app: string; readonly message: string }
  | { readonly page: "inbox"; readonly app: string; readonly inbox: string }
  | { readonly page: "unknown" };

export const OVERVIEW = "#/";

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
  const [first, app, kind, id, ...more] = hash
    .replace(/^#?\/*/, "")
    .replace(/\/+$/, "")
    .split("/")
    .map(decode);
  if (first === "") return { page: "overview" };
  if (first !== "app" || !app || !id || more.length > 0) return { page: "unknown" };
  if (kind === "msg") return { page: "message", app, message: id };
  if (kind === "inbox") return { page: "inbox", app, inbox: id };
  return { page: "unknown" };
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
