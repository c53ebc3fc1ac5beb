import type { Store } from "../../src/store/index.ts";

/**
 * Runs one call of a store verb. `name` is the verb's path, such as `queue.settle`, and `run` calls
 * the verb. The returned value is the result of the call.
 */
export type Around = (name: string, args: readonly unknown[], run: () => unknown) => unknown;

/** Returns a store that makes all calls through `around`. */
export function aroundVerbs(store: Store, around: Around): Store {
  const { queue, configuration, history, housekeeping } = store;
  return { ...store, ...(wrapped("", { queue, configuration, history, housekeeping }, around) as Partial<Store>) };
}

function wrapped(name: string, value: unknown, around: Around): unknown {
  if (typeof value === "function") {
    return (...args: unknown[]) => around(name, args, () => value(...args));
  }
  const group = value as Readonly<Record<string, unknown>>;
  const prefix = name === "" ? "" : `${name}.`;
  return Object.fromEntries(
    Object.entries(group).map(([key, verb]) => [key, wrapped(`${prefix}${key}`, verb, around)]),
  );
}

/**
 * Reads that the simulation may slow down. The contract of the store allows each of them to take as
 * long as a network round trip.
 */
const SLOW_READS: ReadonlySet<string> = new Set([
  ...[
    "queue.pendingLanes",
    "queue.due",
    "queue.nextPosition",
    "queue.contents",
    "queue.batch.due",
    "queue.batch.members",
    "queue.idempotency.get",
  ],
  ...["configuration.applications.get", "configuration.applications.find", "configuration.applications.operational"],
  ...["configuration.endpoints.get", "configuration.endpoints.active", "configuration.endpoints.secrets"],
  ...["housekeeping.meta.get", "configuration.environments.list"],
  ...[
    "configuration.tokens.withHash",
    "history.messages.get",
    "history.replayable",
    "history.payloadLinks.isUsed",
    "housekeeping.tasks.lease",
  ],
  "configuration.payloadVersions.all",
  ...["configuration.sources.withToken", "configuration.sources.get", "configuration.sources.ofProvider"],
]);

/**
 * Writes that the simulation may delay before they are committed. Writes that allocate numbers are
 * not included, because SQLite commits those in the order of their numbers.
 */
const SLOW_WRITES: ReadonlySet<string> = new Set([
  ...["queue.settle", "queue.batch.close", "queue.bury", "queue.drop", "queue.hasten", "queue.idempotency.put"],
  ...["queue.cancel.message", "queue.cancel.step"],
  ...["queue.expunge.message", "queue.expunge.messages", "queue.expunge.step"],
  ...["configuration.endpoints.update", "configuration.endpoints.delete", "configuration.endpoints.rotateSecret"],
  ...["configuration.applications.update", "configuration.applications.delete"],
  ...["configuration.tokens.revoke", "configuration.tokens.endOfApplication", "housekeeping.tasks.update"],
  ...["configuration.sources.update", "configuration.sources.rotateToken", "configuration.sources.delete"],
  ...["configuration.sources.setLastRun", "history.sourceLog.add", "history.payloadLinks.use"],
  ...["history.groups.lease", "history.groups.ack", "history.groups.nack"],
]);

export function mayBeSlow(name: string): "read" | "write" | null {
  if (SLOW_READS.has(name)) return "read";
  return SLOW_WRITES.has(name) ? "write" : null;
}
