/** Reads what a configuration file contains. */
import { type ExactJson, isRawNumber, parseExact } from "../core/exact-json.ts";
import { valueFaults } from "./checks.ts";
import type { Configuration, Wanted } from "./configuration.ts";
import { type Fault, fileInvalid, type Path, type Place, pathText } from "./faults.ts";
import { formFaults } from "./form.ts";
import type { Json } from "./json.ts";
import { hasEndpoints, KINDS, type Kind, topKinds } from "./kinds.ts";
import { type Environment, expanded, isCode } from "./variables.ts";
import { readYaml } from "./yaml-text.ts";

/**
 * Reads a configuration file in YAML or JSON. Throws `FileInvalid` with the place of each fault. `name`
 * is the name of the file in messages.
 */
export async function readConfiguration(text: string, name: string, environment: Environment): Promise<Configuration> {
  const missing: Fault[] = [];
  const { value, faults, placeOf } = readYaml(text.replace(/^\ufeff/, ""), {
    text: (given, path) =>
      isCode(path)
        ? given
        : expanded(given, environment, (variable) => {
            const msg = `The environment variable ${variable} is not set. Set it, or write $\${${variable}} for the text itself.`;
            missing.push({ path, msg });
          }),
    number: (given, source, path) => (isExact(path) ? exactNumber(given, source) : given),
  });
  const refused = (found: readonly (Fault & { readonly place?: Place })[]) =>
    fileInvalid(
      name,
      found.map(({ path, msg, place = placeOf(path) }) => ({
        place,
        text: path.length === 0 ? msg : `${pathText(path)}: ${msg}`,
      })),
    );
  const early = [...faults, ...missing];
  if (early.length > 0) throw refused(early);
  // An empty file is an empty configuration.
  const object = value ?? {};
  const wrong = await faultsOf(object);
  if (wrong.length > 0) throw refused(wrong);
  return { ...configurationOf(object), name, refused, placeOf };
}

/** Returns what is wrong with the value of a file. Values of a wrong form are not checked further. */
export async function faultsOf(value: unknown): Promise<readonly Fault[]> {
  const wrong = formFaults(value);
  if (wrong.length > 0) return wrong;
  const things = thingsOf(value as Json);
  return [...identityFaults(things), ...(await valueFaults(things))];
}

/** Returns the content of a file without faults. */
export function configurationOf(value: object): Pick<Configuration, "lists" | "things"> {
  const lists = new Set(topKinds.filter((kind) => Object.hasOwn(value, KINDS[kind].list)));
  return { lists, things: thingsOf(value as Json) };
}

/** The numbers of filters are kept as they are written. */
function isExact(path: Path): boolean {
  return path[2] === KINDS.endpoint.list && path[4] === "filter";
}

function exactNumber(value: number, source: string): ExactJson {
  try {
    const exact = parseExact(source);
    return isRawNumber(exact) || typeof exact === "number" ? exact : value;
  } catch {
    // A number in a form that only YAML has, such as 0x10.
    return value;
  }
}

function thingsOf(object: Json): readonly Wanted[] {
  return topKinds.flatMap((kind) => {
    const { list } = KINDS[kind];
    return entriesOf(object, list, []).flatMap(({ entry, path }) => {
      const thing = thingOf(kind, entry, path, null);
      const endpoints = entriesOf(entry, KINDS.endpoint.list, path);
      return [thing, ...endpoints.map((one) => thingOf("endpoint", one.entry, one.path, thing))];
    });
  });
}

function entriesOf(
  object: Json,
  list: string,
  path: Path,
): ReadonlyArray<{ readonly entry: Json; readonly path: Path }> {
  const entries = (object[list] ?? []) as readonly Json[];
  return entries.map((entry, i) => ({ entry, path: [...path, list, i] }));
}

function thingOf(kind: Kind, entry: Json, path: Path, parent: Wanted | null): Wanted {
  const { identity } = KINDS[kind];
  const isEndpoints = (name: string) => name === KINDS.endpoint.list && hasEndpoints(kind);
  const fields = Object.entries(entry).filter(([name]) => name !== identity && !isEndpoints(name));
  const id = entry[identity];
  return {
    kind,
    id: typeof id === "string" ? id : "",
    path,
    fields: Object.fromEntries(fields),
    parent,
    listsEndpoints: Object.keys(entry).some(isEndpoints),
  };
}

function identityFaults(things: readonly Wanted[]): readonly Fault[] {
  const faults: Fault[] = [];
  const first = new Map<string, Wanted>();
  for (const thing of things) {
    const { identity, word } = KINDS[thing.kind];
    const key = [thing.kind, ...(thing.parent === null ? [] : [thing.parent.kind, thing.parent.id]), thing.id].join(
      " ",
    );
    const earlier = first.get(key);
    if (thing.id === "") {
      faults.push({ path: thing.path, msg: `The ${word} needs \`${identity}\`.` });
    } else if (earlier !== undefined) {
      const path = [...thing.path, identity];
      faults.push({ path, msg: `This ${identity} is used twice: it is also that of ${pathText(earlier.path)}.` });
    } else {
      first.set(key, thing);
    }
  }
  return faults;
}
