import { IdCodec, type ShardPeriod } from "../../../core/id.ts";
import type { Moves } from "../../index.ts";
import { migrations } from "../schema/migrations.ts";
import { moveDestination } from "./destination.ts";
import type { DestinationParts } from "./destination-parts.ts";
import { moveOrigin, type OriginParts } from "./origin.ts";

type Parts = Omit<DestinationParts & OriginParts, "ids"> & {
  readonly seed: readonly [number, number, number, number];
  readonly shards: readonly ShardPeriod[];
};

/** Returns the moves of a store. */
export function moves(parts: Parts): Moves {
  const ids = new IdCodec(parts.seed, parts.kept, parts.shards);
  return {
    schemaVersion: migrations.length,
    ids: parts.kept,
    origin: moveOrigin({ ...parts, ids }),
    destination: moveDestination({ ...parts, ids }),
  };
}
