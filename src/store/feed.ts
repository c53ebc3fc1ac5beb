import type { Signal } from "../core/signal.ts";

/**
 * Reports, as signals, the changes that other processes make to the same data. A process's own
 * changes are not reported, because its commands send those signals themselves.
 *
 * - Every change from another process is reported after its commit. SQLite does not know which records
 *   changed, and reports every record that may have changed, in the first `poll` that begins after the
 *   commit. PostgreSQL reports the signals that the other process has published, usually within 100 ms,
 *   even if nobody polls. If the other process ends before it has published them, its lease must end
 *   first; then everything is reported as changed.
 * - A store that may have missed signals, because it lost its connection, reports `store.changed`. So
 *   does a store that does not know whether one of its own writes was committed, as soon as it can
 *   read the data again. No command has sent the signals of that write.
 */
export interface Feed {
  /**
   * Starts reporting. Called once, before the first read of any data that `listener` keeps up to
   * date.
   */
  subscribe(listener: (signal: Signal) => void): void;
  /**
   * Reports all known changes before it returns. Takes microseconds, because it runs before every
   * request with a token.
   */
  poll(): void;
  /** Reports a signal to the other processes. Must be called after the commit of the change. */
  publish(signal: Signal): void;
  /**
   * Returns null if no process uses records from before the changes published so far, otherwise a
   * promise that resolves when none does. A response to a change waits for it, so that requests to any
   * process that are made after the response find the change.
   */
  announced(): Promise<void> | null;
  /**
   * Returns null if every change that another process has announced is reported here, otherwise a promise
   * that resolves when it is. Rejects with `StoreUnavailable` if the data cannot be read. Called before
   * each use of cached records, so null must cost nanoseconds. A caller that has waited uses the
   * records without calling it again: if reading the changes takes long, it would return a promise
   * every time.
   *
   * SQLite always returns null: the only processes beside the server are commands, whose changes `poll`
   * reports.
   */
  catchUp(): Promise<void> | null;
  /**
   * Whether other processes may add deliveries to the lanes of this one. It is true for every message
   * that is accepted after a message of another process was accepted.
   */
  isShared(): boolean;
}

/**
 * Calls `use` when every change that another process has announced is reported here, at once if possible.
 * `use` runs without asking again, see `Feed.catchUp`.
 */
export function afterCatchUp<T>(feed: Pick<Feed, "catchUp">, use: () => T): T | Promise<Awaited<T>> {
  const catchingUp = feed.catchUp();
  return catchingUp === null ? use() : (catchingUp.then(use) as Promise<Awaited<T>>);
}
