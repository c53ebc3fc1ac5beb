import type { Database } from "bun:sqlite";
import type { Fact } from "../../../core/fact.ts";
import type { Clock } from "../../../ports.ts";
import { type Store, StoreUnavailable } from "../../index.ts";
import { Groups } from "../../sql/groups.ts";
import { HealthRecord } from "../../sql/store-health.ts";
import { isFull, messageOf, troubleOf } from "../data-dir/disk-error.ts";
import { WriteGroup } from "./group.ts";
import { Failed, Transactions } from "./transactions.ts";
import type { Write } from "./write.ts";

/** Minimum number of writes in a commit for the server to count as busy. */
const BUSY_WRITES = 8;
/**
 * Number of rows after which a commit takes no more writes, so that it does not block the event
 * loop for long. A single write may have more rows.
 */
const ROWS_AT_ONCE = 2000;

/**
 * Group commit: all writes from one turn of the event loop become one transaction and share one
 * fsync. An idle server commits each write immediately; a busy one commits hundreds together. A
 * write resolves after COMMIT has returned.
 */
export class Committer {
  #queue: Write[] = [];
  readonly #groups = new Groups<Write, WriteGroup>(
    () => new WriteGroup(),
    (group) => this.#enqueue(group),
  );
  #isBusy = false;
  #isPaused = false;
  #closed = false;
  #crashed = false;
  readonly #transactions: Transactions;
  /** Records whether the last commit or read failed. The store's reads also report to it. */
  readonly health: HealthRecord;

  constructor(
    db: Database,
    private readonly clock: Clock,
    private readonly onFact: (fact: Fact) => void,
    /** Called before each COMMIT. If it throws, nothing is committed. */
    beforeCommit: () => void = () => {},
    /** A small write that changes the database file. It tests whether the disk works. */
    probe: () => void = () => {},
  ) {
    this.#transactions = new Transactions(db, beforeCommit);
    this.health = new HealthRecord(clock, onFact, troubleOf, () => {
      this.write(probe).catch(() => {});
    });
  }

  /**
   * Runs `work` in the next commit and resolves to its result after the commit is on disk. If
   * `work` throws, rejects with that error and undoes only the changes of `work`. Rejects with
   * `StoreUnavailable` if the transaction could not be committed. `rows` is the approximate
   * number of rows that `work` writes.
   */
  write<T>(work: () => T, rows = 1): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#crashed) return;
      if (this.#closed) {
        reject(new StoreUnavailable("The store is closed."));
        return;
      }
      this.#enqueue({ work, rows, resolve, reject });
    });
  }

  #enqueue(write: Write): void {
    if (this.#groups.collect(write)) return;
    this.#queue.push(write);
    if (this.#queue.length === 1) this.clock.soon(this.#isBusy ? this.#flushSoon : this.#flush);
  }

  /** See `Store.together`. */
  readonly together: Store["together"] = (start) => this.#groups.together(start);

  /** See `Transactions.onRollback`. */
  onRollback(listener: () => void): void {
    this.#transactions.onRollback(listener);
  }

  /** See `Transactions.onCommitting`. */
  onCommitting(listener: () => void): void {
    this.#transactions.onCommitting(listener);
  }

  /** See `Transactions.onCommit`. */
  onCommit(listener: () => void): void {
    this.#transactions.onCommit(listener);
  }

  /** Delays commits until `resume` is called. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#queue.length > 0) this.clock.soon(this.#flush);
  }

  /** A busy server waits one more turn of the event loop, so that more writes share the fsync. */
  readonly #flushSoon = (): void => this.clock.soon(this.#flush);

  /** Removes the writes for the next commit from the queue and returns them. */
  #takeNext(): readonly Write[] {
    const queue = this.#queue;
    let rows = 0;
    let count = 0;
    while (count < queue.length && rows < ROWS_AT_ONCE) rows += queue[count++]!.rows;
    this.#queue = count === queue.length ? [] : queue.splice(count);
    if (this.#queue.length > 0) this.clock.soon(this.#flush);
    return queue;
  }

  /** Commits the first of the queued writes. */
  readonly #flush = (): void => {
    if (this.#isPaused && !this.#closed) return;
    const writes = this.#takeNext();
    if (writes.length === 0) return;
    this.#isBusy = writes.length >= BUSY_WRITES;
    const startedAt = performance.now();
    let results: unknown[];
    try {
      results = this.#transactions.run(writes);
    } catch (error) {
      this.#giveUp(writes, error);
      return;
    }
    const durationMs = performance.now() - startedAt;
    for (let i = 0; i < writes.length; i++) {
      const result = results[i];
      if (result instanceof Failed) writes[i]!.reject(result.error);
      else writes[i]!.resolve(result as never);
    }
    // The listeners are called last, because they may throw.
    this.health.succeeded();
    this.onFact({ type: "commit.finished", writes: writes.length, durationMs });
  };

  #giveUp(writes: readonly Write[], error: unknown): void {
    const message = messageOf(error);
    const full = isFull(error);
    const unavailable = new StoreUnavailable(
      full ? "The disk is full. Nothing was stored." : `The store cannot be written (${message}). Nothing was stored.`,
    );
    for (const write of writes) write.reject(unavailable);
    this.health.failed("commit", error);
    this.onFact({ type: "commit.failed", writes: writes.length, full, message });
  }

  /** Commits the queued writes and refuses later ones. */
  close(): void {
    this.#closed = true;
    this.health.close();
    while (this.#queue.length > 0) this.#flush();
  }

  /**
   * Drops the queued writes and never settles a write again, as in a crash. Used by the simulation.
   */
  crash(): void {
    this.#crashed = true;
    this.health.close();
    this.#queue = [];
  }
}
