/**
 * Reads the configuration of a Convoy project. Sources of the facts: the OpenAPI document and the
 * product manual of Convoy 26.
 */

import { eventTypeNameProblem, uidProblem } from "../../core/rule.ts";
import { counted } from "../../core/text.ts";
import { parseDuration } from "../../core/unit.ts";
import type { Json } from "../json.ts";
import { convoyFilter } from "./convoy-filter.ts";
import type { Imported, Origin } from "./imported.ts";

/** Number of things in a page of a list. */
const PAGE = 100;
/** The event type of subscriptions that stands for all. */
const ALL = "*";

interface Subscription {
  readonly uid: string;
  readonly name?: string;
  readonly endpoint_metadata?: { readonly uid?: string } | null;
  readonly filter_config?: { readonly event_types?: readonly string[] | null; readonly filter?: Json | null } | null;
  readonly function?: string | null;
}

interface Endpoint extends Json {
  readonly uid: string;
}

/** Reads event types, endpoints with an application per owner, and subscriptions. */
export async function convoyConfiguration(origin: Origin, project: string): Promise<Imported> {
  const base = `/api/v1/projects/${encodeURIComponent(project)}`;
  const types = dataOf(await origin.get(`${base}/event-types`));
  const endpoints = (await readPages(origin, `${base}/endpoints`)) as readonly Endpoint[];
  const subscriptions = (await readPages(origin, `${base}/subscriptions`)) as unknown as readonly Subscription[];
  const missing: string[] = [];
  const byEndpoint = Map.groupBy(subscriptions, ({ endpoint_metadata }) => endpoint_metadata?.uid ?? "");
  const applications = Map.groupBy(endpoints, ({ owner_id, uid }) => (owner_id as string) || uid);
  const applicationEntries = [...applications].map(([owner, own]) => ({
    uid: owner,
    name: owner === own[0]!.uid ? nameOf(own[0]!) : owner,
    endpoints: own.flatMap((one) => entriesOf(one, byEndpoint.get(one.uid) ?? [], owner, missing)),
  }));
  if (endpoints.length > 0) {
    missing.push(
      `signing secrets: Convoy signs in another form. The ${counted(endpoints.length, "endpoint")} ${endpoints.length === 1 ? "gets a new secret" : "get new secrets"} for the headers of Standard Webhooks.`,
    );
  }
  const eventTypes = typesOf(Array.isArray(types) ? types : [], subscriptions, missing);
  return {
    file: { eventTypes, applications: applicationEntries.filter(({ uid }) => checkOwner(uid, missing)) },
    missing,
  };
}

/** Returns whether an owner can be the uid of an application. If not, adds the reason to `missing`. */
function checkOwner(owner: string, missing: string[]): boolean {
  const problem = uidProblem(owner, "app_");
  if (problem !== null) missing.push(`endpoints of the owner ${owner}: ${problem}`);
  return problem === null;
}

async function readPages(origin: Origin, path: string): Promise<readonly Json[]> {
  const items: Json[] = [];
  let cursor = "";
  for (;;) {
    const at = cursor === "" ? "" : `&next_page_cursor=${encodeURIComponent(cursor)}`;
    const { content, pagination } = dataOf(await origin.get(`${path}?perPage=${PAGE}&direction=next${at}`)) as {
      readonly content?: readonly Json[] | null;
      readonly pagination?: { readonly has_next_page?: boolean; readonly next_page_cursor?: string } | null;
    };
    items.push(...(content ?? []));
    const next = pagination?.next_page_cursor ?? "";
    if (pagination?.has_next_page !== true || next === "" || next === cursor) return items;
    cursor = next;
  }
}

function dataOf(response: unknown): Json {
  const { data } = Object(response) as { readonly data?: unknown };
  if (typeof data !== "object") throw new TypeError("it has no data");
  return (data ?? {}) as Json;
}

/** Returns the event types of the project, and those that only subscriptions name. */
function typesOf(types: readonly Json[], subscriptions: readonly Subscription[], missing: string[]): readonly Json[] {
  const found = new Map<string, Json>();
  for (const { name, description, category, deprecated_at } of types) {
    if (typeof name !== "string" || name === ALL) continue;
    const groupName = typeof category === "string" && eventTypeNameProblem(category) === null ? category : null;
    if (groupName === null && category)
      missing.push(`event-type ${name} (category): ${category} is no valid group name.`);
    found.set(name, {
      name,
      description: typeof description === "string" ? description : "",
      ...(groupName !== null && { groupName }),
      ...(deprecated_at != null && { deprecated: true }),
    });
  }
  for (const name of subscriptions.flatMap(subscribedTo)) {
    if (!found.has(name) && name !== ALL) found.set(name, { name, description: "" });
  }
  return [...found.values()];
}

function subscribedTo({ filter_config }: Subscription): readonly string[] {
  return filter_config?.event_types ?? [];
}

/** Returns an endpoint per subscription, because each subscription has filters of its own. */
function entriesOf(
  endpoint: Endpoint,
  subscriptions: readonly Subscription[],
  owner: string,
  missing: string[],
): Json[] {
  const name = `endpoint ${owner}/${endpoint.uid}`;
  const fields = fieldsOf(endpoint, name, missing);
  if (subscriptions.length === 0) {
    missing.push(`${name}: It has no subscription, so it gets no messages. It is disabled here.`);
    return [{ uid: endpoint.uid, ...fields, disabled: true }];
  }
  return subscriptions.map((subscription, i) => {
    const uid = i === 0 ? endpoint.uid : `${endpoint.uid}.${subscription.uid}`;
    return { uid, ...fields, ...selectionOf(subscription, `endpoint ${owner}/${uid}`, missing) };
  });
}

function fieldsOf(endpoint: Endpoint, name: string, missing: string[]): Json {
  const { url, target_url, description, status, http_timeout, authentication } = endpoint;
  const timeoutMs = msOf(http_timeout);
  return {
    url: url ?? target_url,
    description: description || nameOf(endpoint),
    ...(status === "paused" && { paused: true }),
    ...(status === "inactive" && { disabled: true }),
    ...(timeoutMs !== null && { timeoutMs }),
    ...rateOf(endpoint, name, missing),
    ...authOf(authentication as Json | null, name, missing),
  };
}

function nameOf({ name, title, uid }: Endpoint): string {
  return String(name || title || uid);
}

/** Converts a duration, which is a number of seconds or a text such as `10s`. */
function msOf(value: unknown): number | null {
  if (typeof value === "number") return value > 0 ? value * 1000 : null;
  return typeof value === "string" ? parseDuration(value) : null;
}

function rateOf({ rate_limit: count, rate_limit_duration }: Endpoint, name: string, missing: string[]): Json {
  if (typeof count !== "number" || count <= 0) return {};
  const seconds = (msOf(rate_limit_duration) ?? 1000) / 1000;
  const throttleRate = Math.floor(count / seconds);
  if (throttleRate >= 1) return { throttleRate };
  missing.push(`${name} (rate_limit): ${count} in ${seconds} seconds is less than one per second.`);
  return {};
}

function authOf(authentication: Json | null | undefined, name: string, missing: string[]): Json {
  const {
    type,
    api_key: key,
    basic_auth: basic,
  } = (authentication ?? {}) as {
    readonly type?: string;
    readonly api_key?: { readonly header_name?: string; readonly header_value?: string } | null;
    readonly basic_auth?: { readonly username?: string; readonly password?: string } | null;
  };
  if (key?.header_name && typeof key.header_value === "string")
    return { headers: { [key.header_name]: key.header_value } };
  if (basic?.username && basic.password)
    return { auth: { type: "basic", user: basic.username, password: basic.password } };
  if (type) missing.push(`${name} (authentication): The type ${type} cannot be copied.`);
  return {};
}

/** Returns the fields of an endpoint that select the messages of a subscription. */
function selectionOf({ filter_config, function: code }: Subscription, name: string, missing: string[]): Json {
  const eventTypes = filter_config?.event_types ?? [];
  const filter = convoyFilter(filter_config?.filter ?? null);
  const selection = {
    ...(eventTypes.length > 0 && !eventTypes.includes(ALL) && { eventTypes: [...new Set(eventTypes)] }),
    ...("filter" in filter && filter.filter !== null && { filter: filter.filter }),
  };
  if ("problem" in filter) missing.push(`${name} (filter): ${filter.problem} The endpoint is disabled.`);
  if (code) missing.push(`${name} (function): Write it as a transformation. The endpoint is disabled.`);
  return "problem" in filter || code ? { ...selection, disabled: true } : selection;
}
