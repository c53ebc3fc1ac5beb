import type { Fault, Path, Place } from "./faults.ts";
import type { Json } from "./json.ts";
import type { Kind, TopKind } from "./kinds.ts";

/** A thing in a file. */
export interface Wanted {
  readonly kind: Kind;
  /** The name, version or uid. */
  readonly id: string;
  /** Where the thing is in the file. */
  readonly path: Path;
  /** The fields in the file, without the identity and the endpoints. */
  readonly fields: Json;
  /** The application or source of an endpoint, otherwise null. */
  readonly parent: Wanted | null;
  /** Whether the file lists the endpoints of the thing. */
  readonly listsEndpoints: boolean;
}

/** The content of a file. */
export interface Configuration {
  /** The name of the file in messages. Null if there is no file. */
  readonly name: string | null;
  /** The lists that the file has. */
  readonly lists: ReadonlySet<TopKind>;
  /** Endpoints come directly after their application or source. */
  readonly things: readonly Wanted[];
  /** Returns the error about values of the file. */
  refused(faults: readonly Fault[]): Error;
  placeOf(path: Path): Place;
}
