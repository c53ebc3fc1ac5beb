import type { ReservedSQL } from "bun";
import type { Clock } from "../../../ports.ts";
import { textArray } from "./parameters.ts";
import { execute, type Queries } from "./queries.ts";

/** The process of the server that serves a connection. Numbers of processes are used again. */
export interface ServerProcess {
  readonly pid: number;
  readonly startedAt: string;
}

const IS_IT = "pid = $1 AND backend_start = $2::text::timestamptz";
/** A process that has nothing to do waits for its client, and so does one that cannot send a result. */
const IS_WAITING = `SELECT wait_event_type = 'Client' AS "isWaiting" FROM pg_stat_activity WHERE ${IS_IT}`;
/**
 * Whether any session of this user has worked on one of the statements `$1` for `$2` ms, or, if `$3` is true, has
 * waited for a lock. The view contains only the beginnings of long statements.
 */
const IS_ANY_WORKING = `SELECT EXISTS (SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid() AND state = 'active'
      AND wait_event_type IS DISTINCT FROM 'Client' AND query_start < clock_timestamp() - $2 * interval '1 ms'
      AND ($3 OR wait_event_type IS DISTINCT FROM 'Lock')
      AND query <> '' AND EXISTS (SELECT FROM unnest($1::text[]) AS text WHERE starts_with(text, query))) AS "isAny"`;
const END = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${IS_IT}`;

/** Reads the process of the connection on which it runs. */
const OWN_PROCESS = `SELECT pid, backend_start::text AS "startedAt" FROM pg_stat_activity WHERE pid = pg_backend_pid()`;

/** Returns the process of the server that serves a connection, or null if that is unknown. */
export async function processOf(reserved: ReservedSQL): Promise<ServerProcess | null> {
  const [row] = await execute(reserved, OWN_PROCESS, []);
  return (row as ServerProcess | undefined) ?? null;
}

/** Number of times in a row that no process must be found working. One may just have sent a response. */
const SAMPLES = 2;
const SAMPLES_APART_MS = 1000;

/** What processes of the server do. It is found out over another connection than theirs. */
export class ServerProcesses {
  constructor(
    private readonly queries: Queries,
    private readonly clock: Clock,
    /** Whether a statement of which the process is unknown may wait for a lock. */
    private readonly mayWaitForLock = true,
  ) {}

  /** Returns whether a process still works on a statement. Otherwise no response of it can arrive any more. */
  works({ pid, startedAt }: ServerProcess): Promise<boolean> {
    return this.#isAnySample(async () => {
      const row = await this.queries.first<{ isWaiting: boolean | null }>(IS_WAITING, [pid, startedAt]);
      return row !== null && row.isWaiting !== true;
    });
  }

  /**
   * Returns whether one of some statements of which the process is unknown may still run: whether it has run for
   * this time, in ms. The same statement of another session of the user counts too.
   */
  mayWork(statements: readonly string[], runningMs: number): Promise<boolean> {
    const parameters = [textArray(statements), runningMs, this.mayWaitForLock];
    return this.#isAnySample(
      async () => (await this.queries.first<{ isAny: boolean }>(IS_ANY_WORKING, parameters))!.isAny,
    );
  }

  async #isAnySample(sample: () => Promise<boolean>): Promise<boolean> {
    for (let i = 0; i < SAMPLES; i++) {
      if (i > 0) await new Promise<void>((resolve) => void this.clock.after(SAMPLES_APART_MS, resolve));
      if (await sample()) return true;
    }
    return false;
  }

  /** Ends a process, and with it the locks of its transaction. */
  async end({ pid, startedAt }: ServerProcess): Promise<void> {
    await this.queries.first(END, [pid, startedAt]);
  }
}
