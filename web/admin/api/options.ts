import type { ApplicationOverview, EnvironmentEndpoint, EventType, ListOf } from "../../../src/api/types.ts";
import type { Option } from "../../kit/combobox.ts";
import { ApiError } from "../api.ts";
import { type Filters, getJson, getPage } from "./json.ts";

/** The requests of the inputs that choose a customer, an endpoint or an event type. */

const OPTIONS_MAX = 20;
/** A search goes through many records in pages, which may be short; this many are read at most. */
const PAGES_MAX = 5;

type Customer = ApplicationOverview["application"];

export async function findCustomers(search: string, signal: AbortSignal): Promise<readonly Option[]> {
  const found = await firstOf<Customer>("/app", { search, order: "descending" }, signal);
  return found.map(customerOption);
}

export async function getCustomerName(id: string, signal: AbortSignal): Promise<string | null> {
  const found = await orNull(getJson<Customer>(`/app/${encodeURIComponent(id)}`, signal));
  return found?.name ?? null;
}

/** Finds endpoints by a part of the URL, among those of one customer if `appId` is set. */
export async function findEndpoints(
  url: string,
  appId: string | undefined,
  signal: AbortSignal,
): Promise<readonly Option[]> {
  const found = await firstOf<EnvironmentEndpoint>("/endpoint", { url, app_id: appId }, signal);
  return found.map((endpoint) => ({ value: endpoint.id, label: endpoint.url, detail: endpoint.appName }));
}

interface Hit {
  readonly kind: string;
  readonly id: string;
  readonly title: string;
}

export async function getEndpointUrl(id: string, signal: AbortSignal): Promise<string | null> {
  const { data } = await getJson<{ data: readonly Hit[] }>(`/search?q=${encodeURIComponent(id)}`, signal);
  return data.find((hit) => hit.kind === "endpoint" && hit.id === id)?.title ?? null;
}

/** Finds event types by a part of the name or the description. */
export async function findEventTypes(search: string, signal: AbortSignal): Promise<readonly Option[]> {
  const text = search.toLowerCase();
  const all: Option[] = [];
  let iterator: string | null = null;
  for (let pages = 0; pages < PAGES_MAX && all.length < OPTIONS_MAX; pages++) {
    const page: ListOf<EventType> = await getPage("/event-type", { limit: "250", iterator }, signal);
    const matching = page.data.filter(({ name, description }) => `${name} ${description}`.toLowerCase().includes(text));
    all.push(...matching.map(({ name, description }) => optionOf(name, name, description)));
    if (page.done || page.iterator === null) break;
    iterator = page.iterator;
  }
  return all.slice(0, OPTIONS_MAX);
}

function customerOption({ id, name, uid }: Customer): Option {
  return optionOf(id, name, uid ?? "");
}

function optionOf(value: string, label: string, detail: string): Option {
  return { value, label, ...(detail !== "" && { detail }) };
}

async function firstOf<T>(path: string, filters: Filters, signal: AbortSignal): Promise<readonly T[]> {
  const all: T[] = [];
  let iterator: string | null = null;
  for (let pages = 0; pages < PAGES_MAX && all.length < OPTIONS_MAX; pages++) {
    const page: ListOf<T> = await getPage(path, { ...filters, limit: String(OPTIONS_MAX), iterator }, signal);
    all.push(...page.data);
    if (page.done || page.iterator === null) break;
    iterator = page.iterator;
  }
  return all.slice(0, OPTIONS_MAX);
}

async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
