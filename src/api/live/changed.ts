import type { IdCodec, IdPrefix, Seq } from "../../core/id.ts";

/** Maximum number of ids of one kind in an event. If more have changed, none of them is listed. */
export const LISTED_MAX = 100;

/** What changes, named like the lists of the API. */
export const topics = [
  "messages",
  "deliveries",
  "deadLetters",
  "endpoints",
  "applications",
  "sources",
  "eventTypes",
  "tasks",
  "environment",
] as const;
export type Topic = (typeof topics)[number];

/** The kinds of records whose ids are listed. */
export const listedKinds = ["messages", "endpoints", "applications", "sources"] as const;
export type ListedKind = (typeof listedKinds)[number];

const prefixes: Record<ListedKind, IdPrefix> = {
  messages: "msg_",
  endpoints: "ep_",
  applications: "app_",
  sources: "src_",
};

/** What has changed in an environment since the event before. */
export interface Changed {
  readonly topics: readonly Topic[];
  /** The records that changed, or whose deliveries did. */
  readonly ids: readonly string[];
  /** The kinds of which too many records changed to list them. Any record of the kind may have changed. */
  readonly unlisted: readonly ListedKind[];
}

/** Everything may have changed. */
export const ALL_CHANGED: Changed = { topics, ids: [], unlisted: listedKinds };

/** Collects what changes in an environment. Its memory is bounded. */
export class ChangedItems {
  readonly #topics = new Set<Topic>();
  readonly #unlisted = new Set<ListedKind>();
  readonly #listed: Record<ListedKind, Set<Seq>> = {
    messages: new Set(),
    endpoints: new Set(),
    applications: new Set(),
    sources: new Set(),
  };

  topic(topic: Topic): void {
    this.#topics.add(topic);
  }

  item(kind: ListedKind, seq: Seq): void {
    const seqs = this.#listed[kind];
    if (seqs.size < LISTED_MAX || seqs.has(seq)) seqs.add(seq);
    else this.#unlisted.add(kind);
  }

  /** Notes that any record of a kind may have changed. */
  many(kind: ListedKind): void {
    this.#unlisted.add(kind);
  }

  all(): void {
    for (const topic of topics) this.#topics.add(topic);
    for (const kind of listedKinds) this.#unlisted.add(kind);
  }

  /** Returns what has been collected and starts again. */
  take(ids: IdCodec): Changed {
    const changed: Changed = {
      topics: [...this.#topics],
      ids: listedKinds
        .filter((kind) => !this.#unlisted.has(kind))
        .flatMap((kind) => [...this.#listed[kind]].map((seq) => ids.encode(prefixes[kind], seq))),
      unlisted: [...this.#unlisted],
    };
    this.#topics.clear();
    this.#unlisted.clear();
    for (const kind of listedKinds) this.#listed[kind].clear();
    return changed;
  }
}
