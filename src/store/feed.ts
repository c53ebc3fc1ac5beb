import type { Signal } from "../core/signal.ts";

/**
 * What other processes have changed in the same data, as signals. A process sends the signals of its own changes itself;
 * they are not reported here.
 *
 * - Every change of another process is reported after its commit. The report may cover more than has changed: a store
 *   that cannot tell what has changed reports all that may have.
 * - A store that looks into the data itself (SQLite) reports a change in the first `poll` that begins after its commit. A
 *   store that is notified (PostgreSQL) reports it when the notification arrives, whether or not anybody polls.
 * - A store that may have missed notifications, because it had lost its connection, reports `store.changed`. So does a
 *   store that cannot tell whether a write of its own took effect, as soon as it can be read again: nobody has announced
 *   what that write may have changed.
 */
export interface Feed {
  /** Begins to report. Called once, before anything is read that `listener` keeps up to date. */
  subscribe(listener: (signal: Signal) => void): void;
  /** Reports what is known to have changed, before it returns. Takes microseconds: it runs before every request of a token. */
  poll(): void;
}
