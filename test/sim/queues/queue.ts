import type { Seq } from "../../../src/core/id.ts";
import type { QueueSource } from "./queue-source.ts";

/** Why a message can never be stored. */
export type Poison = "large" | "schema";

/** A message as a program has stored it. */
export interface StoredCopy {
  readonly seq: Seq;
  /** True time of the commit. */
  readonly at: number;
  /** The earliest time of the wall clock from which its id is remembered. */
  readonly rememberedFrom: number;
  /** The life of the program that has stored it. */
  readonly life: number;
}

/** A message of a publisher, which may be in its queue several times. */
export interface Publication {
  readonly source: QueueSource;
  readonly name: string;
  /** The id by which duplicates are recognised, or null. */
  readonly id: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly poison: Poison | null;
  readonly stored: StoredCopy[];
  /** Number of entries in the log of its source. */
  logged: number;
  /** Whether it may have been refused without an entry. */
  mayBeUnlogged: boolean;
  /** Number of times that programs have received it, and the time of the wall clock at the last time. */
  received: number;
  receivedAt: number;
}

/** A message in a queue. */
export interface Item {
  readonly publication: Publication;
  /** Its place in the order of the queue. */
  readonly number: number;
}

/** A queue of the simulated brokers. It outlives the program. */
export class SimQueue {
  /** The messages that nobody has taken, in their order. */
  readonly #ready: Item[] = [];
  readonly #taken = new Set<Item>();
  #change = Promise.withResolvers<void>();
  #numbers = 0;

  constructor(
    readonly name: string,
    /** Called when a message has left the queue for good. */
    private readonly onRemoved: (publication: Publication) => void,
  ) {}

  /** Number of messages that have not left the queue. */
  get size(): number {
    return this.#ready.length + this.#taken.size;
  }

  /** Resolves at the next change. */
  get changed(): Promise<void> {
    return this.#change.promise;
  }

  put(publication: Publication): void {
    this.#ready.push({ publication, number: this.#numbers++ });
    this.#announce();
  }

  take(max: number): Item[] {
    const items = this.#ready.splice(0, max);
    for (const item of items) this.#taken.add(item);
    return items;
  }

  /** Makes messages that were taken available to others, at their old places. */
  giveBack(items: Iterable<Item>): void {
    for (const item of items) if (this.#taken.delete(item)) this.#ready.push(item);
    this.#ready.sort((a, b) => a.number - b.number);
    this.#announce();
  }

  remove(item: Item): void {
    if (this.#taken.delete(item)) this.onRemoved(item.publication);
  }

  #announce(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
