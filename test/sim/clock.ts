import type { Cancel, Clock } from "../../src/ports.ts";

interface Event {
  readonly at: number;
  readonly order: number;
  readonly task: () => void;
  /** The process whose timer this is; null for the world around the processes. */
  readonly process: number | null;
}

/** One change of the wall clock. */
interface Step {
  /** True time of the change. */
  readonly at: number;
  readonly byMs: number;
  /** The wall clock's time just before the change. */
  readonly shown: number;
}

/**
 * A clock on which time passes only from event to event, so that years of retries take
 * milliseconds. Processes see a wall clock, which can be set. Timers follow the true time.
 */
export class VirtualClock {
  #now: number;
  #order = 0;
  #turn = 0;
  #aheadMs = 0;
  #stands = false;
  readonly #steps: Step[] = [];
  /** A binary heap, ordered by time and then by order of arrival. */
  readonly #heap: Event[] = [];
  readonly #cancelled = new Set<number>();
  readonly #dead = new Set<number>();

  constructor(startAt: number) {
    this.#now = startAt;
  }

  /** The true time. */
  get now(): number {
    return this.#now;
  }

  /** The time of the wall clock. */
  get wall(): number {
    return this.#now + this.#aheadMs;
  }

  /** Sets the wall clock forward, or back if `byMs` is negative. */
  step(byMs: number): void {
    this.#steps.push({ at: this.#now, byMs, shown: this.wall });
    this.#aheadMs += byMs;
  }

  /** The number of events that have happened. */
  get turn(): number {
    return this.#turn;
  }

  /** The number of times the wall clock was set. */
  get stepCount(): number {
    return this.#steps.length;
  }

  /** Returns the sum of all forward steps since a true time. Backward steps are not subtracted. */
  forwardMsSince(from: number): number {
    return this.#steps.reduce((sum, { at, byMs }) => sum + (at >= from ? Math.max(0, byMs) : 0), 0);
  }

  /** Returns the latest time that the wall clock has shown between two true times. */
  latestBetween(from: number, to: number = this.#now): number {
    let aheadMs = 0;
    let latest = Number.NEGATIVE_INFINITY;
    for (const { at, byMs, shown } of this.#steps) {
      if (at > to) break;
      if (at >= from) latest = Math.max(latest, shown);
      aheadMs += byMs;
    }
    return Math.max(latest, to + aheadMs);
  }

  /** Runs `task` in the world, even if the process has ended by then. */
  at(delayMs: number, task: () => void): Cancel {
    return this.#add(delayMs, task, null);
  }

  /** Returns the clock of one process. Its timers end with the process. */
  ofProcess(process: number): Clock {
    return {
      now: () => this.wall,
      steady: () => this.#now,
      after: (delayMs, task) => this.#add(delayMs, task, process),
      soon: (task) => {
        if (this.#stands) setImmediate(task);
        else this.#add(0, task, process);
      },
    };
  }

  /**
   * Runs `action` while no time passes and nothing else happens. The turns of the event loop that it
   * waits for come at once.
   */
  async whileStanding(action: () => Promise<void>): Promise<void> {
    this.#stands = true;
    await action().finally(() => {
      this.#stands = false;
    });
  }

  /** Ends a process. Its timers no longer run, and it can set no new ones. */
  kill(process: number): void {
    this.#dead.add(process);
    for (const event of this.#heap) if (event.process === process) this.#cancelled.add(event.order);
  }

  /** Lets time pass without events. Events that are due in this time happen after it. */
  skip(ms: number): void {
    this.#now += ms;
  }

  /** Returns the next event and advances the time to it; null if there is no further event. */
  next(): Event | null {
    for (;;) {
      const event = this.#pop();
      if (event === null) return null;
      if (this.#cancelled.delete(event.order)) continue;
      this.#now = Math.max(this.#now, event.at);
      this.#turn++;
      return event;
    }
  }

  /** Returns the time of the next event. */
  peek(): number {
    while (this.#heap.length > 0 && this.#cancelled.has(this.#heap[0]!.order)) {
      this.#cancelled.delete(this.#pop()!.order);
    }
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  #add(delayMs: number, task: () => void, process: number | null): Cancel {
    if (process !== null && this.#dead.has(process)) return () => {};
    const order = this.#order++;
    this.#push({ at: this.#now + Math.max(0, delayMs), order, task, process });
    return () => {
      this.#cancelled.add(order);
    };
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let i = heap.push(event) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(heap[i]!, heap[parent]!)) break;
      [heap[i], heap[parent]] = [heap[parent]!, heap[i]!];
      i = parent;
    }
  }

  #pop(): Event | null {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return null;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    heap[0] = last;
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      if (left >= heap.length) break;
      const child = left + 1 < heap.length && before(heap[left + 1]!, heap[left]!) ? left + 1 : left;
      if (!before(heap[child]!, heap[i]!)) break;
      [heap[i], heap[child]] = [heap[child]!, heap[i]!];
      i = child;
    }
    return first;
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
