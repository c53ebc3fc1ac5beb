import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../../src/core/id.ts";
import type { VirtualClock } from "../clock.ts";
import type { Violation } from "./violation.ts";

interface LateRow {
  readonly seq: Seq;
  /** 1 for a fifo or rate-limited lane, where a due delivery may wait for others. */
  readonly isSlowLane: number;
  /** Number of attempts of the lane since `busySince`. */
  readonly attempts: number;
}

/** A slow lane starts at least one attempt in this time. */
const TURN_MS = 60_000;

/** The time that a delivery may wait for its batch. */
const BATCH_WAIT = "COALESCE(e.batch ->> 'maxWaitMs', 0)";

/** Checks that no work is left behind after faults have ended. */
export class RestChecks {
  readonly #cancelled = new Set<Seq>();
  readonly #waiting: Statement<{ lastDueAt: number | null; tasks: number }, [number]>;

  constructor(
    private readonly db: Database,
    private readonly clock: VirtualClock,
    /** The time that the program uses for the waits of retries. */
    private readonly deliveryTime: () => number,
    private readonly violation: Violation,
  ) {
    this.#waiting = db.prepare(
      `SELECT (SELECT MAX(due_at + (attempts > 0) * ?) FROM delivery WHERE state = 0) AS lastDueAt,
         (SELECT COUNT(*) FROM task WHERE status = 'running') AS tasks`,
    );
  }

  /**
   * Must be called when everything has worked for `ms` and the clock was not set in that time.
   * Checks that every delivery that was due when that time began has been attempted. The same
   * applies to every immediate delivery, even if it was accepted while the clock was ahead. For
   * positions after `last` the program cannot know that the clock was ahead, so they are excluded.
   */
  nothingIsLate(ms: number, last: Seq): void {
    const now = this.clock.wall;
    const rows = this.db
      .query<LateRow, [{ since: number; sinceRetry: number; busySince: number; now: number; last: Seq }]>(
        `SELECT d.seq, e.fifo OR e.throttle_rate IS NOT NULL OR a.throttle_rate IS NOT NULL AS isSlowLane,
           (SELECT COUNT(*) FROM attempt t WHERE t.endpoint_seq = e.seq AND t.started_at >= $busySince) AS attempts
         FROM delivery d JOIN endpoint e ON e.seq = d.endpoint_seq JOIN application a ON a.seq = e.application_seq
           JOIN message m ON m.seq = d.message_seq
         WHERE d.state = 0
           AND (d.due_at + ${BATCH_WAIT} <= CASE WHEN d.attempts > 0 THEN $sinceRetry ELSE $since END
             OR (d.due_at > $now + ${BATCH_WAIT} AND d.attempts = 0 AND m.deliver_at IS NOT d.due_at AND d.position <= $last))
           AND (e.fifo = 0 OR d.position = (SELECT MIN(position) FROM delivery o WHERE o.endpoint_seq = e.seq AND o.state = 0))`,
      )
      .all({ since: now - ms, sinceRetry: this.deliveryTime() - ms, busySince: now - TURN_MS, now, last });
    for (const { seq, isSlowLane, attempts } of rows) {
      const waitsForOthers = isSlowLane === 1 && attempts > 0;
      if (!waitsForOthers) this.violation(`delivery ${seq} is due and has not been attempted for ${ms} ms`);
    }
  }

  /**
   * Returns the time at which the last pending delivery is due, by the wall clock; null if nothing
   * is pending and no task runs.
   */
  lastDueAt(): number | null {
    const { lastDueAt, tasks } = this.#waiting.get(this.clock.wall - this.deliveryTime())!;
    return lastDueAt ?? (tasks > 0 ? this.clock.wall : null);
  }

  /** Must be called when the cancellation of a task has been acknowledged. */
  taskCancelled(seq: Seq): void {
    this.#cancelled.add(seq);
  }

  nothingIsPending(when: string): void {
    const rows = this.db.query<{ seq: Seq }, []>("SELECT seq FROM delivery WHERE state = 0").all();
    for (const { seq } of rows) this.violation(`delivery ${seq} is still pending ${when}`);
    const tasks = this.db
      .query<{ seq: Seq; kind: string }, []>("SELECT seq, kind FROM task WHERE status = 'running'")
      .all();
    for (const { kind, seq } of tasks) this.violation(`${kind} ${seq} still runs ${when}`);
    const ended = this.db.prepare<{ seq: Seq }, [Seq]>(
      "SELECT seq FROM task WHERE seq = ? AND (status <> 'failed' OR data ->> 'cancelled' IS NOT 1)",
    );
    for (const seq of this.#cancelled)
      if (ended.get(seq) !== null) this.violation(`task ${seq} went on after it was cancelled`);
  }
}
