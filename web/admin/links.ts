import { address, link } from "../kit/address.ts";

/** The addresses of the admin page's pages. `pages.ts` says which component shows each. */

export const OVERVIEW = link([]);
export const CUSTOMERS = link(["app"]);
/** Stands in place of an id on pages that create something. No record has this id. */
const NEW = "new";
export const NEW_CUSTOMER = link(["app", NEW]);
export const EVENT_TYPES = link(["event-type"]);
export const NEW_EVENT_TYPE = link(["event-type", NEW]);
export const EVENT_TYPE_IMPORT = link(["event-types-from-openapi"]);
export const PAYLOAD_VERSIONS = link(["payload-version"]);
export const NEW_PAYLOAD_VERSION = link(["payload-version", NEW]);
export const SOURCES = link(["source"]);
export const NEW_SOURCE = link(["source", NEW]);
export const TASKS = link(["task"]);
export const AUDIT_LOG = link(["audit-log"]);
export const TOKENS = link(["token"]);
export const SESSIONS = link(["session"]);
export const ENVIRONMENTS = link(["environment"]);
export const OPERATIONAL_WEBHOOKS = link(["operational-webhook"]);
export const SYSTEM = link(["system"]);

type Filters<Name extends string> = { readonly [K in Name]?: string | null | undefined };

/** `tab` is one of the customer page's parts; without one it shows the overview. */
export function customerLink(app: string, tab?: string): string {
  return link(["app", app], { tab });
}

/** The filters are those of `GET /api/v1/endpoint`. */
export function endpointsLink(
  filters: Filters<"state" | "reason" | "disabled_cause" | "api_version" | "app_id" | "url"> = {},
): string {
  return link(["endpoint"], filters);
}

export function endpointLink(app: string, endpoint: string, tab?: string): string {
  return link(["app", app, "endpoint", endpoint], { tab });
}

/** Lists the attempts of a batch. */
export function batchLink(app: string, endpoint: string, batch: string): string {
  return link(["app", app, "endpoint", endpoint], { tab: "attempts", batch });
}

/** Without a customer, the page asks for one. */
export function newEndpointLink(app: string | null): string {
  return link(app === null ? ["endpoint", NEW] : ["app", app, "endpoint", NEW]);
}

/** The filters are those of `GET /api/v1/message`. */
export function messagesLink(
  filters: Filters<
    "app_id" | "event_types" | "event_id" | "channel" | "tag" | "state" | "before" | "after" | "text"
  > = {},
): string {
  return link(["msg"], filters);
}

export function messageLink(app: string, message: string): string {
  return link(["app", app, "msg", message]);
}

/** `app`, `type` and `message` fill in the form: a customer, an event type, or a stored message to copy. */
export function sendLink(filled: Filters<"app" | "type" | "message"> = {}): string {
  return link(["send"], filled);
}

/** The filters are some of those of `GET /api/v1/dead-letter`. */
export function deadLettersLink(
  filters: Filters<"app_id" | "endpoint_id" | "event_types" | "reason" | "before" | "after"> = {},
): string {
  return link(["dead-letter"], filters);
}

export function eventTypeLink(name: string): string {
  return link(["event-type", name]);
}

export function payloadVersionLink(version: string): string {
  return link(["payload-version", version]);
}

export function operationalEndpointLink(endpoint: string): string {
  return link(["operational-webhook", endpoint]);
}

/** The filters are those of `GET /api/v1/audit-log`. */
export function auditLogLink(filters: Filters<"actor" | "action" | "app_id" | "text"> = {}): string {
  return link(["audit-log"], filters);
}

/** The filters are those of the page of tokens. */
export function tokensLink(filters: Filters<"search" | "state" | "app_id"> = {}): string {
  return link(["token"], filters);
}

export function taskLink(task: string): string {
  return link(["task", task]);
}

export function sourceLink(source: string): string {
  return link(["source", source]);
}

export function sourceEndpointLink(source: string, endpoint: string): string {
  return link(["source", source, "endpoint", endpoint]);
}

export function receivedLink(source: string, message: string): string {
  return link(["source", source, "msg", message]);
}

export function refusedLink(source: string, entry: string): string {
  return link(["source", source, "log", entry]);
}

/**
 * Returns a link to an inbox. `app` is the application whose message contained the link; the inbox
 * page uses it to link requests to their messages.
 */
export function inboxLink(app: string, inbox: string): string {
  return link(["app", app, "inbox", inbox]);
}

/** Returns the section of the navigation that the page belongs to, mostly the first part of its path. */
export function currentSection(): string {
  const [first = "", , kind] = address.value.path;
  if (first !== "app") return first;
  return kind === "endpoint" ? "endpoint" : kind === "msg" || kind === "inbox" ? "msg" : "app";
}

/**
 * Returns the token of the built-in inbox in an endpoint's URL, or null if the URL is not that of
 * an inbox.
 */
export function inboxOfUrl(url: string): string | null {
  const path = URL.canParse(url) ? new URL(url).pathname : "";
  const token = /^\/inbox\/([^/]+)\/?$/.exec(path)?.[1];
  if (token === undefined) return null;
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}
