import type { Seq } from "../core/id.ts";
import { conflict, notFound, type Problem } from "../core/problem.ts";
import { type EventTypeSettings, plainEventType } from "../core/resources/event-type.ts";
import type { EventType } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { schemaWarnings } from "./event-type-compatibility.ts";
import { checkSchemas } from "./event-type-schemas.ts";
import { eventTypeChanged } from "./publish.ts";

type Parts = Pick<CommandContext, "store" | "seqs" | "clock" | "signals" | "heavyWork">;

/** An event type that was stored, and the changes of its schema that may break its users. */
export interface WrittenEventType {
  readonly eventType: EventType;
  readonly warnings: readonly string[];
}

/** The key of an event type. */
export interface EventTypeKey {
  readonly environmentSeq: Seq;
  readonly name: string;
}

/**
 * Creates an event type. If the name belongs to an archived event type, restores that one with
 * these settings. Throws 409 if the name is taken or the event type rejects the change of its schema,
 * and 422 if a schema cannot be used.
 */
export async function createEventType(
  parts: Parts,
  key: EventTypeKey,
  settings: EventTypeSettings,
): Promise<WrittenEventType> {
  const { eventTypes } = parts.store.configuration;
  const before = await eventTypes.get(key.environmentSeq, key.name);
  if (before !== null) checkArchived(before);
  await checkSchemas(parts, settings.schemas, before?.schemas ?? null);
  const warnings = schemaWarnings(before, { ...settings, name: key.name });
  const fresh = newEventType(parts, key, settings);
  const eventType = await eventTypes.put(fresh, (current) => {
    checkArchived(current);
    return { ...settings, updatedAt: fresh.updatedAt };
  });
  eventTypeChanged(parts, key);
  return { eventType, warnings };
}

/**
 * Creates an event type. If an event type has this name, replaces all its settings instead, except
 * `compatibility` if that is null: a client that does not know it must not turn the check off. Throws
 * 422 if a schema cannot be used, and 409 if the event type rejects the change of its schema.
 */
export async function putEventType(
  parts: Parts,
  key: EventTypeKey,
  others: Omit<EventTypeSettings, "compatibility">,
  compatibility: EventTypeSettings["compatibility"] | null,
): Promise<WrittenEventType & { readonly created: boolean }> {
  const { eventTypes } = parts.store.configuration;
  const before = await eventTypes.get(key.environmentSeq, key.name);
  await checkSchemas(parts, others.schemas, before?.schemas ?? null);
  const chosen = (current: EventType | null) => compatibility ?? (current ?? plainEventType).compatibility;
  const warnings = schemaWarnings(before, { ...others, name: key.name, compatibility: chosen(before) });
  const fresh = newEventType(parts, key, { ...others, compatibility: chosen(null) });
  const eventType = await eventTypes.put(fresh, (current) => ({
    ...others,
    compatibility: chosen(current),
    updatedAt: fresh.updatedAt,
  }));
  eventTypeChanged(parts, key);
  return { eventType, warnings, created: eventType.seq === fresh.seq };
}

/**
 * Applies `change` to an event type. Throws 404 if the event type does not exist, 422 if a schema
 * cannot be used, and 409 if the event type rejects the change of its schema. The schemas that `change` adds must not depend on the event type.
 */
export async function changeEventType(
  parts: Parts,
  key: EventTypeKey,
  change: (before: EventType) => Partial<EventTypeSettings>,
): Promise<WrittenEventType> {
  const { eventTypes } = parts.store.configuration;
  const before = await eventTypes.get(key.environmentSeq, key.name);
  if (before === null) throw noEventType();
  const wanted = { ...before, ...change(before) };
  await checkSchemas(parts, wanted.schemas, before.schemas);
  const warnings = schemaWarnings(before, wanted);
  const updatedAt = parts.clock.now();
  const update = await eventTypes.update(key.environmentSeq, key.name, (current) => ({
    ...change(current),
    updatedAt,
  }));
  if (update === "gone") throw noEventType();
  eventTypeChanged(parts, key);
  return { eventType: update.after, warnings };
}

/** Permanently deletes an event type and frees its name. */
export async function expungeEventType(
  parts: Pick<CommandContext, "store" | "signals">,
  key: EventTypeKey,
): Promise<void> {
  await parts.store.configuration.eventTypes.expunge(key.environmentSeq, key.name);
  eventTypeChanged(parts, key);
}

export function newEventType(
  { seqs, clock }: Pick<Parts, "seqs" | "clock">,
  key: EventTypeKey,
  settings: EventTypeSettings,
): EventType {
  const now = clock.now();
  return { ...settings, ...key, seq: seqs.next(), createdAt: now, updatedAt: now };
}

export function noEventType(): Problem {
  return notFound("Event type not found");
}

function checkArchived({ archived }: EventType): void {
  if (!archived) throw conflict("An event type with that name already exists", "event_type_exists");
}
