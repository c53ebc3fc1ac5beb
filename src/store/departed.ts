import type { IdCodec, Seq } from "../core/id.ts";
import { MovedAway } from "../core/problem.ts";
import type { Key, Store } from "./index.ts";

/**
 * Throws 421 if the application with this key has moved to another installation. With `onlySeq`, only if it
 * is this one: a caller may not learn about other applications.
 */
export async function checkDeparted(
  { store }: { readonly store: Pick<Store, "moves"> },
  environmentSeq: Seq,
  key: Key,
  onlySeq: Seq | null = null,
): Promise<void> {
  const departure = await store.moves?.origin.departure(environmentSeq, key);
  if (departure != null && (onlySeq ?? departure.applicationSeq) === departure.applicationSeq)
    throw new MovedAway(departure.url);
}

interface Parts {
  readonly store: Pick<Store, "moves" | "configuration">;
  readonly ids: IdCodec;
}

const NONE: ReadonlySet<Seq> = new Set();

/**
 * Makes a change to an application, which is given by id or uid. Rejects with 421 if the application departs
 * before the change is stored: such a change has no effect. A change that is stored before the departure moves
 * with the application.
 */
export async function unlessDeparted<T>(
  parts: Parts,
  environmentSeq: Seq,
  app: string,
  change: () => T | Promise<T>,
): Promise<T> {
  const { departed = NONE } = parts.store.moves?.origin ?? {};
  const before = departed.size;
  try {
    return await change();
  } finally {
    if (departed.size !== before) await checkHere(parts, environmentSeq, app);
  }
}

async function checkHere({ store, ids }: Parts, environmentSeq: Seq, app: string): Promise<void> {
  const seq = ids.decode("app_", app);
  const key = seq === null ? { uid: app } : { seq };
  const found = await store.configuration.applications.find(environmentSeq, key);
  if (found === null) await checkDeparted({ store }, environmentSeq, key);
}
