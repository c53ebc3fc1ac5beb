import type { Cancel, Clock } from "../ports.ts";
import type { Lane } from "./lane.ts";

/** An attempt that takes longer than this makes its endpoint a slow one, even before it has ended. */
export const SLOW_MS = 1000;

interface Watched {
  readonly lane: Lane;
  readonly startedAt: number;
}

/** Notices attempts that have become slow while they are still under way. One timer for all: they start in order. */
export class SlowWatch {
  readonly #watched = new Set<Watched>();
  #cancel: Cancel | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly onSlow: (lane: Lane) => void,
  ) {}

  started(lane: Lane, startedAt: number): Watched {
    const watched = { lane, startedAt };
    this.#watched.add(watched);
    if (this.#cancel === null) this.#arm(SLOW_MS);
    return watched;
  }

  /** Was it fast? */
  finished(watched: Watched, finishedAt: number): boolean {
    this.#watched.delete(watched);
    return finishedAt - watched.startedAt <= SLOW_MS;
  }

  stop(): void {
    this.#cancel?.();
    this.#watched.clear();
  }

  #arm(delayMs: number): void {
    this.#cancel = this.clock.after(delayMs, () => {
      this.#cancel = null;
      this.#check();
    });
  }

  #check(): void {
    const now = this.clock.now();
    for (const watched of this.#watched) {
      const leftMs = watched.startedAt + SLOW_MS - now;
      // A clock that stepped back must not make it wait longer than for a new one.
      if (leftMs > 0) {
        this.#arm(Math.min(leftMs, SLOW_MS));
        return;
      }
      this.#watched.delete(watched);
      this.onSlow(watched.lane);
    }
  }
}
