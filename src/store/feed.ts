import type { Signal } from "../core/signal.ts";

/**
 * Reports changes that other processes made to the same data, as signals. The feed does not report
 * this process's own changes; their commands send those signals.
 *
 * - Every change from another process is reported after its commit. A store that cannot tell which
 *   records changed reports everything that may have changed.
 * - A store that checks the data (SQLite) reports a change in the first `poll` that begins after
 *   the change's commit. A store that is notified (PostgreSQL) reports a change when the
 *   notification arrives, even if nobody polls.
 * - A store that may have missed notifications, because it lost its connection, reports
 *   `store.changed`. A store that cannot tell whether one of its own writes took effect also
 *   reports `store.changed`, as soon as the data can be read: no command has sent that write's
 *   signals.
 */
export interface Feed {
  /** Starts reporting. Called once, before reading any data that `listener` keeps up to date. */
  subscribe(listener: (signal: Signal) => void): void;
  /**
   * Reports all known changes before it returns. Takes microseconds, because it runs before every
   * request with a token.
   */
  poll(): void;
}
