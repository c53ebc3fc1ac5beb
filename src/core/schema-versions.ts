import type { EventType } from "./resources/event-type.ts";

const byVersion = new Intl.Collator("en", { numeric: true });

/** Returns the versions of the schemas, the latest last (`10` is later than `2`). */
export function versionsOf({ schemas }: Pick<EventType, "schemas">): string[] {
  return Object.keys(schemas ?? {}).sort(byVersion.compare);
}

/**
 * Returns the schema of the highest version (`10` is higher than `2`), or undefined if there is
 * none.
 */
export function latestSchema({ schemas }: Pick<EventType, "schemas">): unknown {
  const latest = versionsOf({ schemas }).at(-1);
  return latest === undefined ? undefined : schemas?.[latest];
}
