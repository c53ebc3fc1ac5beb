import type {
  Endpoint,
  EndpointChange,
  EndpointCreation,
  FilterPreview,
  ListOf,
  Message,
  Provider,
  Source,
  SourceChange,
  SourceCreation,
  SourceDetail,
  SourceListed,
  SourceLogEntry,
  WrittenEndpoint,
} from "../../../src/api/types.ts";
import { filterOf } from "../../kit/json.ts";
import { getJson, sendJson } from "../api/json.ts";
import { ApiError, call } from "../api.ts";

/** The requests of the pages of sources to the API. */

const SOURCE = "/ingest/api/v1/source";
const LIST_LIMIT = 50;
const ENDPOINTS_LIMIT = 250;

export function getSources(iterator: string | null, signal: AbortSignal): Promise<ListOf<SourceListed>> {
  const from = iterator === null ? "" : `&iterator=${encode(iterator)}`;
  return getJson(`${SOURCE}?with_counts=true&limit=${LIST_LIMIT}${from}`, signal);
}

export function getSource(source: string, signal: AbortSignal): Promise<SourceDetail> {
  return getJson(pathOf(source), signal);
}

export function createSource(source: SourceCreation): Promise<Source> {
  return sendJson("POST", SOURCE, source);
}

export async function changeSource(source: string, change: SourceChange): Promise<void> {
  await sendJson("PATCH", pathOf(source), change);
}

export async function deleteSource(source: string): Promise<void> {
  await sendJson("DELETE", pathOf(source));
}

export async function rotateUrl(source: string, gracePeriodSeconds: number): Promise<void> {
  await sendJson("POST", `${pathOf(source)}/token/rotate`, { gracePeriodSeconds });
}

export async function sendExample(source: string): Promise<void> {
  await sendJson("POST", `${pathOf(source)}/send-example`, {});
}

/** Returns the newest messages of a source, without their bodies. */
export function getMessages(app: string, limit: number, signal: AbortSignal): Promise<ListOf<Message>> {
  return getJson(`/app/${encode(app)}/msg?with_content=false&limit=${limit}`, signal);
}

export function getMessage(app: string, message: string, signal: AbortSignal): Promise<Message> {
  return getJson(`/app/${encode(app)}/msg/${encode(message)}?with_content=false`, signal);
}

/** Returns the body of a message as it was received. */
export async function getBody(app: string, message: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const response = await call("GET", `/app/${encode(app)}/msg/${encode(message)}/raw`, { signal, accept: "*/*" });
  return new Uint8Array(await response.arrayBuffer());
}

export function getLog(source: string, limit: number, signal: AbortSignal): Promise<ListOf<SourceLogEntry>> {
  return getJson(`${pathOf(source)}/log?limit=${limit}`, signal);
}

export function getLogEntry(source: string, entry: string, signal: AbortSignal): Promise<SourceLogEntry> {
  return getJson(`${pathOf(source)}/log/${encode(entry)}`, signal);
}

/** Returns all endpoints of a source. */
export async function getEndpoints(source: string, signal: AbortSignal): Promise<readonly Endpoint[]> {
  const all: Endpoint[] = [];
  let from = "";
  for (;;) {
    const path = `${pathOf(source)}/endpoint?limit=${ENDPOINTS_LIMIT}${from}`;
    const { data, done, iterator }: ListOf<Endpoint> = await getJson(path, signal);
    all.push(...data);
    if (done || iterator === null) return all;
    from = `&iterator=${encode(iterator)}`;
  }
}

export function getEndpoint(source: string, endpoint: string, signal: AbortSignal): Promise<Endpoint> {
  return getJson(endpointPath(source, endpoint), signal);
}

/** Returns the filter of an endpoint as JSON text, because a parsed one would have rounded numbers. */
export async function getFilter(source: string, endpoint: string, signal: AbortSignal) {
  return { text: filterOf(await (await call("GET", endpointPath(source, endpoint), { signal })).text()) };
}

export function changeFilter(source: string, endpoint: string, filter: string | null): Promise<unknown> {
  return call("PATCH", endpointPath(source, endpoint), { body: `{"filter":${filter}}` });
}

export async function previewFilter(source: string, endpoint: string, filter: string): Promise<FilterPreview> {
  const path = `${endpointPath(source, endpoint)}/filter/preview`;
  return (await call("POST", path, { body: `{"filter":${filter}}` })).json();
}

export function addEndpoint(source: string, endpoint: EndpointCreation): Promise<WrittenEndpoint> {
  return sendJson("POST", `${pathOf(source)}/endpoint`, endpoint);
}

export function changeEndpoint(source: string, endpoint: string, change: EndpointChange): Promise<WrittenEndpoint> {
  return sendJson("PATCH", endpointPath(source, endpoint), change);
}

/** Pauses an endpoint, which keeps its messages in the queue, or resumes it. */
export async function pauseEndpoint(source: string, endpoint: string, paused: boolean): Promise<void> {
  await sendJson("PATCH", endpointPath(source, endpoint), { paused });
}

/** Pauses or resumes endpoints. Endpoints that have been deleted meanwhile are skipped. */
export async function pauseEndpoints(source: string, endpoints: readonly Endpoint[], paused: boolean): Promise<void> {
  for (const { id } of endpoints) {
    await pauseEndpoint(source, id, paused).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    });
  }
}

export async function deleteEndpoint(source: string, endpoint: string): Promise<void> {
  await sendJson("DELETE", endpointPath(source, endpoint));
}

/** Sends an endpoint the messages since `since` that it was never sent. */
export async function replayMissing(app: string, endpoint: string, since: Date): Promise<void> {
  await sendJson("POST", `/app/${encode(app)}/endpoint/${encode(endpoint)}/replay-missing`, {
    since: since.toISOString(),
  });
}

export function getProvider(id: string, signal: AbortSignal): Promise<Provider> {
  return getJson(`/provider/${encode(id)}`, signal);
}

let table: Promise<readonly Provider[]> | null = null;

/** Returns the table of providers. It is loaded once, because it changes only with the server. */
export function getProviders(): Promise<readonly Provider[]> {
  table ??= getJson<ListOf<Provider>>("/provider").then(({ data }) => data);
  table.catch(() => {
    table = null;
  });
  return table;
}

function pathOf(source: string): string {
  return `${SOURCE}/${encode(source)}`;
}

function endpointPath(source: string, endpoint: string): string {
  return `${pathOf(source)}/endpoint/${encode(endpoint)}`;
}

const encode = encodeURIComponent;
