import type { ListOf } from "../../../src/api/types.ts";
import { call } from "../api.ts";

/** Requests whose responses are JSON. They reject with a message for the user unless the response is 2xx. */

/** Filters by name. Those that are null or empty are left out. */
export type Filters = Readonly<Record<string, string | null | undefined>>;

/** Returns one page of a list. */
export function getPage<T>(path: string, filters: Filters, signal: AbortSignal): Promise<ListOf<T>> {
  return getJson<ListOf<T>>(path + queryOf(filters), signal);
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await call("GET", path, signal && { signal })).json()) as T;
}

/** Returns null for a response without a body. */
export async function sendJson<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await call(method, path, body === undefined ? {} : { body: JSON.stringify(body) });
  const text = await response.text();
  return (text === "" ? null : JSON.parse(text)) as T;
}

/** Returns the filters as a query string with its `?`, or an empty text. */
export function queryOf(filters: Filters): string {
  const set = Object.entries(filters).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const search = new URLSearchParams(set).toString();
  return search === "" ? "" : `?${search}`;
}
