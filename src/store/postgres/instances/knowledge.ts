import type { Clock } from "../../../ports.ts";
import type { Instance } from "./instance.ts";

/** Maximum age of what a process knows of the changes of others when it uses it, in ms. */
const AGE_MAX_MS = 50;
/** The same for a process that is alone, in ms. One that has just started confirms no change before this time has passed. */
const AGE_ALONE_MAX_MS = 250;
/** Timers may fire a little too early, in ms. */
const MARGIN_MS = 2;

/**
 * Limits how old cached records may be. A process uses its caches only if its last look at the others
 * began at most `AGE_MAX_MS` ago, and a process that has made a change responds only after that time. So a
 * request that follows the response finds the change in every process, although accepting a message
 * needs no query for that. Only durations of steady clocks are compared.
 */
export class Knowledge {
  /** When the last look began that succeeded. */
  #lookedAt: number;
  #isAlone = false;
  #next: PromiseWithResolvers<void> | null = null;

  /** `lookNow` begins a look, unless one is under way. */
  constructor(
    private readonly clock: Clock,
    private readonly lookNow: () => void,
  ) {
    this.#lookedAt = clock.steady();
  }

  /** See `Feed.catchUp`. */
  catchUp(): Promise<void> | null {
    const now = this.clock.steady();
    return this.#isKnown(now) ? null : this.#lookUntilKnown(now);
  }

  /** Returns whether all changes that were announced before `time` are known. */
  #isKnown(time: number): boolean {
    return time - this.#lookedAt <= (this.#isAlone ? AGE_ALONE_MAX_MS : AGE_MAX_MS);
  }

  /** Whether somebody waits for the end of a look. */
  get isAwaited(): boolean {
    return this.#next !== null;
  }

  async #lookUntilKnown(time: number): Promise<void> {
    do {
      this.#next ??= Promise.withResolvers<void>();
      const { promise } = this.#next;
      this.lookNow();
      await promise;
    } while (!this.#isKnown(time));
  }

  /** States that all changes that were stored at `beganAt` have been reported. */
  looked(beganAt: number, isAlone: boolean): void {
    this.#lookedAt = beganAt;
    this.#isAlone = isAlone;
    this.#next?.resolve();
    this.#next = null;
  }

  couldNotLook(error: unknown): void {
    this.#next?.reject(error);
    this.#next = null;
  }
}

/**
 * Returns how long it takes until no process uses what it cached before a change of this one, which has
 * just been stored, in ms. A process that was alone when this one came looks less often.
 */
export function msUntilKnown(instance: Instance, now: number): number {
  return MARGIN_MS + Math.max(AGE_MAX_MS, instance.heldSince + AGE_ALONE_MAX_MS - now);
}
