import type { Clock } from "../../../ports.ts";
import type { Queries } from "./queries.ts";

/** The process of the server that serves a connection. Numbers of processes are used again. */
export interface ServerProcess {
  readonly pid: number;
  readonly startedAt: string;
}

const IS_IT = "pid = $1 AND backend_start = $2::text::timestamptz";
/** A process that has nothing to do waits for its client, and so does one that cannot send a result. */
const IS_WAITING = `SELECT wait_event_type = 'Client' AS "isWaiting" FROM pg_stat_activity WHERE ${IS_IT}`;
const END = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${IS_IT}`;

/** Reads the process of the connection on which it runs. */
export const OWN_PROCESS = `SELECT pid, backend_start::text AS "startedAt" FROM pg_stat_activity WHERE pid = pg_backend_pid()`;

/** Number of times in a row that a process must be found waiting. It may just have sent a response. */
const SAMPLES = 2;
const SAMPLES_APART_MS = 1000;

/** What processes of the server do. It is found out over another connection than theirs. */
export class ServerProcesses {
  constructor(
    private readonly queries: Queries,
    private readonly clock: Clock,
  ) {}

  /** Returns whether a process still works on a statement. Otherwise no response of it can arrive any more. */
  async works({ pid, startedAt }: ServerProcess): Promise<boolean> {
    for (let sample = 0; sample < SAMPLES; sample++) {
      if (sample > 0) await new Promise<void>((resolve) => void this.clock.after(SAMPLES_APART_MS, resolve));
      const row = await this.queries.first<{ isWaiting: boolean | null }>(IS_WAITING, [pid, startedAt]);
      if (row === null) return false;
      if (row.isWaiting !== true) return true;
    }
    return false;
  }

  /** Ends a process, and with it the locks of its transaction. */
  async end({ pid, startedAt }: ServerProcess): Promise<void> {
    await this.queries.first(END, [pid, startedAt]);
  }
}
