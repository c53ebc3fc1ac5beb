import { type Seq, seqAt } from "../../core/id.ts";
import { StartError } from "../../core/start-error.ts";
import type { Cancel, Clock } from "../../ports.ts";
import { StoreUnavailable } from "../index.ts";
import type { Database, Queries } from "./database.ts";
import { RESERVED, SLOTS, type SlotSeqSource } from "./numbers.ts";

/** Another process has taken the row of this one, because its lease had expired. */
export class InstanceLost extends Error {
  override readonly name = "InstanceLost";
}

interface Held {
  readonly slot: number;
  readonly fence: number;
}

/**
 * The row of this process in the table `instance`. It states how long the process may own anything, and
 * how far its commits and numbers have got. The database's clock decides when a lease ends, so the
 * clocks of the processes need not agree.
 *
 * A process that was suspended for longer than its lease may find its row in use by another one. The
 * row then has another `fence`, and nothing that the first one commits under the old fence takes
 * effect.
 */
export class Instance {
  #held: Held = { slot: -1, fence: -1 };
  #validUntil = 0;
  #cancelRenewal: Cancel = () => {};
  #closed = false;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly leaseMs: number,
    private readonly numbers: SlotSeqSource,
    private readonly onDefect: (error: unknown) => void,
  ) {}

  get slot(): number {
    return this.#held.slot;
  }

  get fence(): number {
    return this.#held.fence;
  }

  /** Time from which another process may take what this one owns, in ms since the Unix epoch. */
  get validUntil(): number {
    return this.#validUntil;
  }

  /** Takes a row that no live process has. `newest` is the greatest number in use. */
  async acquire(newest: Seq = 0): Promise<void> {
    const askedAt = this.clock.now();
    const row = await this.database.first<{ slot: number; fence: number; reached: number; now: number }>(
      `WITH free AS (
         SELECT slot FROM instance WHERE expires_at <= clock_timestamp() ORDER BY slot LIMIT 1 FOR UPDATE SKIP LOCKED)
       UPDATE instance i SET fence = fence + 1, commits = 0, serves = false, expires_at = clock_timestamp() + $1 * interval '1 ms'
       FROM free WHERE i.slot = free.slot
       RETURNING i.slot, i.fence, i.reached, (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now`,
      [this.leaseMs],
    );
    if (row === null) {
      throw new StartError(
        `${SLOTS} instances already use this PostgreSQL database, which is the maximum. Stop one of them.`,
      );
    }
    this.#held = { slot: row.slot, fence: row.fence };
    const last = Math.max(newest, row.reached);
    this.numbers.use(row.slot, last, last);
    if (!(await this.#reserve(askedAt))) throw new InstanceLost();
    this.#renewLater();
  }

  async #reserve(askedAt: number): Promise<boolean> {
    const end = Math.max(this.numbers.last, seqAt(this.clock.now())) + RESERVED;
    const { slot, fence } = this.#held;
    const changed = await this.database.run(
      `UPDATE instance SET reached = GREATEST(reached, $3), expires_at = clock_timestamp() + $4 * interval '1 ms'
       WHERE slot = $1 AND fence = $2`,
      [slot, fence, end, this.leaseMs],
    );
    if (changed === 0) return false;
    this.numbers.reserved(end);
    // The process may be suspended between this line and the use of what it owns, but that is as rare
    // as a clock that is a tenth too slow.
    this.#validUntil = askedAt + this.leaseMs * 0.9;
    return true;
  }

  #renewLater(): void {
    this.#cancelRenewal();
    if (this.#closed) return;
    this.#cancelRenewal = this.clock.after(this.leaseMs / 3, () => {
      this.renew().catch(this.onDefect);
    });
  }

  /** Extends the lease. If another process has the row, takes another one. */
  async renew(): Promise<void> {
    try {
      if (!(await this.#reserve(this.clock.now())) && !this.#closed) await this.acquire();
    } finally {
      this.#renewLater();
    }
  }

  /** Stores the number of a transaction in it. Resolves to false if another process has the row. */
  async mark(transaction: Queries, commit: number): Promise<boolean> {
    const { slot, fence } = this.#held;
    const changed = await transaction.run("UPDATE instance SET commits = $3 WHERE slot = $1 AND fence = $2", [
      slot,
      fence,
      commit,
    ]);
    return changed === 1;
  }

  /** Returns the number of the last transaction that took effect, after waiting for one that is under way. */
  async lastCommit(): Promise<number> {
    const { slot, fence } = this.#held;
    const row = await this.database.first<{ commits: number }>(
      "SELECT commits FROM instance WHERE slot = $1 AND fence = $2 FOR UPDATE",
      [slot, fence],
    );
    // The one who took the row has also reset its number.
    if (row === null) throw new StoreUnavailable("Another process has taken the row of this one.");
    return row.commits;
  }

  /** Gives the row back. The next process continues after the last number. */
  async release(): Promise<void> {
    this.#closed = true;
    this.#cancelRenewal();
    const { slot, fence } = this.#held;
    await this.database.run(
      "UPDATE instance SET reached = $3, expires_at = '-infinity' WHERE slot = $1 AND fence = $2",
      [slot, fence, this.numbers.last],
    );
  }
}
