import type { Signal } from "../core/signal.ts";

/**
 * Reports, as signals, the changes that other processes make to the same data. A process's own
 * changes are not reported, because its commands send those signals themselves.
 *
 * - Every change from another process is reported after its commit. A store that does not know
 *   which records changed reports every record that may have changed.
 * - A store that polls for changes (SQLite) reports a change in the first `poll` that begins after
 *   the change's commit. A store that is notified (PostgreSQL) reports a change when the
 *   notification arrives, even if nobody polls.
 * - A store that may have missed notifications, because it lost its connection, reports
 *   `store.changed`. A store that does not know whether one of its own writes was committed also
 *   reports `store.changed` when the data can be read again, because no command has sent the
 *   signals of that write.
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
}
