/** Finds the faults of a file that depend on what the server has. */

import type { Change } from "./change.ts";
import type { Configuration, Wanted } from "./configuration.ts";
import type { Fault } from "./faults.ts";
import { KINDS } from "./kinds.ts";
import { hasMark, hasMaskedPassword } from "./marks.ts";
import type { Matches } from "./matches.ts";
import type { Present } from "./present.ts";

/** The fields that contain secrets, for which the file may have marks. */
const SECRET_FIELDS = ["auth", "function", "transformation", "headers", "config"];

/** Returns why a thing cannot be created. */
export function createFaults({ kind, path, fields, id }: Wanted): readonly Fault[] {
  const { word, fields: table } = KINDS[kind];
  const faults: Fault[] = [];
  for (const [name, { traits }] of Object.entries(table)) {
    const json = traits.json ?? name;
    const isNeeded = traits.create === "required" && json !== KINDS[kind].identity && kind !== "eventType";
    if (isNeeded && fields[json] === undefined) {
      faults.push({ path, msg: `The ${word} ${id} does not exist. To create it, \`${json}\` is needed.` });
    }
  }
  for (const name of SECRET_FIELDS.filter((one) => hasMark(fields[one]))) {
    faults.push({
      path: [...path, name],
      msg: `[set] stands for a stored secret, but the ${word} ${id} does not exist. Write the secret.`,
    });
  }
  const config = fields.config as { readonly url?: unknown } | undefined;
  const [url, urlPath] = kind === "source" ? [config?.url, ["config", "url"]] : [fields.url, ["url"]];
  if (hasMaskedPassword(url)) {
    const msg = `*** stands for a stored password, but the ${word} ${id} does not exist. Write the password.`;
    faults.push({ path: [...path, ...urlPath], msg });
  }
  return faults;
}

/** What endpoints may refer to after the changes. */
interface Referents {
  /** The event types, and whether they are archived. */
  readonly archived: ReadonlyMap<string, boolean>;
  readonly versions: ReadonlySet<string>;
  /** Whether there are payload versions before the changes. */
  readonly hasVersions: boolean;
}

/** Returns the references to event types and payload versions that will not exist. */
export function referenceFaults(
  { things }: Configuration,
  { present }: Matches,
  changes: readonly Change[],
): readonly Fault[] {
  const referents = referentsAfter(things, present, changes);
  const wantedAt = new Map(things.map((thing) => [thing.path, thing]));
  return changes
    .filter(({ kind, action }) => kind === "endpoint" && action !== "delete")
    .flatMap((change) => endpointFaults(wantedAt.get(change.path!)!, change, referents));
}

function referentsAfter(things: readonly Wanted[], present: readonly Present[], changes: readonly Change[]): Referents {
  const removed = new Set(changes.filter(({ action }) => action === "delete").map(({ kind, id }) => `${kind} ${id}`));
  const kept = present.filter(({ kind, id }) => !removed.has(`${kind} ${id}`));
  const archived = new Map<string, boolean>();
  const versions = new Set<string>();
  for (const { kind, id, fields } of [...kept, ...things]) {
    if (kind === "eventType") archived.set(id, (fields.archived ?? archived.get(id) ?? false) === true);
    if (kind === "payloadVersion") versions.add(id);
  }
  return { archived, versions, hasVersions: present.some(({ kind }) => kind === "payloadVersion") };
}

function endpointFaults(
  { fields, parent, id, path }: Wanted,
  { fields: written, action }: Change,
  { archived, versions, hasVersions }: Referents,
): readonly Fault[] {
  const faults: Fault[] = [];
  const { eventTypes, apiVersion } = fields;
  // The event types of sources come from their providers.
  if (Array.isArray(eventTypes) && written.includes("eventTypes") && parent!.kind === "application") {
    for (const [i, name] of eventTypes.entries()) {
      if (archived.get(name) === false) continue;
      const what = archived.has(name) ? "is archived" : "does not exist";
      faults.push({ path: [...path, "eventTypes", i], msg: `The event type ${name} ${what}.` });
    }
  }
  if (typeof apiVersion === "string" && written.includes("apiVersion") && !versions.has(apiVersion)) {
    faults.push({ path: [...path, "apiVersion"], msg: `The payload version ${apiVersion} does not exist.` });
  }
  if (apiVersion === null && action === "create" && hasVersions) {
    const msg = `Null is the form before the first payload version, which the new endpoint ${id} cannot have. Leave it out for the newest one.`;
    faults.push({ path: [...path, "apiVersion"], msg });
  }
  return faults;
}
