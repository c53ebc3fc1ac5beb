import type { Seq } from "../../../src/core/id.ts";
import type { VirtualClock } from "../clock.ts";
import type { Marks } from "../marks.ts";
import { MINUTE_MS } from "../scene.ts";
import type { Violation } from "./violation.ts";

/** Longest time from the time of a run to its message, in ms. */
const LATE_MS = 5000;

interface Runs {
  readonly everyMs: number;
  /** Times of the schedule, counted from the epoch. */
  readonly made: Set<number>;
  /** True time of the latest message, or of the creation. */
  latestAt: number;
  life: number;
}

/** Checks that a source of type `cron` has at most one message for each time of its schedule. */
export class CronChecks {
  readonly #runs = new Map<Seq, Runs>();

  constructor(
    private readonly clock: VirtualClock,
    private readonly marks: Marks,
    private readonly violation: Violation,
  ) {}

  add(sourceSeq: Seq, everyMinutes: number): void {
    const everyMs = everyMinutes * MINUTE_MS;
    this.#runs.set(sourceSeq, { everyMs, made: new Set(), latestAt: this.clock.now, life: 0 });
  }

  stored(sourceSeq: Seq, acceptedAt: number, life: number): void {
    const runs = this.#runs.get(sourceSeq);
    if (runs === undefined) {
      this.violation(`the source ${sourceSeq} does not run on a schedule`);
      return;
    }
    const { everyMs, made } = runs;
    const run = this.#runAt(acceptedAt, runs);
    // The time may have been set between the start of the run and its message.
    const since = this.clock.now - LATE_MS;
    const isClear = this.clock.latestBetween(since) === this.clock.wall && this.clock.forwardMsSince(since) === 0;
    if (made.has(run) && isClear) this.violation(`the source ${sourceSeq} ran twice at ${run * everyMs}`);
    this.marks.hit("cron: run");
    if (runs.life !== life && runs.life > 0 && this.clock.now - runs.latestAt > 2 * everyMs) {
      this.marks.hit("cron: only the latest of the missed runs");
    }
    made.add(run);
    runs.latestAt = this.clock.now;
    runs.life = life;
  }

  /** Checks that every source has run lately. Must be called when everything has worked for a while. */
  nothingIsMissing(sourceSeqs: readonly Seq[]): void {
    // Runs at times before a clock was set back are not repeated.
    if (this.clock.stepCount > 0) return;
    for (const seq of sourceSeqs) {
      const { latestAt, everyMs } = this.#runs.get(seq)!;
      if (this.clock.now - latestAt > everyMs + MINUTE_MS) this.violation(`the source ${seq} has missed a run`);
    }
  }

  /** Returns the number of the run that a message belongs to. It may be late by a few seconds. */
  #runAt(acceptedAt: number, { everyMs, made }: Runs): number {
    const run = Math.floor(acceptedAt / everyMs);
    const mayBeLate = acceptedAt - run * everyMs < LATE_MS && made.has(run) && !made.has(run - 1);
    return mayBeLate ? run - 1 : run;
  }
}
