import type { EventType } from "../../../src/api/types.ts";

/** Searches and groups event types. */

/** The fields of an event type that lists show. */
export type ListedEventType = Pick<EventType, "name" | "description" | "deprecated" | "groupName">;

export interface Group<T> {
  readonly name: string;
  readonly eventTypes: readonly T[];
}

/**
 * Returns the event types that match a search: each word occurs in their name, description or
 * group.
 */
export function matching<T extends ListedEventType>(eventTypes: readonly T[], search: string): readonly T[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return eventTypes.filter(({ name, description, groupName }) => {
    const text = `${name} ${description} ${groupName ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/**
 * Groups event types by their group, or by the first part of their name if they have no group.
 * Groups are sorted by name.
 */
export function grouped<T extends ListedEventType>(eventTypes: readonly T[]): readonly Group<T>[] {
  const groups = Map.groupBy(eventTypes, ({ name, groupName }) => groupName ?? name.replace(/\..*$/, ""));
  return [...groups]
    .map(([name, members]) => ({ name, eventTypes: members }))
    .sort((a, b) => a.name.localeCompare(b.name));
}
