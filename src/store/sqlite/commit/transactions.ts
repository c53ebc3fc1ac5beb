import type { Database, Statement } from "bun:sqlite";
import { isDiskError } from "../data-dir/disk-error.ts";
import type { Write } from "./write.ts";

/** The result of a write that has thrown. */
export class Failed {
  constructor(readonly error: unknown) {}
}

/** Runs writes in transactions. */
export class Transactions {
  readonly #onRollback: (() => void)[] = [];
  readonly #onCommitting: (() => void)[] = [];
  readonly #onCommit: (() => void)[] = [];
  readonly #begin: Statement;
  readonly #commit: Statement;

  constructor(
    private readonly db: Database,
    /** Called before each COMMIT. If it throws, nothing is committed. */
    private readonly beforeCommit: () => void,
  ) {
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
  }

  /**
   * Registers a callback that runs after a rollback, so that caches of written data can be dropped.
   */
  onRollback(listener: () => void): void {
    this.#onRollback.push(listener);
  }

  /**
   * Registers a callback that runs in each transaction before its COMMIT, so that rows of several
   * writes can be stored together. If it throws, nothing is committed.
   */
  onCommitting(listener: () => void): void {
    this.#onCommitting.push(listener);
  }

  /** Registers a callback that runs after a commit, before its writes resolve. It must not throw. */
  onCommit(listener: () => void): void {
    this.#onCommit.push(listener);
  }

  /**
   * Commits writes in one transaction. Returns their results, and `Failed` for each write that has
   * thrown, whose changes are undone. Throws if the transaction could not be committed.
   */
  run(writes: readonly Write[]): unknown[] {
    return this.#runTogether(writes) ?? this.#runApart(writes);
  }

  /** Runs all writes without savepoints. Returns null if one of them throws. */
  #runTogether(writes: readonly Write[]): unknown[] | null {
    this.#open();
    const results = new Array<unknown>(writes.length);
    try {
      for (let i = 0; i < writes.length; i++) results[i] = writes[i]!.work();
    } catch (error) {
      this.#rollback();
      if (isDiskError(error)) throw error;
      return null;
    }
    this.#finish();
    return results;
  }

  /** Runs each write in a savepoint, so that a write that throws fails alone. */
  #runApart(writes: readonly Write[]): unknown[] {
    this.#open();
    const results: unknown[] = [];
    try {
      for (const write of writes) {
        this.db.run("SAVEPOINT one");
        try {
          results.push(write.work());
        } catch (error) {
          if (isDiskError(error)) throw error;
          this.db.run("ROLLBACK TO one");
          this.#undone();
          results.push(new Failed(error));
        }
        this.db.run("RELEASE one");
      }
    } catch (error) {
      this.#rollback();
      throw error;
    }
    this.#finish();
    return results;
  }

  #open(): void {
    // A transaction that could not be rolled back may still be open.
    this.#end();
    this.#begin.run();
  }

  /** Rolls back. After some errors, such as a full disk, SQLite has already rolled back. */
  #end(): void {
    if (this.db.inTransaction) this.db.run("ROLLBACK");
  }

  #finish(): void {
    try {
      for (const listener of this.#onCommitting) listener();
      this.beforeCommit();
      this.#commit.run();
    } catch (error) {
      this.#rollback();
      throw error;
    }
    for (const listener of this.#onCommit) listener();
  }

  #rollback(): void {
    try {
      this.#end();
    } catch {
      // The error that caused the rollback is more useful, so this one is ignored. The next commit
      // tries to roll back again.
    }
    this.#undone();
  }

  #undone(): void {
    for (const listener of this.#onRollback) listener();
  }
}
