import type { Clock } from "../../ports.ts";
import { type Caller, type CallerKind, overloaded } from "./byte-budget.ts";

/** Default for the maximum number of expensive reads that run at a time. */
const RUNNING_MAX = 2;
/** Maximum number of reads of one caller that wait. */
const WAITING_MAX: Readonly<Record<CallerKind, number>> = { application: 20, environment: 100, anonymous: 0 };

/** Minimum duration of an expensive read, in ms. */
const EXPENSIVE_MS = 2;

/**
 * Runs a few expensive reads, or other expensive steps of requests, at a time. If reads wait, each caller gets its turn, whatever the
 * number of its reads.
 */
export class ReadQueue {
  #running = 0;
  /** The waiting reads by caller. The first caller is the next one. */
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(
    private readonly clock: Pick<Clock, "soon" | "steady">,
    private readonly runningMax = RUNNING_MAX,
  ) {}

  /**
   * Runs a read when its turn has come. Throws 503 if too many reads of this caller wait already.
   * Reads that `mustRun` are never refused.
   */
  async run<T>(caller: Caller, read: () => Promise<T>, mustRun = false): Promise<T> {
    if (this.#running < this.runningMax) this.#running++;
    else await this.#turn(caller, mustRun);
    const startedAt = this.clock.steady();
    try {
      return await read();
    } finally {
      this.#end(this.clock.steady() - startedAt >= EXPENSIVE_MS);
    }
  }

  #turn({ kind, key }: Caller, mustRun: boolean): Promise<void> {
    const callerKey = `${kind} ${key}`;
    const own = this.#waiting.get(callerKey);
    if (!mustRun && (own?.length ?? 0) >= WAITING_MAX[kind]) throw overloaded();
    return new Promise((resolve) => {
      if (own === undefined) this.#waiting.set(callerKey, [resolve]);
      else own.push(resolve);
    });
  }

  /**
   * Frees the place of a read, or gives it to the next read. After an expensive read, this happens
   * in a later turn of the event loop, so that requests that arrive together do not run in one.
   */
  #end(isExpensive: boolean): void {
    if (isExpensive) this.clock.soon(() => this.#startNext());
    else this.#startNext();
  }

  #startNext(): void {
    for (const [callerKey, own] of this.#waiting) {
      const start = own.shift()!;
      this.#waiting.delete(callerKey);
      if (own.length > 0) this.#waiting.set(callerKey, own);
      start();
      return;
    }
    this.#running--;
  }
}
