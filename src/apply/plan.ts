/** What has to be changed so that a server has the configuration of a file. */

import type { Change, Write } from "./change.ts";
import { comparison, NO_TRANSFORMATION } from "./compare.ts";
import type { Configuration, Wanted } from "./configuration.ts";
import type { Fault } from "./faults.ts";
import type { Json } from "./json.ts";
import { endpointsPath, hasEndpoints, KINDS, type Kind, nameOf, pathTo, type TopKind } from "./kinds.ts";
import { isMark } from "./marks.ts";
import type { Matches } from "./matches.ts";
import { createFaults, referenceFaults } from "./plan-faults.ts";
import type { Present } from "./present.ts";

export interface Plan {
  /** In the order in which they are made. */
  readonly changes: readonly Change[];
  readonly unchanged: number;
  readonly faults: readonly Fault[];
}

/**
 * Endpoints that are not pinned to a payload version come before the first version, and other endpoints
 * after the versions. Deletions come last, except that new endpoints come after the deletion of the last
 * version, because they would be pinned to it.
 */
const STAGE = {
  eventType: 0,
  parent: 1,
  unpinnedEndpoint: 2,
  payloadVersion: 3,
  endpoint: 4,
  deletion: { endpoint: 5, application: 6, source: 6, payloadVersion: 7, eventType: 9 },
  endpointWithoutVersions: 8,
} as const;

/** The stage whose changes are made one after another, because payload versions have an order. */
export const SERIAL_STAGE = STAGE.payloadVersion;

/** Plans the changes. With `prunes`, things that the file does not have are deleted. */
export function planOf(
  configuration: Configuration,
  matches: Matches,
  { prunes, secrets }: { readonly prunes: boolean; readonly secrets: ReadonlyMap<Present, string> },
): Plan {
  const { things, lists } = configuration;
  const faults: Fault[] = [];
  const changes: Change[] = [];
  const kept = new Map<Present, Wanted>();
  for (const wanted of things) {
    const present = matches.find(wanted);
    const earlier = present === null ? undefined : kept.get(present);
    if (present === null) {
      faults.push(...createFaults(wanted));
      changes.push(creation(wanted, matches));
    } else if (earlier !== undefined) {
      faults.push({ path: wanted.path, msg: `This is the same ${KINDS[wanted.kind].word} as ${earlier.id}.` });
    } else {
      kept.set(present, wanted);
      const change = update(wanted, present, secrets.get(present) ?? null, faults);
      if (change !== null) changes.push(change);
    }
  }
  const unchanged = things.length - changes.length;
  const deleted = prunes ? deletions(matches.present, kept, lists) : [];
  const planned = [...changes.map(pinning(configuration, matches, deleted)), ...deleted];
  faults.push(...referenceFaults(configuration, matches, planned));
  return { changes: planned.toSorted((a, b) => a.stage - b.stage || order(a, b)), unchanged, faults };
}

/** Payload versions are created in their order. Other changes of a stage keep the order of the file. */
function order(a: Change, b: Change): number {
  return a.stage === SERIAL_STAGE && a.id !== b.id ? (a.id < b.id ? -1 : 1) : 0;
}

function creation(wanted: Wanted, matches: Matches): Change {
  const { kind, id, fields, parent } = wanted;
  const list = parent === null ? KINDS[kind].path : endpointsPath(pathOfParent(parent, matches));
  const needed = kind === "eventType" ? { description: "" } : {};
  const body = { [KINDS[kind].identity]: id, ...needed, ...fields };
  const isUnpinned = kind === "endpoint" && fields.apiVersion === null;
  return {
    ...{ action: "create", kind, id: nameOf(wanted), fields: Object.keys(fields), path: wanted.path },
    stage: isUnpinned ? STAGE.unpinnedEndpoint : stageOf(kind),
    writes: [{ method: "post", path: list, body }],
    probe: null,
  };
}

/**
 * Returns a function that keeps new endpoints from being pinned to versions that the same run deletes:
 * they are pinned to the newest of the other versions, or are created after the deletion of the last one.
 */
function pinning({ things }: Configuration, { present }: Matches, deleted: readonly Change[]) {
  const versionsOf = (all: ReadonlyArray<{ readonly kind: Kind; readonly id: string }>) =>
    all.filter(({ kind }) => kind === "payloadVersion").map(({ id }) => id);
  const gone = new Set(versionsOf(deleted));
  const rest = [...versionsOf(things), ...versionsOf(present)].filter((id) => !gone.has(id)).toSorted();
  return (change: Change): Change => {
    const [write] = change.writes;
    const isPinnedLater = change.action === "create" && change.kind === "endpoint" && gone.size > 0;
    if (!isPinnedLater || Object.hasOwn(write!.body, "apiVersion")) return change;
    if (rest.length === 0) return { ...change, stage: STAGE.endpointWithoutVersions };
    return { ...change, writes: [{ ...write!, body: { ...write!.body, apiVersion: rest.at(-1) } }] };
  };
}

function pathOfParent(parent: Wanted, matches: Matches): string {
  return matches.find(parent)?.path ?? pathTo(KINDS[parent.kind].path, parent.id);
}

function stageOf(kind: Kind): number {
  return hasEndpoints(kind) ? STAGE.parent : STAGE[kind];
}

/** Returns the change of a thing that exists, or null if nothing differs. */
function update(wanted: Wanted, present: Present, secret: string | null, faults: Fault[]): Change | null {
  const { kind, path } = wanted;
  const both = { wanted: wanted.fields, present: { ...present.fields, secret } };
  const results = Object.keys(wanted.fields).map((name) => ({ name, result: comparison(kind, name, both) }));
  for (const { name, result } of results) {
    if (typeof result === "object") faults.push({ path: [...path, name], msg: result.problem });
  }
  const written = results.filter(({ result }) => result === "different" || result === "unknown");
  if (written.length === 0) return null;
  const fields = written.map(({ name }) => name);
  const isCertain = written.some(({ result }) => result === "different");
  return {
    ...{ action: "update", kind, id: nameOf(wanted), fields, path, stage: stageOf(kind) },
    writes: writesOf(fields, wanted.fields, present),
    probe: isCertain ? null : { path: present.path, updatedAt: present.fields.updatedAt },
  };
}

/** The writes of the fields of endpoints that have operations of their own. */
const SEPARATE: Readonly<Record<string, (value: unknown, present: Present) => Write>> = {
  headers: (value, { path, fields }) => {
    const headers = (value ?? {}) as Readonly<Record<string, string>>;
    const stored = [...Object.keys(fields.headers as object), ...(fields.sensitiveHeaders as readonly string[])];
    const deleteHeaders = stored.filter((name) => !Object.hasOwn(headers, name));
    const body = {
      headers: Object.fromEntries(Object.entries(headers).filter(([, header]) => !isMark(header))),
      deleteHeaders,
    };
    return { method: "patch", path: `${path}/headers`, body };
  },
  transformation: (value, { path }) => {
    return { method: "patch", path: `${path}/transformation`, body: (value ?? NO_TRANSFORMATION) as Json };
  },
  secret: (value, { path }) => ({ method: "post", path: `${path}/secret/rotate`, body: { key: value } }),
};

function writesOf(names: readonly string[], fields: Json, present: Present): readonly Write[] {
  const isSeparate = (name: string) => present.kind === "endpoint" && Object.hasOwn(SEPARATE, name);
  const plain = names.filter((name) => !isSeparate(name));
  const body = Object.fromEntries(plain.map((name) => [name, fields[name]]));
  const main: Write = { method: "patch", path: present.path, body };
  return [
    ...(plain.length === 0 ? [] : [main]),
    ...names.filter(isSeparate).map((name) => SEPARATE[name]!(fields[name], present)),
  ];
}

/** Returns the deletions of things that the lists of the file do not have. */
function deletions(
  present: readonly Present[],
  kept: ReadonlyMap<Present, Wanted>,
  lists: ReadonlySet<TopKind>,
): readonly Change[] {
  const isListed = ({ kind, parent }: Present) =>
    kind === "endpoint" ? kept.get(parent!)?.listsEndpoints === true : lists.has(kind);
  return present
    .filter((one) => !kept.has(one) && isListed(one))
    .map((one) => ({
      ...{ action: "delete", kind: one.kind, id: nameOf(one), fields: [], path: null },
      ...{ stage: STAGE.deletion[one.kind], writes: [deletion(one)], probe: null },
    }));
}

/** Without `expunge`, an event type would only be archived. */
function deletion({ kind, path }: Present): Write {
  return { method: "delete", path: kind === "eventType" ? `${path}?expunge=true` : path, body: {} };
}
