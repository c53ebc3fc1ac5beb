import type { EventType, EventTypeExample, ListOf, WrittenEventType } from "../../../src/api/types.ts";
import { ApiError, call } from "../api.ts";
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

export interface FoundEventType {
  /** Null if no event type of this name is registered. */
  readonly known: EventType | null;
}

export async function findEventType(name: string, signal: AbortSignal): Promise<FoundEventType> {
  try {
    return { known: await getEventType(name, signal) };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { known: null };
    throw error;
  }
}

export const createEventType = (type: object) => sendJson<EventType>("POST", "/event-type", type);

export const changeEventType = (name: string, change: object) =>
  sendJson<WrittenEventType>("PATCH", pathOf(name), change);

export const archiveEventType = (name: string) => call("DELETE", pathOf(name));

export const deleteEventType = (name: string) => call("DELETE", `${pathOf(name)}?expunge=true`);

export const getExample = (name: string, signal: AbortSignal) =>
  getJson<EventTypeExample>(`${pathOf(name)}/example`, signal);

/** Returns the response with an example as text, so that big integers stay intact. */
export const getExampleText = async (name: string, signal?: AbortSignal) =>
  (await call("GET", `${pathOf(name)}/example`, signal && { signal })).text();

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

/** Checks a payload, as JSON text, against the schema of an event type. */
export async function validatePayload(eventType: string, payload: string, signal: AbortSignal): Promise<Validity> {
  const body = `{"eventType":${JSON.stringify(eventType)},"example":${payload}}`;
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
