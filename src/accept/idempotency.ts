import { hash } from "node:crypto";
import type { Clock } from "../ports.ts";
import type { IdempotencyEntry, IdempotentAnswer, Store } from "../store/index.ts";

/** How long the first 2xx answer is repeated. */
const REPEATED_FOR_MS = 12 * 60 * 60 * 1000;

/** What is repeated. */
export interface Answered {
  readonly status: number;
  readonly body: string;
}

/** One use of an idempotency key. */
export interface Keyed<T extends Answered> {
  /** What the key belongs to: caller, method and address. The body is not part of it. */
  readonly scope: string;
  readonly key: string;
  /** Does what was asked for. `entry` is for work that stores it in its own commit. */
  readonly work: (entry: IdempotencyEntry) => Promise<T>;
  /** Makes the answer again; null when what it told of is gone. */
  readonly repeat: (answer: IdempotentAnswer) => Promise<T | null>;
  /** `work` stores the entry, and repeats the answer itself when it finds that another call was first. */
  readonly storedByWork: boolean;
}

/**
 * Lets each idempotency key do its work once: the first 2xx answer is repeated for 12 hours, over restarts, whatever the
 * body says; other answers free the key. Calls at the same time wait for the first of them.
 */
export class Idempotency {
  readonly #inFlight = new Map<string, Promise<Answered>>();

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  async once<T extends Answered>(keyed: Keyed<T>): Promise<T> {
    const name = `${keyed.scope}\n${keyed.key}`;
    for (;;) {
      const first = this.#inFlight.get(name);
      if (first === undefined) break;
      const answer = await first.catch(() => null);
      if (answer !== null && isSuccess(answer)) return answer as T;
    }
    const running = this.#run(name, keyed);
    this.#inFlight.set(name, running);
    return running;
  }

  async #run<T extends Answered>(name: string, keyed: Keyed<T>): Promise<T> {
    // Not a moment passes before this is in the map, so that removing it below comes after.
    await null;
    const now = this.clock.now();
    const entry = { key: hash("sha256", name, "buffer"), expiresAt: now + REPEATED_FOR_MS };
    try {
      return await (keyed.storedByWork
        ? this.#workThenRepeat(keyed, entry, now)
        : this.#repeatOrWork(keyed, entry, now));
    } finally {
      this.#inFlight.delete(name);
    }
  }

  async #repeatOrWork<T extends Answered>(keyed: Keyed<T>, entry: IdempotencyEntry, now: number): Promise<T> {
    const repeated = await this.#repeated(keyed, entry, now);
    if (repeated !== null) return repeated;
    const answer = await keyed.work(entry);
    if (isSuccess(answer)) {
      await this.store.queue.idempotency.put(entry, { kind: "text", status: answer.status, body: answer.body });
    }
    return answer;
  }

  /** The commit itself finds out whether the key was used, so the key is read only when the work did not succeed. */
  async #workThenRepeat<T extends Answered>(keyed: Keyed<T>, entry: IdempotencyEntry, now: number): Promise<T> {
    try {
      return await keyed.work(entry);
    } catch (error) {
      const repeated = await this.#repeated(keyed, entry, now).catch(() => null);
      if (repeated !== null) return repeated;
      throw error;
    }
  }

  async #repeated<T extends Answered>(keyed: Keyed<T>, entry: IdempotencyEntry, now: number): Promise<T | null> {
    const answer = await this.store.queue.idempotency.get(entry.key, now);
    return answer === null ? null : keyed.repeat(answer);
  }
}

function isSuccess({ status }: Answered): boolean {
  return status >= 200 && status < 300;
}
