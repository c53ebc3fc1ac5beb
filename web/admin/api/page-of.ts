import type { ListOf } from "../../../src/api/types.ts";
import { link } from "../../kit/address.ts";
import type { RequestOptions } from "../../kit/client.ts";
import { call } from "../api.ts";

/** Returns one page of a list. Filters that are null or empty are left out. */
export function getPage<T>(
  path: string,
  filters: Readonly<Record<string, string | null | undefined>>,
  signal: AbortSignal,
): Promise<ListOf<T>> {
  const query = link([], filters).slice("#/".length);
  return getJson<ListOf<T>>(path + query, { signal });
}

export async function getJson<T>(path: string, options: RequestOptions = {}): Promise<T> {
  return (await (await call("GET", path, options)).json()) as T;
}

export async function sendJson<T>(method: string, path: string, body: unknown): Promise<T> {
  const response = await call(method, path, body === undefined ? {} : { body: JSON.stringify(body) });
  const text = await response.text();
  return (text === "" ? null : JSON.parse(text)) as T;
}
