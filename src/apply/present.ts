/** Reads the configuration of a server. */
import { type Api, notFoundAsNull, pooled } from "./api.ts";
import type { Json } from "./json.ts";
import {
  endpointsPath,
  hasEndpoints,
  idOfUid,
  KINDS,
  type Kind,
  pathTo,
  type TopKind,
  topKinds,
  uidOfId,
} from "./kinds.ts";

/** Maximum number of things that are read one by one. More are read as a list. */
const SINGLE_MAX = 50;
/** Number of things in a page of a list. */
const PAGE = 250;

/** A thing on the server. */
export interface Present {
  readonly kind: Kind;
  /** The name, version or uid; of a thing without a uid, `_` and its id. */
  readonly id: string;
  /** The path in the API. */
  readonly path: string;
  /** The fields as responses show them. Endpoints also have their headers and transformation. */
  readonly fields: Json;
  /** The application or source of an endpoint, otherwise null. */
  readonly parent: Present | null;
}

/** The things of a kind to read: all, or those with these identities. */
export type Selection = "all" | readonly string[];

export interface Selected extends Readonly<Record<TopKind, Selection>> {
  /** Returns whether the endpoints of an application or source are read. */
  readonly endpointsOf: (parent: Present) => boolean;
}

export const everything: Selected = {
  ...{ eventType: "all", payloadVersion: "all", application: "all", source: "all" },
  endpointsOf: () => true,
};

/** Returns the selected things. Makes one request per page of a list, or per named thing. */
export async function readPresent(api: Api, selected: Selected): Promise<readonly Present[]> {
  const lists = await Promise.all(topKinds.map((kind) => readKind(api, kind, selected[kind])));
  const top = lists.flat();
  const parents = top.filter((one) => hasEndpoints(one.kind) && selected.endpointsOf(one));
  return [...top, ...(await readEndpoints(api, parents))];
}

async function readKind(api: Api, kind: TopKind, selection: Selection): Promise<readonly Present[]> {
  if (selection !== "all" && selection.length === 0) return [];
  const isSingle = selection !== "all" && selection.length <= SINGLE_MAX;
  const found = isSingle
    ? await pooled([...new Set(selection)], (id) => readOne(api, kind, id))
    : await readAll(api, kind);
  return found.filter((fields) => fields !== null).map((fields) => presentOf(kind, fields, null));
}

const LIST_QUERIES: Readonly<Record<TopKind, string>> = {
  eventType: "with_content=true&include_archived=true",
  payloadVersion: "",
  application: "",
  source: "",
};

/** Returns all things of a kind, as the API shows them. */
export function readAll(api: Api, kind: TopKind): Promise<Json[]> {
  return readList(api, KINDS[kind].path, LIST_QUERIES[kind]);
}

async function readOne(api: Api, kind: TopKind, id: string): Promise<Json | null> {
  const read = (key: string) => notFoundAsNull(api.get(pathTo(KINDS[kind].path, key)));
  const byId = KINDS[kind].identity === "uid" ? idOfUid(id) : null;
  return (await read(id)) ?? (byId === null ? null : await read(byId));
}

interface Page {
  readonly data: readonly Json[];
  readonly iterator: string | null;
  readonly done: boolean;
}

/** Returns the items of a page. Throws `TypeError` if they are not a list of objects. */
function checkedItems({ data }: Page): readonly Json[] {
  if (!Array.isArray(data) || !data.every((item) => typeof item === "object" && item !== null)) {
    throw new TypeError("a list contains something else than objects");
  }
  return data;
}

/** Returns the items of all pages of a list. A page can be short or empty. */
export async function readList(api: Api, path: string, query: string): Promise<Json[]> {
  const items: Json[] = [];
  let iterator: string | null = null;
  for (;;) {
    const parts = [`limit=${PAGE}`, query, iterator === null ? "" : `iterator=${encodeURIComponent(iterator)}`];
    const page = (await api.get(`${path}?${parts.filter((part) => part !== "").join("&")}`)) as Page;
    items.push(...checkedItems(page));
    if (page.done || page.iterator === null) return items;
    if (page.iterator === iterator) throw new TypeError("a list does not end");
    iterator = page.iterator;
  }
}

async function readEndpoints(api: Api, parents: readonly Present[]): Promise<readonly Present[]> {
  const path = "/api/v1/endpoint";
  const byId = new Map(parents.map((parent) => [parent.fields.id, parent]));
  const applicationIds = parents.map(({ kind, fields }) => (kind === "source" ? fields.appId : fields.id) as string);
  const lists =
    parents.length > SINGLE_MAX
      ? [await readList(api, path, "with_content=true")]
      : await pooled(applicationIds, (id) => readList(api, path, `with_content=true&app_id=${id}`));
  return lists.flat().flatMap((fields) => {
    const parent = byId.get(fields.sourceId ?? fields.appId);
    return parent === undefined ? [] : [presentOf("endpoint", fields, parent)];
  });
}

/** Returns a thing from its fields in a response. */
export function presentOf(kind: Kind, fields: Json, parent: Present | null): Present {
  const { identity, path } = KINDS[kind];
  const list = parent === null ? path : endpointsPath(parent.path);
  const id = fields[identity] as string | null | undefined;
  const key = (identity === "uid" ? fields.id : id) as string;
  return { kind, id: id ?? uidOfId(key), path: pathTo(list, key), fields, parent };
}

/** Returns the public forms of the secrets of endpoints. */
export function readSecrets(api: Api, endpoints: readonly Present[]): Promise<ReadonlyMap<Present, string>> {
  return pooled(endpoints, async (endpoint): Promise<[Present, string]> => {
    const { key } = (await api.get(`${endpoint.path}/secret`)) as { readonly key: string };
    return [endpoint, key];
  }).then((pairs) => new Map(pairs));
}
