/** Many event types at once: all that there are, and changes that are made together or not at all. */
import { eventTypeChanged } from "../../../commands/publish.ts";
import type { Seq } from "../../../core/id.ts";
import type { EventType, Store } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import type { Identity } from "../../identity/auth.ts";
import { changed, checkSchemas, type EventTypeChange, plainEventType } from "./fields.ts";

const READ_AT_ONCE = 250;

/** By name, archived ones as well. */
export async function allEventTypes(
  { configuration: { eventTypes } }: Store,
  environmentSeq: Seq,
): Promise<EventType[]> {
  const all: EventType[] = [];
  for (let from: string | null = null; ; ) {
    const page = { limit: READ_AT_ONCE, from, backwards: false, includeArchived: true };
    const { rows, more } = await eventTypes.list(environmentSeq, page);
    all.push(...rows);
    if (!more) return all;
    from = rows.at(-1)!.name;
  }
}

/** A change of one event type that may not be there yet. */
export interface NamedChange {
  readonly name: string;
  readonly change: EventTypeChange;
  /** Where its schemas were sent, for what is wrong with them. */
  readonly loc: readonly string[];
}

/** What the changes make of the event types that are there. `blank` is laid over those before. 422 when a schema is none. */
export async function applied(
  { store, seqs, clock }: Context,
  { environmentSeq }: Identity,
  changes: readonly NamedChange[],
  blank: Partial<EventType>,
): Promise<EventType[]> {
  const now = clock.now();
  const results: EventType[] = [];
  for (const { name, change, loc } of changes) {
    const before = await store.configuration.eventTypes.get(environmentSeq, name);
    const base = before ?? { ...plainEventType, seq: seqs.next(), environmentSeq, name, createdAt: now };
    const eventType = changed({ ...base, ...blank, updatedAt: now }, change);
    await checkSchemas(eventType.schemas, before?.schemas ?? null, loc);
    results.push(eventType);
  }
  return results;
}

/** Stores them in one commit. */
export async function putAll(context: Context, eventTypes: readonly EventType[]): Promise<void> {
  await context.store.configuration.eventTypes.putAll(eventTypes);
  for (const eventType of eventTypes) eventTypeChanged(context, eventType);
}
