import type { Signal } from "../core/signal.ts";

/**
 * Reports what other processes have changed in the same data, as signals. A process sends the
 * signals of its own changes itself; the feed does not report them.
 *
 * - Every change of another process is reported after its commit. A store that cannot tell what has
 *   changed reports everything that may have changed.
 * - A store that looks into the data (SQLite) reports a change in the first `poll` that begins after
 *   its commit. A store that is notified (PostgreSQL) reports it when the notification arrives,
 *   whether or not anybody polls.
 * - A store that may have missed notifications, because it lost its connection, reports
 *   `store.changed`. So does a store that cannot tell whether one of its own writes took effect, as
 *   soon as it can be read again: no command has sent the signals of that write.
 */
export interface Feed {
  /** Begins to report. Called once, before anything is read that `listener` keeps up to date. */
  subscribe(listener: (signal: Signal) => void): void;
  /**
   * Reports the changes that are known, before it returns. It takes microseconds, because it runs
   * before every request with a token.
   */
  poll(): void;
}
