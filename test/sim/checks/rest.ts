import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../../src/core/id.ts";
import type { VirtualClock } from "../clock.ts";
import type { Violation } from "./violation.ts";

interface LateRow {
  readonly seq: Seq;
  /** Fifo or rate-limited: a due delivery may wait for others. */
  readonly isSlowLane: number;
  /** Attempts of the lane since `busySince`. */
  readonly attempts: number;
}

/** A slow lane starts at least one attempt in this time. */
const TURN_MS = 60_000;

/** When all is well again, nothing is left behind. */
export class RestChecks {
  readonly #cancelled = new Set<Seq>();
  readonly #waiting: Statement<{ lastDueAt: number | null; tasks: number }, []>;

  constructor(
    private readonly db: Database,
    private readonly clock: VirtualClock,
    private readonly violation: Violation,
  ) {
    this.#waiting = db.prepare(
      `SELECT (SELECT MAX(due_at) FROM delivery WHERE state = 0) AS lastDueAt,
         (SELECT COUNT(*) FROM task WHERE status = 'running') AS tasks`,
    );
  }

  /**
   * Everything has worked for `ms`, and the clock was not set. Every delivery that was due then has
   * been attempted, and so has every immediate one, even if it was accepted by a clock ahead of
   * now. Its position must not be beyond `last`: for such a delivery the program cannot know that
   * the clock was ahead.
   */
  nothingIsLate(ms: number, last: Seq): void {
    const now = this.clock.wall;
    const rows = this.db
      .query<LateRow, [{ since: number; busySince: number; now: number; last: Seq }]>(
        `SELECT d.seq, e.fifo OR e.throttle_rate IS NOT NULL OR a.throttle_rate IS NOT NULL AS isSlowLane,
           (SELECT COUNT(*) FROM attempt t WHERE t.endpoint_seq = e.seq AND t.started_at >= $busySince) AS attempts
         FROM delivery d JOIN endpoint e ON e.seq = d.endpoint_seq JOIN application a ON a.seq = e.application_seq
           JOIN message m ON m.seq = d.message_seq
         WHERE d.state = 0
           AND (d.due_at <= $since
             OR (d.due_at > $now AND d.attempts = 0 AND m.deliver_at IS NOT d.due_at AND d.position <= $last))
           AND (e.fifo = 0 OR d.position = (SELECT MIN(position) FROM delivery o WHERE o.endpoint_seq = e.seq AND o.state = 0))`,
      )
      .all({ since: now - ms, busySince: now - TURN_MS, now, last });
    for (const { seq, isSlowLane, attempts } of rows) {
      const waitsForOthers = isSlowLane === 1 && attempts > 0;
      if (!waitsForOthers) this.violation(`delivery ${seq} is due and has not been attempted for ${ms} ms`);
    }
  }

  /**
   * When the last pending delivery falls due, by the wall clock; null if nothing is pending and no
   * task runs.
   */
  lastDueAt(): number | null {
    const { lastDueAt, tasks } = this.#waiting.get()!;
    return lastDueAt ?? (tasks > 0 ? this.clock.wall : null);
  }

  /** The cancellation of a task was acknowledged. */
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
