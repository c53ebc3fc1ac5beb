import type { Path } from "./faults.ts";
import type { Json } from "./json.ts";
import type { Kind } from "./kinds.ts";

/** A request that changes something. */
export interface Write {
  readonly method: "post" | "patch" | "delete";
  readonly path: string;
  readonly body: Json;
}

export interface Change {
  readonly action: "create" | "update" | "delete";
  readonly kind: Kind;
  /** The name, version or uid. That of an endpoint follows the one of its application or source. */
  readonly id: string;
  /** The fields that are written, by their names in the API. Empty for a deletion. */
  readonly fields: readonly string[];
  /** Where the thing is in the file. Null for a deletion. */
  readonly path: Path | null;
  /** Changes of a lower stage are made first. */
  readonly stage: number;
  readonly writes: readonly Write[];
  /**
   * If only secrets may differ: the thing, whose `updatedAt` shows whether the writes have changed
   * anything. Otherwise null.
   */
  readonly probe: { readonly path: string; readonly updatedAt: unknown } | null;
}
