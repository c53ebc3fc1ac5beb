import type { Fact } from "../../core/fact.ts";
import type { Clock } from "../../ports.ts";
import { type Store, StoreUnavailable } from "../index.ts";
import { Groups } from "../sql/groups.ts";
import type { Database, Session } from "./database.ts";
import { isConflict, isOutage, messageOf, unavailable } from "./errors.ts";
import { WriteGroup } from "./group.ts";
import { type Instance, InstanceLost } from "./instance.ts";
import type { BatchVerb, Transaction, Write } from "./write.ts";
import { runApart, runTogether } from "./write-runs.ts";

export type { BatchVerb, Transaction } from "./write.ts";

/** Number of rows after which a commit takes no more writes. A single write may have more rows. */
const ROWS_AT_ONCE = 4000;
/** How often a transaction is repeated because of concurrent ones. */
const CONFLICTS_MAX = 5;
/** How long a lost connection may keep it unknown whether a commit took effect, in ms. */
const UNKNOWN_MAX_MS = 10_000;
/** Pause between two attempts to find that out, in ms. */
const ASK_AGAIN_MS = 100;

/**
 * Group commit: while one transaction is committed, later writes wait, and then become the next
 * transaction together. One connection makes all commits, so the writes of this process take effect in
 * the order in which they are begun.
 *
 * Each transaction stores its number in the row of this process in the table `instance`. If the
 * connection is lost during COMMIT, the row states whether the transaction took effect. The same
 * statement locks the row and finds out whether this process still has it: another process that takes
 * it over waits for the transaction, and later transactions of this process find another fence.
 */
export class Committer {
  #queue: Write[] = [];
  readonly #groups = new Groups<Write, WriteGroup>(
    () => new WriteGroup(),
    (group) => this.#enqueue(group),
  );
  #session: Session | null = null;
  #number = 0;
  #closed = false;
  #running: Promise<void> | null = null;

  constructor(
    private readonly database: Database,
    private readonly instance: Instance,
    private readonly clock: Clock,
    private readonly onFact: (fact: Fact) => void,
    /** Called if it is not known whether a transaction took effect. */
    private readonly onUnknown: () => void = () => {},
  ) {}

  /**
   * Runs `run` in the next commit and resolves to its result after the commit. If `run` rejects,
   * rejects with that error and undoes only its changes. Rejects with `StoreUnavailable` if the
   * transaction could not be committed. `rows` is the approximate number of rows that are changed.
   */
  write<T>(run: (transaction: Transaction) => Promise<T>, rows = 1): Promise<T> {
    return new Promise<T>((resolve, reject) => this.#enqueue({ run, rows, resolve, reject }));
  }

  /** Like `write`, together with other inputs of the same verb. */
  writeBatched<I, R>(verb: BatchVerb<I, R>, input: I, rows: number): Promise<R> {
    const run = async (transaction: Transaction) => (await verb.run(transaction, [input]))[0];
    return new Promise<R>((resolve, reject) =>
      this.#enqueue({ run, rows, resolve, reject, batch: { verb: verb as BatchVerb, input } }),
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
    await new Promise<void>((resolve) => this.clock.soon(resolve));
    while (this.#queue.length > 0) await this.#commit(this.#takeNext());
    this.#running = null;
  }

  #takeNext(): readonly Write[] {
    const queue = this.#queue;
    let [rows, count] = [0, 0];
    while (count < queue.length && rows < ROWS_AT_ONCE) rows += queue[count++]!.rows;
    this.#queue = count === queue.length ? [] : queue.splice(count);
    return queue;
  }

  async #commit(writes: readonly Write[]): Promise<void> {
    const startedAt = this.clock.steady();
    let results: readonly PromiseSettledResult<unknown>[];
    try {
      results = await this.#untilCommitted(writes);
    } catch (error) {
      for (const write of writes) write.reject(error);
      this.onFact({ type: "commit.failed", writes: writes.length, full: false, message: messageOf(error) });
      return;
    }
    const durationMs = this.clock.steady() - startedAt;
    writes.forEach((write, i) => {
      const result = results[i]!;
      if (result.status === "fulfilled") write.resolve(result.value as never);
      else write.reject(result.reason);
    });
    this.onFact({ type: "commit.finished", writes: writes.length, durationMs });
  }

  /** Repeats the transaction if that can help. Rejects if nothing was stored, or if that is not known. */
  async #untilCommitted(writes: readonly Write[]): Promise<readonly PromiseSettledResult<unknown>[]> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#transaction(writes);
      } catch (error) {
        if (error instanceof UnknownOutcome) throw error;
        if (error instanceof InstanceLost && tries < CONFLICTS_MAX) await this.instance.acquire();
        else if (isOutage(error) ? tries > 1 : !isConflict(error) || tries > CONFLICTS_MAX) {
          throw unavailable(error, "Nothing was stored.");
        }
      }
    }
  }

  async #transaction(writes: readonly Write[]): Promise<readonly PromiseSettledResult<unknown>[]> {
    this.#session ??= await this.database.session();
    const session = this.#session;
    try {
      return (await this.#allOrNone(session, writes)) ?? (await this.#eachAlone(session, writes));
    } catch (error) {
      await this.#undo(session, error);
      throw error;
    }
  }

  /** Returns null if a write failed. Then nothing was stored. */
  async #allOrNone(session: Session, writes: readonly Write[]) {
    const number = ++this.#number;
    const isOurs = this.#begin(session, number);
    try {
      const results = await runTogether(session, writes);
      await this.#finish(session, number, await isOurs);
      return results;
    } catch (error) {
      if (isOutage(error) || isConflict(error) || error instanceof InstanceLost) throw error;
      await session.run("ROLLBACK");
      return null;
    }
  }

  async #eachAlone(session: Session, writes: readonly Write[]) {
    const number = ++this.#number;
    const isOurs = this.#begin(session, number);
    const results = await runApart(session, writes);
    await this.#finish(session, number, await isOurs);
    return results;
  }

  /** Begins a transaction. Resolves to whether this process still has its row of `instance`. */
  #begin(session: Session, number: number): Promise<boolean> {
    session.run("BEGIN").catch(() => {});
    const isOurs = this.instance.mark(session, number);
    // If it fails, the statements after it fail too.
    isOurs.catch(() => {});
    return isOurs;
  }

  async #finish(session: Session, number: number, isOurs: boolean): Promise<void> {
    if (!isOurs) throw new InstanceLost();
    let committed: boolean;
    try {
      committed = await session.commit();
    } catch (error) {
      if (!isOutage(error)) throw error;
      this.#drop(session);
      if (await this.#tookEffect(number, error)) return;
      throw unavailable(error, "Nothing was stored.");
    }
    if (!committed) throw new Error("Internal error: PostgreSQL has rolled back a transaction without an error.");
  }

  /** Returns whether a transaction whose COMMIT got no response has taken effect. */
  async #tookEffect(number: number, cause: unknown): Promise<boolean> {
    const until = this.clock.steady() + UNKNOWN_MAX_MS;
    for (;;) {
      try {
        return (await this.instance.lastCommit()) >= number;
      } catch (error) {
        if (!isOutage(error) || this.clock.steady() >= until) {
          this.onUnknown();
          throw new UnknownOutcome(messageOf(cause));
        }
      }
      await new Promise<void>((resolve) => void this.clock.after(ASK_AGAIN_MS, resolve));
    }
  }

  async #undo(session: Session, error: unknown): Promise<void> {
    if (this.#session !== session) return;
    if (!isOutage(error)) {
      try {
        await session.run("ROLLBACK");
        return;
      } catch {
        // The connection cannot be used again. The error that caused the rollback is more useful.
      }
    }
    this.#drop(session);
  }

  #drop(session: Session): void {
    this.#session = null;
    session.end("close");
  }

  /** Commits the queued writes and refuses later ones. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    this.#session?.end("release");
    this.#session = null;
  }
}

/** It is not known whether a transaction took effect. */
class UnknownOutcome extends StoreUnavailable {
  constructor(message: string) {
    super(
      `The connection to PostgreSQL was lost during a commit (${message}). It is not known whether it took effect.`,
    );
  }
}
