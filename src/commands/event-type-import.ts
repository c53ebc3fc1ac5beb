import type { Seq } from "../core/id.ts";
import { type EventTypeSettings, plainEventType } from "../core/resources/event-type.ts";
import type { EventType, Store } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { checkSchemas } from "./event-type-schemas.ts";
import { newEventType } from "./event-types.ts";
import { eventTypeChanged } from "./publish.ts";

type Parts = Pick<CommandContext, "store" | "seqs" | "clock" | "signals">;

const READ_AT_ONCE = 250;

/**
 * An event type in an import. If the event type is new, settings that are absent in `change` get
 * their defaults.
 */
export interface ImportedEventType {
  readonly name: string;
  readonly change: Partial<EventTypeSettings>;
  /** The location of the schemas in the request. */
  readonly loc: readonly string[];
}

/** Returns all event types of an environment by name, including archived ones. */
export async function allEventTypes(store: Store, environmentSeq: Seq): Promise<EventType[]> {
  const all: EventType[] = [];
  for (let from: string | null = null; ; ) {
    const page = { limit: READ_AT_ONCE, from, backwards: false, includeArchived: true };
    const { rows, more } = await store.configuration.eventTypes.list(environmentSeq, page);
    all.push(...rows);
    if (!more) return all;
    from = rows.at(-1)!.name;
  }
}

/**
 * Returns the event types that an import would store, without storing them. Throws 422 if a schema
 * cannot be used.
 */
export async function planImport(
  parts: Parts,
  environmentSeq: Seq,
  imports: readonly ImportedEventType[],
): Promise<EventType[]> {
  const results: EventType[] = [];
  for (const { name, change, loc } of imports) {
    const before = await parts.store.configuration.eventTypes.get(environmentSeq, name);
    await checkSchemas(parts, change.schemas ?? null, before?.schemas ?? null, loc);
    const base = before ?? newEventType(parts, { environmentSeq, name }, plainEventType);
    results.push({ ...base, ...change, updatedAt: parts.clock.now() });
  }
  return results;
}

/**
 * Creates or changes event types in one commit. If `archivesOthers` is true, the same commit
 * archives all other event types of the environment. Throws 422 and stores nothing if a schema
 * cannot be used.
 */
export async function importEventTypes(
  parts: Parts,
  environmentSeq: Seq,
  imports: readonly ImportedEventType[],
  archivesOthers = false,
): Promise<void> {
  const planned = await planImport(parts, environmentSeq, imports);
  const names = new Set(planned.map(({ name }) => name));
  const all = archivesOthers ? await allEventTypes(parts.store, environmentSeq) : [];
  const others = all.filter(({ name, archived }) => !archived && !names.has(name));
  const updatedAt = parts.clock.now();
  const { eventTypes } = parts.store.configuration;
  await parts.store.together((): Promise<unknown>[] => [
    ...planned.map((eventType, i) => eventTypes.put(eventType, () => ({ ...imports[i]!.change, updatedAt }))),
    ...others.map(({ name }) => eventTypes.update(environmentSeq, name, () => ({ archived: true, updatedAt }))),
  ]);
  for (const { name } of [...planned, ...others]) eventTypeChanged(parts, { environmentSeq, name });
}
