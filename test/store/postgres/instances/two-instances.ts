import type { SQL } from "bun";
import type { Signal } from "../../../../src/core/signal.ts";
import type { Store } from "../../../../src/store/index.ts";
import type { Furnished } from "../../furnished.ts";
import { openShared } from "../open.ts";

/** Two processes on one database, and a connection that can get in their way. */
export interface TwoInstances extends AsyncDisposable {
  readonly world: Furnished;
  readonly one: Store;
  readonly other: Store;
  readonly sql: SQL;
  /** The signals that the feed of `other` has reported, without those in `commits`. */
  readonly signals: readonly Signal[];
  /** The reports of the feed of `other` that somebody has committed anything. */
  readonly commits: readonly Signal[];
}

/** Opens two stores. The endpoint of the world delivers in order. */
export async function openTwo(): Promise<TwoInstances> {
  const shared = await openShared();
  const { world, other, sql } = shared;
  await world.store.configuration.endpoints.update(world.endpoint.seq, () => ({ ordering: "fifo" }));
  const [signals, commits]: [Signal[], Signal[]] = [[], []];
  other.feed.subscribe((signal) => (signal.type === "others.committed" ? commits : signals).push(signal));
  return {
    ...{ world, one: world.store, other, sql, signals, commits },
    [Symbol.asyncDispose]: shared[Symbol.asyncDispose],
  };
}
