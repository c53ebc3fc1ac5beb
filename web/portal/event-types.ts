import type { EventType } from "./api.ts";

/** How the event types of a catalogue are looked through. */

export interface Group {
  readonly name: string;
  readonly eventTypes: readonly EventType[];
}

/** Those that have every word of the search in their name, description or group. */
export function matching(eventTypes: readonly EventType[], search: string): readonly EventType[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return eventTypes.filter(({ name, description, groupName }) => {
    const text = `${name} ${description} ${groupName ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** By the group that they are said to be in, else by the first part of their name; groups by name. */
export function grouped(eventTypes: readonly EventType[]): readonly Group[] {
  const groups = Map.groupBy(eventTypes, ({ name, groupName }) => groupName ?? name.replace(/\..*$/, ""));
  return [...groups]
    .map(([name, members]) => ({ name, eventTypes: members }))
    .sort((a, b) => a.name.localeCompare(b.name));
}
