/** A part of an OpenAPI document that is complete for one place in it. */

/** JSON that was parsed. */
type Json = null | boolean | number | string | readonly Json[] | JsonObject;
interface JsonObject {
  readonly [name: string]: Json;
}

const COMPONENTS = "#/components/";

/**
 * Returns a document with the same root, but of the paths, webhooks and components only those that
 * `place` (the names on the way to it) needs. A place that does not lead into one of them needs all.
 */
export function partFor(document: JsonObject, place: readonly string[]): JsonObject {
  const [section, name] = place;
  if (section === undefined || name === undefined || !["paths", "webhooks", "components"].includes(section))
    return document;
  const { paths: _paths, webhooks: _webhooks, components: _components, ...root } = document;
  const components = new Components(member(document, ["components"]));
  components.add("securitySchemes");
  if (section === "components") {
    components.add(name, ...place.slice(2, 3));
    return { ...root, components: components.picked() };
  }
  const item = member(document, [section, name]);
  if (item === undefined) return document;
  components.addReferences(item);
  return { ...root, [section]: { [name]: item }, components: components.picked() };
}

/** Picks components, with those to which they refer. */
class Components {
  readonly #all: Json | undefined;
  readonly #picked = new Map<string, Map<string, Json>>();

  constructor(all: Json | undefined) {
    this.#all = all;
  }

  /** Adds one component, or all of a kind, such as `schemas`. Those that do not exist are left out. */
  add(kind: string, name?: string): void {
    if (name === undefined) {
      for (const each of Object.keys(member(this.#all, [kind]) ?? {})) this.add(kind, each);
      return;
    }
    const component = member(this.#all, [kind, name]);
    const known = this.#picked.get(kind) ?? new Map<string, Json>();
    if (component === undefined || known.has(name)) return;
    this.#picked.set(kind, known.set(name, component));
    this.addReferences(component);
  }

  /**
   * Adds every component that a value names, also in a discriminator. The names of components
   * contain nothing that a JSON pointer would escape (OpenAPI 3.1, Components Object).
   */
  addReferences(value: Json): void {
    if (typeof value === "string") {
      if (!value.startsWith(COMPONENTS)) return;
      const [kind, name] = value.slice(COMPONENTS.length).split("/");
      if (kind !== undefined && name !== undefined) this.add(kind, name);
    } else if (value !== null && typeof value === "object") {
      for (const each of Object.values(value)) this.addReferences(each);
    }
  }

  picked(): JsonObject {
    return Object.fromEntries([...this.#picked].map(([kind, members]) => [kind, Object.fromEntries(members)]));
  }
}

function member(value: Json | undefined, names: readonly string[]): Json | undefined {
  let found = value;
  for (const name of names) {
    if (found === null || typeof found !== "object" || !Object.hasOwn(found, name)) return undefined;
    found = (found as JsonObject)[name];
  }
  return found;
}
