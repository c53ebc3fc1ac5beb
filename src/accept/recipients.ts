import { wants } from "../core/event.ts";
import type { Seq } from "../core/id.ts";
import { messageStepsMax } from "../filter/filter.ts";
import { FilterCache } from "../filter/filter-cache.ts";
import { MessageView } from "../filter/message-view.ts";
import type { ApplicationEntry } from "../store/directory.ts";
import type { SubscribedEndpoint } from "../store/subscribed-endpoints.ts";
import type { Turns } from "../store/turns.ts";
import type { Incoming } from "./incoming.ts";

/**
 * Maximum number of times that an endpoint is compared with a message in one turn of the event
 * loop.
 */
const COMPARED_AT_ONCE = 50_000;
/**
 * Number of steps of filters after which the next filter waits for another turn of the event loop. They
 * take about ten milliseconds.
 */
const STEPS_AT_ONCE = 100_000;
/** Steps for compiling one character of a filter that is used for the first time. */
const STEPS_PER_CHAR = 10;
/** The same for a filter with expressions. */
const STEPS_PER_EXPRESSION_CHAR = 200;

type Sent = Pick<Incoming, "eventType" | "channels" | "payload" | "contentType" | "headers">;

/** Chooses the endpoints that get a message: by event type and channels, then by their filters. */
export class Recipients {
  readonly #filters = new FilterCache();

  constructor(private readonly turns: Turns) {}

  /**
   * Returns the endpoints that get a message. Returns a promise only if filters take more than one
   * turn of the event loop.
   */
  of(entry: ApplicationEntry, message: Sent): readonly Seq[] | Promise<readonly Seq[]> {
    if (!entry.hasFilters) return entry.endpoints.matching(message.eventType, message.channels);
    const selection = new Selection(entry, message, this.#filters);
    return selection.advance(STEPS_AT_ONCE) ? selection.chosen : this.#rest(selection);
  }

  async #rest(selection: Selection): Promise<readonly Seq[]> {
    do await this.turns.next();
    while (!selection.advance(STEPS_AT_ONCE));
    return selection.chosen;
  }

  /** Returns the endpoints of each message. */
  ofAll(entry: ApplicationEntry, messages: readonly Sent[]): Promise<ReadonlyArray<readonly Seq[]>> {
    return entry.hasFilters ? this.#filteredForAll(entry, messages) : this.#subscribedToAll(entry, messages);
  }

  async #filteredForAll(entry: ApplicationEntry, messages: readonly Sent[]): Promise<ReadonlyArray<readonly Seq[]>> {
    const chosen: (readonly Seq[])[] = [];
    let left = STEPS_AT_ONCE;
    for (const message of messages) {
      const selection = new Selection(entry, message, this.#filters);
      while (!selection.advance(left)) {
        await this.turns.next();
        left = STEPS_AT_ONCE;
      }
      left = Math.max(0, left - selection.steps);
      chosen.push(selection.chosen);
    }
    return chosen;
  }

  /** Messages with the same traits share one list. */
  async #subscribedToAll(entry: ApplicationEntry, messages: readonly Sent[]): Promise<ReadonlyArray<readonly Seq[]>> {
    const known = new Map<string, readonly Seq[]>();
    const chosen: (readonly Seq[])[] = [];
    let compared = 0;
    for (const message of messages) {
      const { eventType, channels } = message;
      const traits = JSON.stringify([eventType, channels]);
      const found = known.get(traits) ?? entry.endpoints.matching(eventType, channels);
      if (!known.has(traits)) compared += entry.endpoints.candidates(eventType).length;
      known.set(traits, found);
      chosen.push(found);
      if (compared < COMPARED_AT_ONCE) continue;
      compared = 0;
      await this.turns.next();
    }
    return chosen;
  }
}

/** Steps of comparing an endpoint with the event type and the channels of a message. */
const STEPS_PER_ENDPOINT = 0.5;

/** Chooses the endpoints of one message in steps. The payload is read at most once. */
class Selection {
  readonly chosen: Seq[] = [];
  /** Steps since the last call of `advance`. */
  steps = 0;
  readonly #view: MessageView;
  readonly #candidates: readonly SubscribedEndpoint[];
  #next = 0;
  #total = 0;

  constructor(
    { endpoints }: ApplicationEntry,
    private readonly message: Sent,
    private readonly filters: FilterCache,
  ) {
    this.#view = new MessageView(message);
    this.#candidates = endpoints.candidates(message.eventType);
  }

  /** Compares endpoints until about this many steps are spent. Returns whether no endpoint is left. */
  advance(stepsMax: number): boolean {
    this.steps = 0;
    for (; this.#next < this.#candidates.length; this.#next++) {
      if (this.steps >= stepsMax) return false;
      const { seq, subscription, filter } = this.#candidates[this.#next]!;
      this.steps += STEPS_PER_ENDPOINT;
      if (!wants(subscription, this.message.eventType, this.message.channels)) continue;
      if (filter === null || this.#matches(filter)) this.chosen.push(seq);
    }
    return true;
  }

  #matches(text: string): boolean {
    if (this.#total > messageStepsMax) return true;
    if (!this.filters.has(text)) this.steps += stepsToCompile(text);
    const { matches, steps } = this.filters.of(text).check(this.#view);
    this.steps += steps;
    this.#total += steps;
    return matches;
  }
}

function stepsToCompile(filter: string): number {
  return filter.length * (filter.includes("$regex") ? STEPS_PER_EXPRESSION_CHAR : STEPS_PER_CHAR);
}
