import type { EventType } from "../../src/api/types.ts";

/** How the event types of a catalogue are looked through. */

/** What the catalogue shows of an event type before it is opened. */
export type ListedEventType = Pick<EventType, "name" | "description" | "deprecated" | "groupName">;

export interface Group<T> {
  readonly name: string;
  readonly eventTypes: readonly T[];
}

/** Those that have every word of the search in their name, description or group. */
export function matching<T extends ListedEventType>(eventTypes: readonly T[], search: string): readonly T[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return eventTypes.filter(({ name, description, groupName }) => {
    const text = `${name} ${description} ${groupName ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** By the group that they are said to be in, else by the first part of their name; groups by name. */
export function grouped<T extends ListedEventType>(eventTypes: readonly T[]): readonly Group<T>[] {
  const groups = Map.groupBy(eventTypes, ({ name, groupName }) => groupName ?? name.replace(/\..*$/, ""));
  return [...groups]
    .map(([name, members]) => ({ name, eventTypes: members }))
    .sort((a, b) => a.name.localeCompare(b.name));
}
