import { signal } from "@preact/signals";

/** Which page is shown. It stands in the address behind `#`, so that the server serves one document only. */
export type Route =
  | { readonly page: "overview" }
  | { readonly page: "message"; readonly app: string; readonly message: string }
  | { readonly page: "inbox"; readonly app: string; readonly inbox: string }
  | { readonly page: "unknown" };

export const OVERVIEW = "#/";

export function messageLink(app: string, message: string): string {
  return `#/app/${encodeURIComponent(app)}/msg/${encodeURIComponent(message)}`;
}

/** The application is the one whose message led there: the messages of the requests are looked up in it. */
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

/** The token of the built-in inbox that an endpoint's address names, or null. */
export function inboxOfUrl(url: string): string | null {
  const path = URL.canParse(url) ? new URL(url).pathname : "";
  const token = /^\/inbox\/([^/]+)\/?$/.exec(path)?.[1];
  return token === undefined ? null : decode(token);
}

export const route = signal<Route>({ page: "overview" });

/** Follows the address bar. */
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
