import type { LiveChanged, Overview, OverviewChange } from "../../src/api/types.ts";

/** What live events change. Pure functions. */

/** A list of the API, such as `"messages"`, or the id of a record, such as `"msg_…"`. */
export type Topic = LiveChanged["topics"][number] | (string & {});

/** What has changed since the event before; null stands for anything. */
export type Changed = LiveChanged | null;

/** Maximum number of messages in an overview. */
const MESSAGES_MAX = 50;

/** Returns an overview with a change: new messages come first, known ones keep their places. */
export function mergeChange(base: Overview, { changed: _, messages, ...fields }: OverviewChange): Overview {
  const known = new Set(base.messages.map(({ id }) => id));
  const next = new Map(messages.map((message) => [message.id, message]));
  const merged = [
    ...messages.filter(({ id }) => !known.has(id)),
    ...base.messages.map((message) => next.get(message.id) ?? message),
  ];
  return { ...base, ...fields, messages: merged.slice(0, MESSAGES_MAX) };
}

const KINDS: Readonly<Record<string, LiveChanged["unlisted"][number]>> = {
  msg: "messages",
  ep: "endpoints",
  app: "applications",
  src: "sources",
};

/**
 * Returns whether a change concerns one of the topics. `maybe`: changes are so frequent that the
 * server does not list all of them.
 */
export function concerns(changed: Changed, topics: readonly Topic[]): "yes" | "maybe" | "no" {
  if (changed === null) return "yes";
  const { unlisted } = changed;
  const isBusy = unlisted.includes("messages");
  const verdicts = topics.map((topic) => {
    const kind = KINDS[topic.slice(0, topic.indexOf("_"))];
    if (kind !== undefined) {
      if (changed.ids.includes(topic)) return "yes";
      return unlisted.includes(kind) ? "maybe" : "no";
    }
    if (!changed.topics.some((one) => one === topic)) return "no";
    // Messages and deliveries of a busy environment are sampled.
    return isBusy && (topic === "messages" || topic === "deliveries") ? "maybe" : "yes";
  });
  return verdicts.includes("yes") ? "yes" : verdicts.includes("maybe") ? "maybe" : "no";
}
