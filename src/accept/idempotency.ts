import { hash } from "node:crypto";
import type { Clock } from "../ports.ts";
import type { IdempotencyEntry, IdempotentResponse, Store } from "../store/index.ts";

/** How long the first 2xx response is repeated. */
const REPEATED_FOR_MS = 12 * 60 * 60 * 1000;

/** A response in the form in which it can be stored. */
export interface StorableResponse {
  readonly status: number;
  readonly body: string;
}

/** One use of an idempotency key. */
export interface Keyed<T extends StorableResponse> {
  /** What the key belongs to: caller, method and path. The body is not part of it. */
  readonly scope: string;
  readonly key: string;
  /** Handles the request. `entry` is for work that stores it in its own commit. */
  readonly work: (entry: IdempotencyEntry) => Promise<T>;
  /** Makes the response again. Returns null if what it was about no longer exists. */
  readonly repeat: (stored: IdempotentResponse) => Promise<T | null>;
  /** `work` stores the entry itself, and repeats the response if another call was first. */
  readonly storedByWork: boolean;
}

/**
 * Does the work of each idempotency key once. The first 2xx response is repeated for 12 hours, also
 * after a restart, whatever the body of the repeated request is. Other responses free the key. Of
 * concurrent calls, all but the first wait for it.
 */
export class Idempotency {
  readonly #inFlight = new Map<string, Promise<StorableResponse>>();

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  async once<T extends StorableResponse>(keyed: Keyed<T>): Promise<T> {
    const name = `${keyed.scope}\n${keyed.key}`;
    for (;;) {
      const first = this.#inFlight.get(name);
      if (first === undefined) break;
      const response = await first.catch(() => null);
      if (response !== null && isSuccess(response)) return response as T;
    }
    const running = this.#run(name, keyed);
    this.#inFlight.set(name, running);
    return running;
  }

  async #run<T extends StorableResponse>(name: string, keyed: Keyed<T>): Promise<T> {
    // Lets `once` put this call into the map before it can be removed below.
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

  async #repeatOrWork<T extends StorableResponse>(keyed: Keyed<T>, entry: IdempotencyEntry, now: number): Promise<T> {
    const repeated = await this.#repeated(keyed, entry, now);
    if (repeated !== null) return repeated;
    const response = await keyed.work(entry);
    if (isSuccess(response)) {
      const { status, body } = response;
      await this.store.queue.idempotency.put(entry, { kind: "text", status, body }, this.clock.now());
    }
    return response;
  }

  /**
   * The commit itself checks whether the key was used, so the key is read only if the work fails.
   */
  async #workThenRepeat<T extends StorableResponse>(keyed: Keyed<T>, entry: IdempotencyEntry, now: number): Promise<T> {
    try {
      return await keyed.work(entry);
    } catch (error) {
      const repeated = await this.#repeated(keyed, entry, now).catch(() => null);
      if (repeated !== null) return repeated;
      throw error;
    }
  }

  async #repeated<T extends StorableResponse>(
    keyed: Keyed<T>,
    entry: IdempotencyEntry,
    now: number,
  ): Promise<T | null> {
    const stored = await this.store.queue.idempotency.get(entry.key, now);
    return stored === null ? null : keyed.repeat(stored);
  }
}

function isSuccess({ status }: StorableResponse): boolean {
  return status >= 200 && status < 300;
}
