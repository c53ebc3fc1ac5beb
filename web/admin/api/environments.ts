import type { Environment, Overview } from "../../../src/api/types.ts";
import { call } from "../api.ts";
import { environmentHeaders } from "../environment.ts";
import { sendJson } from "./json.ts";

/** Requests that create, change, fill and delete environments. */

const PATH = "/management/environment";
const encode = encodeURIComponent;

export const createEnvironment = (environment: { readonly name: string; readonly type: string }) =>
  sendJson<Environment>("POST", PATH, environment);

export const renameEnvironment = (id: string, name: string) =>
  sendJson<Environment>("PUT", `${PATH}/${encode(id)}`, { name });

export const deleteEnvironment = (id: string) => call("DELETE", `${PATH}/${encode(id)}`);

/** What a deletion of an environment deletes. */
export interface Contents extends Pick<Overview, "pending" | "dead"> {
  readonly customers: number;
  /** Whether there are more customers than were counted. */
  readonly isMore: boolean;
}

const COUNTED_MAX = 250;

export async function getContents({ id }: Environment): Promise<Contents> {
  const headers = environmentHeaders(id);
  const read = async (path: string) => (await call("GET", path, { headers })).json();
  const [{ pending, dead }, { data, done }] = await Promise.all([
    read("/overview") as Promise<Overview>,
    read(`/app?limit=${COUNTED_MAX}`) as Promise<{ readonly data: readonly unknown[]; readonly done: boolean }>,
  ]);
  return { pending, dead, customers: data.length, isMore: !done };
}

/** An export of an environment, as far as an import uses it. */
export interface Configuration {
  readonly eventTypes: readonly { readonly name: string }[];
}

export async function getConfiguration(): Promise<Configuration> {
  return (await call("POST", "/environment/export")).json() as Promise<Configuration>;
}

export const importConfiguration = (eventTypes: Configuration["eventTypes"]) =>
  call("POST", "/environment/import", { body: JSON.stringify({ eventTypes }) });
