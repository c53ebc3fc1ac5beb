import type { Seq } from "../core/id.ts";
import { MovedAway } from "../core/problem.ts";
import type { Key, Store } from "./index.ts";

/** Throws 421 if the application with this key has moved to another installation. */
export async function checkDeparted(
  { store }: { readonly store: Pick<Store, "moves"> },
  environmentSeq: Seq,
  key: Key,
): Promise<void> {
  const departure = await store.moves?.origin.departure(environmentSeq, key);
  if (departure != null) throw new MovedAway(departure.url);
}
