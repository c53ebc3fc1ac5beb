import type { EventType, EventTypeExample, ListOf } from "../../../src/api/types.ts";
import { call } from "../api.ts";
import { getJson, getPage, sendJson } from "./json.ts";

/** Requests for the pages of event types. */

const PAGE = 250;
/** Most event types that the list loads, so that its search covers all of them. */
export const LISTED_MAX = 2_000;

/** Returns all event types without their schemas, up to `LISTED_MAX`. */
export async function getEventTypes(signal: AbortSignal): Promise<readonly EventType[]> {
  const all: EventType[] = [];
  let iterator: string | null = null;
  while (all.length < LISTED_MAX) {
    const page: ListOf<EventType> = await getPage(
      "/event-type",
      { limit: String(PAGE), include_archived: "true", iterator },
      signal,
    );
    all.push(...page.data);
    if (page.done || page.iterator === null) break;
    iterator = page.iterator;
  }
  return all;
}

export const getEventType = (name: string, signal: AbortSignal) => getJson<EventType>(pathOf(name), signal);

export const createEventType = (type: object) => sendJson<EventType>("POST", "/event-type", type);

export const changeEventType = (name: string, change: object) => sendJson<EventType>("PATCH", pathOf(name), change);

export const archiveEventType = (name: string) => call("DELETE", pathOf(name));

export const deleteEventType = (name: string) => call("DELETE", `${pathOf(name)}?expunge=true`);

export const getExample = (name: string, signal: AbortSignal) =>
  getJson<EventTypeExample>(`${pathOf(name)}/example`, signal);

interface Finding {
  readonly loc: readonly string[];
  readonly msg: string;
}

export interface Validity {
  readonly valid: boolean;
  readonly schema: Finding | null;
  readonly example: readonly Finding[];
}

/** Checks an example against a schema. Both are JSON texts. */
export async function validate(schema: string, example: string, signal: AbortSignal): Promise<Validity> {
  const body = `{"schema":${schema},"example":${example}}`;
  return (await (await call("POST", "/event-type/validate", { body, signal })).json()) as Validity;
}

export interface ImportResult {
  readonly modified: readonly string[];
  readonly skipped?: readonly { readonly name: string; readonly reason: string }[];
  readonly changes?: readonly {
    readonly name: string;
    readonly change: "created" | "changed" | "unchanged" | "archived";
    readonly fields: readonly string[];
  }[];
}

export async function importOpenApi(specRaw: string, replaceAll: boolean, dryRun: boolean): Promise<ImportResult> {
  const sent = { specRaw, replaceAll, dryRun };
  const { data } = await sendJson<{ data: ImportResult }>("POST", "/event-type/import/openapi", sent);
  return data;
}

const pathOf = (name: string) => `/event-type/${encodeURIComponent(name)}`;
