import type { Cancel, Clock } from "../../../ports.ts";

/** Pauses the commits of a store. */
export interface CommitPause {
  pause(): void;
  resume(): void;
}

/** Lets several parts pause the commits, each for a limited time. */
export class CommitPauses {
  #count = 0;

  constructor(
    private readonly clock: Pick<Clock, "after">,
    private readonly commits: CommitPause,
  ) {}

  /** Pauses commits until the returned function is called, or until a time in ms has passed. */
  pause(limitMs: number, onExpired: () => void): Cancel {
    if (this.#count++ === 0) this.commits.pause();
    let isPaused = true;
    const resume = () => {
      if (!isPaused) return;
      isPaused = false;
      cancel();
      if (--this.#count === 0) this.commits.resume();
    };
    const cancel = this.clock.after(limitMs, () => {
      resume();
      onExpired();
    });
    return resume;
  }
}
