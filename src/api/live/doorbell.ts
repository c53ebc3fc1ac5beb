import type { Facts } from "../../core/fact.ts";
import type { Seq } from "../../core/id.ts";
import type { Clock } from "../../ports.ts";

/** Requests that may wait at the same time; who comes when there are so many is answered at once. */
const WAITING_MAX = 1000;

export interface Wait {
  /** Resolves when something may have happened, or nothing will. */
  readonly over: Promise<void>;
  /** Gives up; nothing is left behind. */
  cancel(): void;
}

/** Lets requests wait for the next message of an application. Without anybody waiting it costs one comparison a fact. */
export class Doorbell {
  readonly #waiting = new Map<Seq, Set<() => void>>();
  #count = 0;

  constructor(
    facts: Facts,
    private readonly clock: Clock,
    private readonly stopping: AbortSignal | undefined,
  ) {
    facts.on(["message.accepted"], ({ applicationSeq }) => {
      if (this.#count === 0) return;
      for (const end of [...(this.#waiting.get(applicationSeq) ?? [])]) end();
    });
  }

  /**
   * Begins to wait: for a message that is accepted from now on, at most `ms`, no longer than the caller does and the server runs. To be
   * called before looking for messages, so that none slips through in between.
   */
  wait(applicationSeq: Seq, ms: number, caller: AbortSignal): Wait {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (ms <= 0 || this.#count >= WAITING_MAX || caller.aborted || this.stopping?.aborted) resolve();
    else {
      const cancelTimer = this.clock.after(ms, () => end());
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
