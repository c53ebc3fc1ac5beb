import type { Facts } from "../core/facts.ts";
import { sha256 } from "../core/hash.ts";
import type { Seq } from "../core/id.ts";
import { Problem } from "../core/problem.ts";
import type { Clock } from "../ports.ts";
import type { IdempotencyEntry, IdempotentResponse, Store } from "../store/index.ts";

/** How long the first 2xx response is repeated, in ms. */
const REPEATED_FOR_MS = 12 * 60 * 60 * 1000;

/**
 * The response header that tells a caller that its request was not carried out and differs from the
 * first one.
 */
const MISMATCH_HEADER = "boathook-idempotency";
const MISMATCH_VALUE = "body-differs";

/** How to handle a request whose body differs from the first one with the same key. */
export type MismatchPolicy = "replay" | "reject";

/** A response that can be stored. */
export interface StorableResponse {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The stored response that this one repeats. */
  readonly repeated?: IdempotentResponse;
}

/** One use of an idempotency key. */
export interface Keyed<T extends StorableResponse> {
  /** The namespace of the key: caller, method and path. The body is not part of it. */
  readonly scope: string;
  readonly key: string;
  /** Returns a hash of the body and its content type. Rejects if the body cannot be read. */
  readonly bodyHash: () => Promise<Uint8Array>;
  /** Handles the request. If `storedByWork` is true, stores `entry` in its own commit. */
  readonly work: (entry: IdempotencyEntry) => Promise<T>;
  /**
   * Rebuilds the response from the stored one. Returns null if the record in the response no longer
   * exists.
   */
  readonly repeat: (stored: IdempotentResponse) => Promise<T | null>;
  /**
   * Whether `work` stores the entry itself and, if another call was first, returns the stored
   * response as `repeated`.
   */
  readonly storedByWork: boolean;
  /** Returns the application with which the key moves to another installation, or null. */
  readonly application?: () => Promise<Seq | null>;
}

/** A response, and the hash of the body of the first request; null if the hash is not known. */
interface Done<T> {
  readonly response: T;
  readonly firstHash: Uint8Array | null;
  /** Whether the response is a repetition. */
  readonly isRepeated: boolean;
}

/**
 * Does the work of each idempotency key once. For 12 hours, the first 2xx response is repeated for
 * every later call, even after a restart. Other responses free the key. Concurrent calls wait for
 * the result of the first call. If the body of a repeated request differs from the first one, the
 * policy `replay` adds the header `boathook-idempotency` to the response, and the policy `reject`
 * rejects the request.
 */
export class Idempotency {
  readonly #inFlight = new Map<string, Promise<Done<StorableResponse>>>();

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly facts: Facts,
    private readonly onMismatch: MismatchPolicy,
  ) {}

  async once<T extends StorableResponse>(keyed: Keyed<T>): Promise<T> {
    const name = `${keyed.scope}\n${keyed.key}`;
    // The key is in use only after the body has arrived. Otherwise a client whose connection breaks
    // while it sends would block its own retry. A body that cannot be read has no hash; the work
    // then fails for the same reason.
    const bodyHash = await keyed.bodyHash().catch(() => null);
    for (;;) {
      const first = this.#inFlight.get(name);
      if (first === undefined) break;
      const done = await first.catch(() => null);
      if (done !== null && isSuccess(done.response)) return this.#compared(keyed, done as Done<T>);
    }
    const running = this.#run(name, keyed, bodyHash);
    this.#inFlight.set(name, running);
    const done = await running;
    return done.isRepeated ? this.#compared(keyed, done) : done.response;
  }

  async #run<T extends StorableResponse>(name: string, keyed: Keyed<T>, bodyHash: Uint8Array | null): Promise<Done<T>> {
    try {
      const now = this.clock.now();
      const entry = { key: sha256(name), expiresAt: now + REPEATED_FOR_MS, bodyHash };
      return await (keyed.storedByWork
        ? this.#workThenRepeat(keyed, entry, now)
        : this.#repeatOrWork(keyed, entry, now));
    } finally {
      this.#inFlight.delete(name);
    }
  }

  async #repeatOrWork<T extends StorableResponse>(
    keyed: Keyed<T>,
    entry: IdempotencyEntry,
    now: number,
  ): Promise<Done<T>> {
    const repeated = await this.#repeated(keyed, entry, now);
    if (repeated !== null) return repeated;
    // Nothing may fail between the work and the storing of its key, so this is read before the work.
    const applicationSeq = (await keyed.application?.()) ?? null;
    const response = await keyed.work(entry);
    if (isSuccess(response)) {
      const { status, body } = response;
      await this.store.queue.idempotency.put(entry, { kind: "text", status, body }, this.clock.now(), applicationSeq);
    }
    return { response, firstHash: entry.bodyHash, isRepeated: false };
  }

  /**
   * Does the work. If the key is already used, returns the stored response instead. The commit
   * checks the key, so a separate read of the key is needed only if the work fails.
   */
  async #workThenRepeat<T extends StorableResponse>(
    keyed: Keyed<T>,
    entry: IdempotencyEntry,
    now: number,
  ): Promise<Done<T>> {
    try {
      const response = await keyed.work(entry);
      const { repeated } = response;
      return repeated === undefined
        ? { response, firstHash: entry.bodyHash, isRepeated: false }
        : { response, firstHash: repeated.bodyHash ?? null, isRepeated: true };
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
  ): Promise<Done<T> | null> {
    const stored = await this.store.queue.idempotency.get(entry.key, now);
    const response = stored === null ? null : await keyed.repeat(stored);
    return response === null ? null : { response, firstHash: stored!.bodyHash ?? null, isRepeated: true };
  }

  /** Returns a repeated response. Reports the request if its body differs from the first one. */
  async #compared<T extends StorableResponse>(keyed: Keyed<T>, { response, firstHash }: Done<T>): Promise<T> {
    if (firstHash === null) return response;
    if (Buffer.compare(await keyed.bodyHash(), firstHash) === 0) return response;
    const isRejected = this.onMismatch === "reject";
    this.facts.state({ type: "idempotency.mismatched", request: keyed.scope, key: keyed.key, isRejected });
    if (isRejected) throw mismatch();
    return { ...response, headers: { ...response.headers, [MISMATCH_HEADER]: MISMATCH_VALUE } };
  }
}

function mismatch(): Problem {
  const detail =
    "The idempotency key was already used for a request with another body. Use a new key for each new request.";
  return new Problem(422, "idempotency_mismatch", detail);
}

function isSuccess({ status }: StorableResponse): boolean {
  return status >= 200 && status < 300;
}
