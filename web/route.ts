import { signal } from "@preact/signals";

/**
 * The page that is shown. It is in the fragment of the URL, so that the server has only one
 * document to serve.
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
 * `app` is the application whose message linked to the inbox. Links from its requests to messages
 * use it.
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
 * Returns the token of the built-in inbox in the URL of an endpoint, or null if it is not an inbox.
 */
export function inboxOfUrl(url: string): string | null {
  const path = URL.canParse(url) ? new URL(url).pathname : "";
  const token = /^\/inbox\/([^/]+)\/?$/.exec(path)?.[1];
  return token === undefined ? null : decode(token);
}

export const route = signal<Route>({ page: "overview" });

/** Keeps `route` in step with the address bar. */
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
