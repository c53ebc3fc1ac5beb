import { IdCodec, type Seq, type ShardPeriod } from "../../../core/id.ts";
import type { Moves } from "../../index.ts";
import { migrations } from "../migrations.ts";
import { moveDestination } from "./destination.ts";
import type { DestinationParts } from "./destination-parts.ts";
import { moveOrigin, type OriginParts } from "./origin.ts";

type Parts = Omit<DestinationParts & OriginParts, "ids"> & {
  readonly seed: readonly [number, number, number, number];
  readonly shards: readonly ShardPeriod[];
};

/** Returns the moves of a store. `departed` are the applications that have left since the start. */
export function moves(parts: Parts): Moves & { readonly departed: ReadonlySet<Seq> } {
  const ids = new IdCodec(parts.seed, parts.kept, parts.shards);
  const origin = moveOrigin({ ...parts, ids });
  return {
    schemaVersion: migrations.length,
    ids: parts.kept,
    origin,
    destination: moveDestination({ ...parts, ids }),
    departed: origin.departed,
  };
}
