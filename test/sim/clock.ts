import type { Cancel, Clock } from "../../src/ports.ts";

interface Event {
  readonly at: number;
  readonly order: number;
  readonly task: () => void;
  /** The process that it belongs to; null for the world outside. */
  readonly process: number | null;
}

/** The wall clock was set. */
interface Step {
  /** The true instant. */
  readonly at: number;
  readonly byMs: number;
  /** What it showed just before. */
  readonly shown: number;
}

/**
 * Time that passes only from event to event. Years of retries take milliseconds. Beside the true time there is a wall
 * clock, which is what processes see; it may be set, and timers do not care.
 */
export class VirtualClock {
  #now: number;
  #order = 0;
  #aheadMs = 0;
  readonly #steps: Step[] = [];
  /** A binary heap by instant, then by order of arrival. */
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

  /** What the wall clock shows. */
  get wall(): number {
    return this.#now + this.#aheadMs;
  }

  /** Sets the wall clock: forwards, or backwards when negative. */
  step(byMs: number): void {
    this.#steps.push({ at: this.#now, byMs, shown: this.wall });
    this.#aheadMs += byMs;
  }

  /** How far the wall clock has been set forwards since a true instant; what it was set back is not taken off. */
  forwardMsSince(from: number): number {
    return this.#steps.reduce((sum, { at, byMs }) => sum + (at >= from ? Math.max(0, byMs) : 0), 0);
  }

  /** The latest that the wall clock has shown between two true instants. */
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

  /** Something that happens in the world, whatever becomes of the process. */
  at(delayMs: number, task: () => void): Cancel {
    return this.#add(delayMs, task, null);
  }

  /** The clock of one process. Its timers die with it. */
  ofProcess(process: number): Clock {
    return {
      now: () => this.wall,
      after: (delayMs, task) => this.#add(delayMs, task, process),
      soon: (task) => void this.#add(0, task, process),
    };
  }

  /** Nothing that it asked for happens any more, nor what it asks for from now on. */
  kill(process: number): void {
    this.#dead.add(process);
    for (const event of this.#heap) if (event.process === process) this.#cancelled.add(event.order);
  }

  /** Time that passes while nothing can happen, such as a start. Events that fall due meanwhile happen after it. */
  skip(ms: number): void {
    this.#now += ms;
  }

  /** The next event, or null when nothing will ever happen again. Time has passed to its instant. */
  next(): Event | null {
    for (;;) {
      const event = this.#pop();
      if (event === null) return null;
      if (this.#cancelled.delete(event.order)) continue;
      this.#now = Math.max(this.#now, event.at);
      return event;
    }
  }

  /** The instant of the next event. */
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
