import { signal } from "@preact/signals";

/**
 * The page that is shown. The route is in the fragment of the URL and uses the paths of the Svix
 * portal.
 */
export type Route =
  | { readonly page: "endpoints" }
  | { readonly page: "new-endpoint" }
  | { readonly page: "endpoint"; readonly endpoint: string }
  | { readonly page: "transformation"; readonly endpoint: string }
  | { readonly page: "settings"; readonly endpoint: string }
  | { readonly page: "message"; readonly endpoint: string; readonly message: string }
  | { readonly page: "event-types" }
  | { readonly page: "unknown" };

export const ENDPOINTS = "#/endpoints";
export const NEW_ENDPOINT = "#/endpoints/new";
export const EVENT_TYPES = "#/event-types";

export function endpointLink(endpoint: string): string {
  return `${ENDPOINTS}/${encodeURIComponent(endpoint)}`;
}

export function transformationLink(endpoint: string): string {
  return `${endpointLink(endpoint)}/transformation`;
}

export function settingsLink(endpoint: string): string {
  return `${endpointLink(endpoint)}/settings`;
}

/**
 * Returns a link to a message. The endpoint is in it so that the message's page can link back to
 * the endpoint.
 */
export function messageLink(endpoint: string, message: string): string {
  return `${endpointLink(endpoint)}/messages/${encodeURIComponent(message)}`;
}

export function parseRoute(hash: string): Route {
  const [first, endpoint, kind, message, ...more] = hash
    .replace(/^#?\/*/, "")
    .replace(/\/+$/, "")
    .split("/")
    .map(decoded);
  if (more.length > 0) return { page: "unknown" };
  if (first === "" || (first === "endpoints" && endpoint === undefined)) return { page: "endpoints" };
  if (first === "event-types" && endpoint === undefined) return { page: "event-types" };
  if (first !== "endpoints" || !endpoint || isDots(endpoint)) return { page: "unknown" };
  if (kind === undefined) return endpoint === "new" ? { page: "new-endpoint" } : { page: "endpoint", endpoint };
  if ((kind === "settings" || kind === "transformation") && message === undefined) return { page: kind, endpoint };
  return kind === "messages" && message && !isDots(message)
    ? { page: "message", endpoint, message }
    : { page: "unknown" };
}

/**
 * Returns whether an id is `.` or `..`. Such an id cannot be escaped in a path, so a request with
 * it would go to another URL.
 */
function isDots(id: string): boolean {
  return id === "." || id === "..";
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route = signal<Route>({ page: "endpoints" });
