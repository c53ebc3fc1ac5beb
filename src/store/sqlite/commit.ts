import type { Database, Statement } from "bun:sqlite";
import type { Fact } from "../../core/fact.ts";
import type { Clock } from "../../ports.ts";
import { type Store, StoreUnavailable } from "../index.ts";
import { Group, resultsOf } from "./group.ts";

/** One write that waits for a commit. `work` may run more than once, so all its effects must be in the database. */
export interface Write {
  readonly work: () => unknown;
  resolve(value: never): void;
  reject(error: unknown): void;
}

/** A commit of so many writes was one of many. */
const BUSY_WRITES = 8;

/**
 * Group commit: all writes of one turn of the event loop become one transaction and pay for one fsync together. An idle
 * server commits at once, a busy one hundreds at a time. A write resolves only after COMMIT has returned.
 */
export class Committer {
  #queue: Write[] = [];
  /** Collects the writes that the `start` of a `together` begins. */
  #group: Group | null = null;
  #isBusy = false;
  #closed = false;
  #crashed = false;
  readonly #onRollback: (() => void)[] = [];
  readonly #begin: Statement;
  readonly #commit: Statement;

  constructor(
    private readonly db: Database,
    private readonly clock: Clock,
    private readonly onFact: (fact: Fact) => void,
    /** Called before each COMMIT; a simulation throws here what a full disk would. */
    private readonly beforeCommit: () => void = () => {},
  ) {
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
  }

  /**
   * Runs `work` in the next commit and resolves with its result once that is on disk. Rejects with what `work` threw (then
   * only its own changes are undone) or with `StoreUnavailable` when nothing could be committed.
   */
  write<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#crashed) return;
      if (this.#closed) {
        reject(new StoreUnavailable("The store has been closed."));
        return;
      }
      this.#enqueue({ work, resolve, reject });
    });
  }

  #enqueue(write: Write): void {
    if (this.#group !== null) {
      this.#group.add(write);
      return;
    }
    this.#queue.push(write);
    if (this.#queue.length === 1) this.clock.soon(this.#isBusy ? this.#flushSoon : this.#flush);
  }

  /** See `Store.together`. */
  readonly together: Store["together"] = async (start) => {
    const outer = this.#group;
    const group = outer ?? new Group();
    const begunBefore = group.size;
    let started: ReturnType<typeof start>;
    this.#group = group;
    try {
      started = start();
    } catch (error) {
      group.cutTo(begunBefore);
      throw error;
    } finally {
      this.#group = outer;
    }
    if (outer === null && group.size > 0) this.#enqueue(group);
    return resultsOf(started);
  };

  /** Those who keep in memory what they have written hear that it was undone. */
  onRollback(listener: () => void): void {
    this.#onRollback.push(listener);
  }

  /** A busy store waits one more turn of the event loop, in which more arrives to share the fsync. */
  readonly #flushSoon = (): void => this.clock.soon(this.#flush);

  /** Commits what is queued now. */
  readonly #flush = (): void => {
    const writes = this.#queue;
    if (writes.length === 0) return;
    this.#queue = [];
    this.#isBusy = writes.length >= BUSY_WRITES;
    const startedAt = performance.now();
    let results: unknown[];
    try {
      results = this.#runTogether(writes) ?? this.#runApart(writes);
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
    // Last, so that everybody has an answer whatever those who listen do.
    this.onFact({ type: "commit.finished", writes: writes.length, durationMs });
  };

  /** The usual case: nothing fails, no savepoints. Null when some write threw and must be told apart from the others. */
  #runTogether(writes: readonly Write[]): unknown[] | null {
    this.#open();
    const results = new Array<unknown>(writes.length);
    try {
      for (let i = 0; i < writes.length; i++) results[i] = writes[i]!.work();
    } catch (error) {
      this.#rollback();
      if (isDiskTrouble(error)) throw error;
      return null;
    }
    this.#finish();
    return results;
  }

  /** The same again with a savepoint around each, so that only those fail that must. */
  #runApart(writes: readonly Write[]): unknown[] {
    this.#open();
    const results: unknown[] = [];
    try {
      for (const write of writes) {
        this.db.run("SAVEPOINT one");
        try {
          results.push(write.work());
        } catch (error) {
          if (isDiskTrouble(error)) throw error;
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
    // While one that could not be rolled back is open no other can begin.
    this.#end();
    this.#begin.run();
  }

  /** Ends what is open. SQLite has already done so by itself after some errors (a full disk, for one). */
  #end(): void {
    if (this.db.inTransaction) this.db.run("ROLLBACK");
  }

  #finish(): void {
    try {
      this.beforeCommit();
      this.#commit.run();
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  #rollback(): void {
    try {
      this.#end();
    } catch {
      // What led here says more. The next commit tries it again before it begins.
    }
    this.#undone();
  }

  #undone(): void {
    for (const listener of this.#onRollback) listener();
  }

  #giveUp(writes: readonly Write[], error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const full = codeOf(error) === "SQLITE_FULL";
    const unavailable = new StoreUnavailable(
      full ? "The disk is full: nothing was stored." : `The store cannot be written (${message}): nothing was stored.`,
    );
    for (const write of writes) write.reject(unavailable);
    this.onFact({ type: "commit.failed", writes: writes.length, full, message });
  }

  /** Commits what is queued and takes no more. */
  close(): void {
    this.#closed = true;
    this.#flush();
  }

  /** Forgets what is queued and never answers again, as a crash would. For the simulation. */
  crash(): void {
    this.#crashed = true;
    this.#queue = [];
  }
}

class Failed {
  constructor(readonly error: unknown) {}
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

/** Errors that say nothing about the write that met them but that the disk or the file cannot take any. */
function isDiskTrouble(error: unknown): boolean {
  if (error instanceof StoreUnavailable) return true;
  return /^SQLITE_(FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB|BUSY|NOMEM)/.test(codeOf(error));
}
