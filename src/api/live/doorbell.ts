import type { Facts } from "../../core/facts.ts";
import type { Seq } from "../../core/id.ts";
import type { Clock } from "../../ports.ts";

export interface DoorbellLimits {
  /** Maximum number of requests that wait. Further requests do not wait. */
  readonly waitingMax: number;
  /**
   * Maximum number of requests that wait for one application, so that no application uses up all
   * places.
   */
  readonly waitingPerApplicationMax: number;
}

/** Longest wait in ms while other instances accept messages, of which no fact is published here. */
const SHARED_WAIT_MS = 200;

const LIMITS: DoorbellLimits = { waitingMax: 1000, waitingPerApplicationMax: 100 };

export interface Wait {
  /** Resolves when there may be a message or the wait ends. */
  readonly over: Promise<void>;
  /** Ends the wait and releases its resources. */
  cancel(): void;
}

/** Lets requests wait for an application's next message. */
export class Doorbell {
  readonly #waiting = new Map<Seq, Set<() => void>>();
  #count = 0;

  constructor(
    facts: Facts,
    private readonly clock: Clock,
    private readonly stopping: AbortSignal | undefined,
    private readonly limits = LIMITS,
    /** Returns whether other instances accept messages too. By default none do. */
    private readonly isShared: () => boolean = () => false,
  ) {
    facts.on(["message.accepted"], ({ applicationSeq }) => {
      if (this.#count === 0) return;
      for (const end of [...(this.#waiting.get(applicationSeq) ?? [])]) end();
    });
  }

  /**
   * Waits for the next message that is accepted. The wait ends after `ms` at the latest, when the caller
   * disconnects, or when the server stops. Must be called before the caller reads messages, so that
   * no message is missed in between.
   */
  wait(applicationSeq: Seq, ms: number, caller: AbortSignal): Wait {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (ms <= 0 || this.#isFull(applicationSeq) || caller.aborted || this.stopping?.aborted) resolve();
    else {
      const longestMs = this.isShared() ? SHARED_WAIT_MS : Number.POSITIVE_INFINITY;
      const cancelTimer = this.clock.after(Math.min(ms, longestMs), () => end());
      const end = () => {
        cancelTimer();
        this.#remove(applicationSeq, end);
        caller.removeEventListener("abort", end);
        this.stopping?.removeEventListener("abort", end);
        resolve();
      };
      this.#add(applicationSeq, end);
      caller.addEventListener("abort", end);
      this.stopping?.addEventListener("abort", end);
      return { over: promise, cancel: end };
    }
    return { over: promise, cancel: () => {} };
  }

  #isFull(applicationSeq: Seq): boolean {
    const own = this.#waiting.get(applicationSeq)?.size ?? 0;
    const { waitingMax, waitingPerApplicationMax } = this.limits;
    return this.#count >= waitingMax || own >= waitingPerApplicationMax;
  }

  #add(applicationSeq: Seq, end: () => void): void {
    const waiting = this.#waiting.get(applicationSeq) ?? new Set();
    this.#waiting.set(applicationSeq, waiting.add(end));
    this.#count++;
  }

  #remove(applicationSeq: Seq, end: () => void): void {
    const waiting = this.#waiting.get(applicationSeq);
    if (!waiting?.delete(end)) return;
    this.#count--;
    if (waiting.size === 0) this.#waiting.delete(applicationSeq);
  }
}
