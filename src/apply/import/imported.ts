/** Makes a configuration out of what was read from another product. */

import type { Configuration } from "../configuration.ts";
import { type Fault, FileInvalid, type Path, pathText } from "../faults.ts";
import type { Json } from "../json.ts";
import { KINDS, topKinds } from "../kinds.ts";
import { configurationOf, faultsOf } from "../wanted.ts";

/** Fields without which a thing cannot exist. */
const NEEDED: ReadonlySet<unknown> = new Set(["uid", "name", "version", "url"]);
/** Fields without which an endpoint would get more messages, or other ones. */
const NARROWING: ReadonlySet<unknown> = new Set(["filter", "eventTypes", "channels", "transformation"]);

/** The other server. */
export interface Origin {
  /** Resolves with the parsed body. Rejects with an error that has `status` if the server refuses. */
  get(path: string): Promise<unknown>;
}

export interface Imported {
  /** The content of a configuration file. */
  readonly file: Readonly<Record<string, readonly Json[]>>;
  /** The values that cannot be copied, one line each. */
  readonly missing: readonly string[];
}

/**
 * Returns the configuration without the values that this server does not take, which are reported. An
 * endpoint without such a field is disabled if it would get more messages, or other ones.
 */
export async function usable(
  imported: Imported,
): Promise<{ configuration: Configuration; missing: readonly string[] }> {
  const missing = [...imported.missing];
  let file = imported.file;
  for (;;) {
    const faults = await faultsOf(file);
    if (faults.length === 0) break;
    missing.push(...faults.map((fault) => lineOf(file, fault)));
    const things = Map.groupBy(faults, ({ path }) => JSON.stringify(partsOf(path).thing));
    file = [...things.values()].toSorted(([a], [b]) => lastFirst(a!.path, b!.path)).reduce(without, file);
  }
  const refused = (faults: readonly Fault[]) => new FileInvalid(faults.map((fault) => lineOf(file, fault)).join("\n"));
  return {
    configuration: { ...configurationOf(file), name: null, refused, placeOf: () => ({ line: 0, column: 0 }) },
    missing,
  };
}

/** Orders things from the end of the file, so that removing one does not change the indices of the next. */
function lastFirst(a: Path, b: Path): number {
  return Number(b[1]) - Number(a[1]) || Number(b[3] ?? -1) - Number(a[3] ?? -1);
}

/** Returns the path of the thing to which a value belongs, and the name of the field. */
function partsOf(path: Path): { readonly thing: Path; readonly field: string | undefined } {
  const length = path[2] === KINDS.endpoint.list && path.length > 3 ? 4 : 2;
  return { thing: path.slice(0, length), field: path[length] as string | undefined };
}

function lineOf(file: Imported["file"], { path, msg }: Fault): string {
  const { thing, field } = partsOf(path);
  return `${nameAt(file, thing)}${field === undefined ? "" : `: ${pathText(path.slice(thing.length))}`}: ${msg}`;
}

function nameAt(file: Imported["file"], path: Path): string {
  const kind = topKinds.find((one) => KINDS[one].list === path[0])!;
  const { word, identity } = KINDS[kind];
  const top = file[path[0]!]![path[1] as number]!;
  if (path.length === 2) return `${word} ${top[identity]}`;
  const { uid } = (top.endpoints as readonly Json[])[path[3] as number]!;
  return `endpoint ${top[identity]}/${uid}`;
}

/** Returns the file without the faulty fields of one thing, or without the thing. */
function without(file: Imported["file"], faults: readonly Fault[]): Imported["file"] {
  const [list, index, , inner] = partsOf(faults[0]!.path).thing as readonly [string, number, string?, number?];
  const fields = faults.map(({ path }) => partsOf(path).field);
  const entries = file[list]!;
  const entry = entries[index]!;
  if (inner === undefined) return { ...file, [list]: replaced(entries, index, withoutFields(entry, fields, false)) };
  const endpoints = entry.endpoints as readonly Json[];
  const changed = replaced(endpoints, inner, withoutFields(endpoints[inner]!, fields, true));
  return { ...file, [list]: entries.with(index, { ...entry, endpoints: changed }) };
}

function replaced(entries: readonly Json[], index: number, entry: Json | null): readonly Json[] {
  return entry === null ? entries.toSpliced(index, 1) : entries.with(index, entry);
}

/** Returns the entry without the fields, or null if it cannot exist without them. */
function withoutFields(entry: Json, names: readonly (string | undefined)[], isEndpoint: boolean): Json | null {
  if (names.some((name) => name === undefined || NEEDED.has(name) || !Object.hasOwn(entry, name))) return null;
  const rest = Object.fromEntries(Object.entries(entry).filter(([name]) => !names.includes(name)));
  return isEndpoint && names.some((name) => NARROWING.has(name)) ? { ...rest, disabled: true } : rest;
}
