import { type Subscription, wants } from "../core/event.ts";
import type { Seq } from "../core/id.ts";
import type { ActiveEndpoint } from "./index.ts";

export interface SubscribedEndpoint {
  readonly seq: Seq;
  readonly subscription: Subscription;
  /** The filter as JSON, or null. */
  readonly filter: string | null;
}

/** An application with fewer endpoints gets no index. Comparing them all takes less time. */
const INDEXED_MIN = 16;

const NONE: readonly SubscribedEndpoint[] = [];

/** An application's endpoints that are neither disabled nor deleted, indexed by event type. */
export class SubscribedEndpoints {
  /** In the order of their creation. */
  readonly all: readonly SubscribedEndpoint[];
  #index: Index | null = null;

  constructor(active: readonly ActiveEndpoint[]) {
    this.all = active.map(({ seq, eventTypes, channels, filter }) => ({
      seq,
      subscription: { eventTypes: setOrNull(eventTypes), channels: setOrNull(channels) },
      filter,
    }));
  }

  /**
   * Returns the endpoints that may get messages of an event type, in the order of their creation.
   * The caller must still compare them with the message.
   */
  candidates(eventType: string): readonly SubscribedEndpoint[] {
    if (this.all.length < INDEXED_MIN) return this.all;
    this.#index ??= indexOf(this.all);
    const { anyType, byType } = this.#index;
    const named = byType.get(eventType) ?? NONE;
    if (named.length === 0) return anyType;
    return anyType.length === 0 ? named : merged(anyType, named);
  }

  /** Returns the endpoints whose event types and channels match, without regard to their filters. */
  matching(eventType: string, channels: readonly string[] | null): Seq[] {
    const matching: Seq[] = [];
    for (const { seq, subscription } of this.candidates(eventType)) {
      if (wants(subscription, eventType, channels)) matching.push(seq);
    }
    return matching;
  }
}

interface Index {
  /** The endpoints that get all event types. */
  readonly anyType: readonly SubscribedEndpoint[];
  readonly byType: ReadonlyMap<string, readonly SubscribedEndpoint[]>;
}

function indexOf(endpoints: readonly SubscribedEndpoint[]): Index {
  const anyType: SubscribedEndpoint[] = [];
  const byType = new Map<string, SubscribedEndpoint[]>();
  for (const endpoint of endpoints) {
    const { eventTypes } = endpoint.subscription;
    if (eventTypes === null) anyType.push(endpoint);
    else {
      for (const eventType of eventTypes) {
        const named = byType.get(eventType);
        if (named === undefined) byType.set(eventType, [endpoint]);
        else named.push(endpoint);
      }
    }
  }
  return { anyType, byType };
}

/** Merges two lists that are in the order of creation. */
function merged(a: readonly SubscribedEndpoint[], b: readonly SubscribedEndpoint[]): SubscribedEndpoint[] {
  const all: SubscribedEndpoint[] = [];
  let next = 0;
  for (const one of a) {
    while (next < b.length && b[next]!.seq < one.seq) all.push(b[next++]!);
    all.push(one);
  }
  while (next < b.length) all.push(b[next++]!);
  return all;
}

function setOrNull(values: readonly string[] | null): ReadonlySet<string> | null {
  return values === null ? null : new Set(values);
}
