import type { Changed } from "./changed.ts";
import { MESSAGES_MAX } from "./overview-source.ts";

/** An overview, as far as differences are concerned. */
export interface Comparable {
  /** Newest first. */
  readonly messages: readonly Identified[];
}

interface Identified {
  readonly id: string;
}

/**
 * The data of an event `change`: the fields of the overview that differ from what the stream has
 * sent, and what else has changed.
 */
export type Difference<Overview extends Comparable> = Partial<Omit<Overview, "messages">> & {
  /** New messages and those with other counts of deliveries, newest first. */
  readonly messages: Overview["messages"];
  readonly changed: Changed;
};

/**
 * Returns the fields of `next` that differ from those of `base`, and the messages that are new or
 * differ. Returns null if a client that merges them with `base` would not get `next`.
 */
export function differenceOf<Overview extends Comparable>(
  base: Overview,
  next: Overview,
): Omit<Difference<Overview>, "changed"> | null {
  const known = new Map(base.messages.map((message) => [message.id, JSON.stringify(message)]));
  const messages = next.messages.filter((message) => known.get(message.id) !== JSON.stringify(message));
  const merged = mergedIds(base.messages, messages);
  if (merged.join() !== next.messages.map(({ id }) => id).join()) return null;
  const fields = Object.entries(next).filter(
    ([name, value]) => name !== "messages" && JSON.stringify(value) !== JSON.stringify(base[name as keyof Overview]),
  );
  return { ...Object.fromEntries(fields), messages } as unknown as Omit<Difference<Overview>, "changed">;
}

/** Returns the ids that a client has after it has put new messages before those that it knows. */
function mergedIds(base: readonly Identified[], changed: readonly Identified[]): readonly string[] {
  const known = new Set(base.map(({ id }) => id));
  return [...changed.filter(({ id }) => !known.has(id)), ...base].slice(0, MESSAGES_MAX).map(({ id }) => id);
}
