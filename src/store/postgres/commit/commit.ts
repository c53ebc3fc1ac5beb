import type { Fact } from "../../../core/fact.ts";
import { type Seq, timeOfSeq } from "../../../core/id.ts";
import { type Store, StoreUnavailable } from "../../index.ts";
import { Groups } from "../../sql/groups.ts";
import { isConflict, isOutage, isWithoutPartition, messageOf, unavailable } from "../connection/errors.ts";
import type { Days } from "../housekeeping/days.ts";
import type { DatabaseClock } from "../instances/database-clock.ts";
import { InstanceLost } from "../instances/instance.ts";
import type { SlotSeqSource } from "../instances/numbers.ts";
import { WriteGroup } from "./group.ts";
import { UnknownOutcome } from "./outcomes.ts";
import { type TransactionParts, Transactions } from "./transactions.ts";
import type { BatchVerb, Transaction, Write } from "./write.ts";

export type { BatchVerb, Transaction } from "./write.ts";

/** Number of rows after which a commit takes no more writes. A single write may have more rows. */
const ROWS_AT_ONCE = 4000;
/** How often a transaction is repeated because of concurrent ones. */
const CONFLICTS_MAX = 5;

export interface CommitterParts extends TransactionParts {
  readonly numbers: SlotSeqSource;
  readonly databaseClock: DatabaseClock;
  readonly days: Days;
  readonly onFact: (fact: Fact) => void;
}

/**
 * Group commit: while one transaction is committed, later writes wait, and then become the next
 * transaction together. One connection makes all commits, so the writes of this process take effect in
 * the order in which they are begun.
 */
export class Committer {
  #queue: Write[] = [];
  readonly #groups = new Groups<Write, WriteGroup>(
    () => new WriteGroup(),
    (group) => this.#enqueue(group),
  );
  readonly #transactions: Transactions;
  #closed = false;
  #running: Promise<void> | null = null;
  /** Resolves when the latest commit that has to wait is acknowledged. */
  #delayed: Promise<void> | null = null;

  constructor(private readonly parts: CommitterParts) {
    this.#transactions = new Transactions(parts);
  }

  /**
   * Runs `run` in the next commit and resolves to its result after the commit. If `run` rejects,
   * rejects with that error and undoes only its changes. Rejects with `StoreUnavailable` if the
   * transaction could not be committed. `rows` is the approximate number of rows that are changed.
   */
  write<T>(run: (transaction: Transaction) => Promise<T>, rows = 1): Promise<T> {
    return new Promise<T>((resolve, reject) => this.#enqueue({ run, rows, resolve, reject }));
  }

  /** Like `write`, together with other inputs of the same verb. `firstSeq` is that of the write. */
  writeBatched<I, R>(verb: BatchVerb<I, R>, input: I, rows: number, firstSeq?: Seq): Promise<R> {
    const run = async (transaction: Transaction) => (await verb.run(transaction, [input], null))[0];
    const batch = { verb: verb as BatchVerb, input };
    return new Promise<R>((resolve, reject) =>
      this.#enqueue({ run, rows, resolve, reject, batch, ...(firstSeq !== undefined && { firstSeq }) }),
    );
  }

  #enqueue(write: Write): void {
    if (this.#closed) write.reject(new StoreUnavailable("The store is closed."));
    else if (!this.#groups.collect(write)) {
      this.#queue.push(write);
      this.#running ??= this.#commitQueue();
    }
  }

  /** See `Store.together`. */
  readonly together: Store["together"] = (start) => this.#groups.together(start);

  async #commitQueue(): Promise<void> {
    // Writes of the same turn of the event loop belong to one commit.
    await new Promise<void>((resolve) => this.parts.clock.soon(resolve));
    while (this.#queue.length > 0) {
      const writes = this.#takeNext();
      await this.#commit(writes, this.#floor());
    }
    this.#running = null;
  }

  /**
   * The number up to which this process has committed all messages, if the writes that have left the
   * queue are committed. Messages get their numbers in the turn of the event loop in which they are queued.
   */
  #floor(): Seq {
    let floor = this.parts.numbers.last;
    for (const { firstSeq } of this.#queue) if (firstSeq !== undefined) floor = Math.min(floor, firstSeq - 1);
    return floor;
  }

  /** Like the floor of a transaction, while nothing waits for a commit. Otherwise null. */
  get idleFloor(): Seq | null {
    return this.#running === null ? this.#floor() : null;
  }

  #takeNext(): readonly Write[] {
    const queue = this.#queue;
    let [rows, count] = [0, 0];
    while (count < queue.length && rows < ROWS_AT_ONCE) rows += queue[count++]!.rows;
    this.#queue = count === queue.length ? [] : queue.splice(count);
    return queue;
  }

  async #commit(writes: readonly Write[], floor: Seq): Promise<void> {
    const { clock, onFact } = this.parts;
    const startedAt = clock.steady();
    let results: readonly PromiseSettledResult<unknown>[];
    try {
      results = await this.#untilCommitted(writes, floor);
    } catch (error) {
      for (const write of writes) write.reject(error);
      onFact({ type: "commit.failed", writes: writes.length, full: false, message: messageOf(error) });
      return;
    }
    onFact({ type: "commit.finished", writes: writes.length, durationMs: clock.steady() - startedAt });
    this.#acknowledge(floor, () =>
      writes.forEach((write, i) => {
        const result = results[i]!;
        if (result.status === "fulfilled") write.resolve(result.value as never);
        else write.reject(result.reason);
      }),
    );
  }

  /**
   * Calls `resolve` when the clock of the database has passed the numbers of the transaction. A message
   * that another process accepts after that gets a greater number. The next transaction does not wait.
   */
  #acknowledge(floor: Seq, resolve: () => void): void {
    if (this.#delayed === null && this.#aheadMs(floor) <= 0) {
      resolve();
      return;
    }
    const before = this.#delayed ?? Promise.resolve();
    const delayed = before.then(async () => {
      // A timer may fire a little too early.
      for (let aheadMs = this.#aheadMs(floor); aheadMs > 0; aheadMs = this.#aheadMs(floor)) {
        await new Promise<void>((done) => void this.parts.clock.after(Math.ceil(aheadMs), done));
      }
      resolve();
      if (this.#delayed === delayed) this.#delayed = null;
    });
    this.#delayed = delayed;
  }

  /**
   * Returns how long numbers may still be ahead of those that another process generates, in ms. Within the
   * millisecond of a number, the other's can be smaller.
   */
  #aheadMs(floor: Seq): number {
    const { instance, databaseClock } = this.parts;
    return instance.isShared ? timeOfSeq(floor) + 1 - databaseClock.earliest : 0;
  }

  /** Repeats the transaction if that can help. Rejects if nothing was stored, or if that is not known. */
  async #untilCommitted(writes: readonly Write[], floor: Seq): Promise<readonly PromiseSettledResult<unknown>[]> {
    const { instance, days } = this.parts;
    for (let tries = 1; ; tries++) {
      if (writes.some(({ firstSeq = Number.POSITIVE_INFINITY }) => firstSeq <= instance.outdatedUpTo)) throw outdated();
      try {
        return await this.#transactions.run(writes, floor);
      } catch (error) {
        if (error instanceof UnknownOutcome) throw error;
        if (isWithoutPartition(error)) days.forgetAll();
        if (error instanceof InstanceLost && tries < CONFLICTS_MAX) await instance.acquire();
        else if (isOutage(error) ? tries > 1 : !isConflict(error) || tries > CONFLICTS_MAX) {
          throw unavailable(error, "Nothing was stored.");
        }
      }
    }
  }

  /** Commits the queued writes and refuses later ones. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#delayed;
    this.#transactions.close();
  }
}

function outdated(): StoreUnavailable {
  return new StoreUnavailable(
    "This process was suspended, or cut off from PostgreSQL, for longer than its lease. Nothing was stored.",
  );
}
