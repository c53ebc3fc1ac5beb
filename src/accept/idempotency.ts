import { hash } from "node:crypto";
import type { Clock } from "../ports.ts";
import type { IdempotencyEntry, IdempotentResponse, Store } from "../store/index.ts";

/** How long the first 2xx response is returned again, in ms. */
const REPEATED_FOR_MS = 12 * 60 * 60 * 1000;

/** A response that can be stored. */
export interface StorableResponse {
  readonly status: number;
  readonly body: string;
}

/** A request with an idempotency key. */
export interface Keyed<T extends StorableResponse> {
  /** The namespace of the key: caller, method and path. The body is not part of it. */
  readonly scope: string;
  readonly key: string;
  /** Handles the request. Work that makes its own commit stores `entry` in that commit. */
  readonly work: (entry: IdempotencyEntry) => Promise<T>;
  /**
   * Rebuilds the response from the stored one. Returns null if the record in the response no longer
   * exists.
   */
  readonly repeat: (stored: IdempotentResponse) => Promise<T | null>;
  /**
   * True if `work` stores the entry itself and, if another call was first, returns the stored
   * response.
   */
  readonly storedByWork: boolean;
}

/**
 * Does the work of each idempotency key once. For 12 hours the first 2xx response is returned
 * again, even after a restart and whatever the body of the repeated request is. Other responses
 * free the key. If calls are concurrent, all but the first wait for the result of the first.
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
    // Lets `once` add this call to the map before `finally` removes it.
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
   * Does the work. If the key is already used, returns the stored response instead. The commit
   * checks the key, so the key is read only if the work fails.
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
