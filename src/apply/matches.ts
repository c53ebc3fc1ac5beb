import type { Wanted } from "./configuration.ts";
import { idOfUid, KINDS, type Kind } from "./kinds.ts";
import type { Present } from "./present.ts";

/** The state of a server, and how its things correspond to those of a file. */
export class Matches {
  readonly #byKey = new Map<string, Present>();

  constructor(readonly present: readonly Present[]) {
    for (const one of present) {
      this.#byKey.set(keyOf(one.kind, one.parent, one.id), one);
      // A file can also name a thing by its id, whatever its uid is.
      if (KINDS[one.kind].identity === "uid") this.#byKey.set(keyOf(one.kind, one.parent, `id ${one.fields.id}`), one);
    }
  }

  /** Returns the thing on the server for one of the file, or null if there is none. */
  find({ kind, id, parent }: Wanted): Present | null {
    const above = parent === null ? null : this.find(parent);
    if (parent !== null && above === null) return null;
    const named = this.#byKey.get(keyOf(kind, above, id));
    const byId = KINDS[kind].identity === "uid" ? idOfUid(id) : null;
    if (named !== undefined || byId === null) return named ?? null;
    return this.#byKey.get(keyOf(kind, above, `id ${byId}`)) ?? null;
  }
}

function keyOf(kind: Kind, parent: Present | null, id: string): string {
  return `${kind} ${parent === null ? "" : parent.path} ${id}`;
}
