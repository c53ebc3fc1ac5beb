import { type Seq, seqAt } from "../../../core/id.ts";
import { StartError } from "../../../core/start-error.ts";
import type { Cancel, Clock } from "../../../ports.ts";
import { StoreUnavailable } from "../../index.ts";
import type { Opened, Opening } from "../commit/opening.ts";
import type { Queries } from "../connection/database.ts";
import { isOutage } from "../connection/errors.ts";
import type { DatabaseClock } from "./database-clock.ts";
import { DROP, EVICT_EXPIRED, GIVE_BACK, LAST_COMMIT, RENEW, TAKE } from "./instance-row.ts";
import { MARK, type MarkResult } from "./mark.ts";
import { newestSeq, RESERVED, SLOTS, type SlotSeqSource } from "./numbers.ts";

/** Another process has evicted this one, because its lease had expired. */
export class InstanceLost extends Error {
  override readonly name = "InstanceLost";
}

interface Held {
  readonly slot: number;
  readonly fence: number;
}

/** How long to wait before another renewal after one that has failed, in ms. */
const RETRY_MS = 200;

const UNINFORMED = "This process could not find out for the length of a lease what the other instances have changed.";

export interface InstanceParts {
  /** Queries that nothing else delays for long. */
  readonly queries: Queries;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly numbers: SlotSeqSource;
  readonly databaseClock: DatabaseClock;
  readonly onDefect: (error: unknown) => void;
  /** `check` rejects if the encryption key is no longer that of this process. */
  readonly keys: { check(): Promise<void> };
}

/**
 * The row of this process in the table `instance`. It states how long the process may own anything, and
 * how far its commits and numbers have got. The database's clock decides when a lease ends, so the
 * clocks of the processes need not agree.
 *
 * When a lease has expired, another process *evicts* its owner: the row gets another `fence`, and
 * nothing that the owner commits under the old fence takes effect. An open transaction of the owner
 * locks the row. It ends before the lease does, because the server ends transactions whose client does
 * nothing.
 */
export class Instance {
  /** Identifies this process in the rows that it has taken. */
  readonly #owner = crypto.randomUUID();
  #held: Held = { slot: -1, fence: -1 };
  /** Whether another process has evicted this one, or no row was ever taken. */
  #isLost = true;
  /** The row that the latest transaction was marked in. */
  #marked = this.#held;
  #acquiring: Promise<void> | null = null;
  #heldSince = 0;
  #validUntil = 0;
  #first: Seq = 0;
  #outdatedUpTo: Seq = 0;
  #isShared = false;
  /** When the latest look at the others began that succeeded. */
  #lookedAt: number;
  #cancelRenewal: Cancel = () => {};
  #closed = false;

  constructor(private readonly parts: InstanceParts) {
    this.#lookedAt = parts.clock.steady();
  }

  get slot(): number {
    return this.#held.slot;
  }

  get fence(): number {
    return this.#held.fence;
  }

  get leaseMs(): number {
    return this.parts.leaseMs;
  }

  /** Steady time at which this process had taken its row. */
  get heldSince(): number {
    return this.#heldSince;
  }

  /** Time from which another process may take what this one owns, in ms since the Unix epoch. */
  get validUntil(): number {
    return this.#validUntil;
  }

  /**
   * Messages with a number up to this one must not be committed: they got it before this process was
   * evicted, and others may have passed it. 0 if the process was never evicted.
   */
  get outdatedUpTo(): Seq {
    return this.#outdatedUpTo;
  }

  /** Whether other processes used the database at the last commit of this one, or later. */
  get isShared(): boolean {
    return this.#isShared;
  }

  /** States what a look at the others has found that began at a steady time. */
  looked(beganAt: number, isShared: boolean): void {
    this.#lookedAt = beganAt;
    this.#isShared = isShared;
  }

  /** Takes a row that no process has, unless this one still has one. */
  acquire(): Promise<void> {
    if (!this.#isLost) return Promise.resolve();
    // A second row that nobody uses would hold up the readers of all processes until it expires.
    this.#acquiring ??= this.#takeRow().finally(() => {
      this.#acquiring = null;
    });
    return this.#acquiring;
  }

  async #takeRow(): Promise<void> {
    const { queries, clock, numbers } = this.parts;
    await queries.run(EVICT_EXPIRED);
    const askedAt = clock.now();
    const row = await queries.first<Held & { reached: number }>(TAKE, [this.leaseMs, this.#owner]);
    if (row === null) {
      const full = `${SLOTS} instances already use this PostgreSQL database, which is the maximum. Stop one of them.`;
      // A process that was evicted waits until another one stops.
      throw this.#held.slot < 0 ? new StartError(full) : new StoreUnavailable(full);
    }
    await this.#checkKey(row);
    const wasEvicted = this.#held.slot >= 0;
    this.#held = { slot: row.slot, fence: row.fence };
    this.#heldSince = clock.steady();
    // The others wait for the floor of this row now, so nobody passes the numbers that follow these.
    const last = Math.max(await newestSeq(queries), row.reached);
    numbers.use(row.slot, last, last);
    this.#first = numbers.last;
    if (wasEvicted) this.#outdatedUpTo = numbers.last;
    if (!(await this.#reserve(askedAt))) throw new InstanceLost();
    this.#isLost = false;
    this.#renewLater();
  }

  /** The key cannot be replaced while this process has a row. Without the right key, gives the row back. */
  async #checkKey({ slot, fence }: Held): Promise<void> {
    try {
      await this.parts.keys.check();
    } catch (error) {
      await this.parts.queries.run(DROP, [slot, fence]);
      throw error;
    }
  }

  async #reserve(askedAt: number): Promise<boolean> {
    const { queries, clock, numbers, databaseClock } = this.parts;
    const sentAt = clock.steady();
    const end = Math.max(numbers.last, seqAt(databaseClock.latest)) + RESERVED;
    const held = this.#held;
    const parameters = [held.slot, held.fence, end, this.leaseMs, this.#first];
    const row = await queries.first<{ time: number }>(RENEW, parameters);
    if (row === null) return this.#lost(held);
    databaseClock.learn(row.time, sentAt);
    numbers.reserved(end);
    // The process may be suspended between this line and the use of what it owns, but that is as rare
    // as a clock that is a tenth too slow.
    this.#validUntil = askedAt + this.leaseMs * 0.9;
    return true;
  }

  /** Records that another process has taken a row. Returns false. */
  #lost(held: Held): false {
    if (held === this.#held) this.#isLost = true;
    return false;
  }

  #renewLater(delayMs = this.leaseMs / 3): void {
    this.#cancelRenewal();
    if (this.#closed) return;
    this.#cancelRenewal = this.parts.clock.after(delayMs, () => {
      this.renew().catch((error) => {
        if (!isOutage(error)) this.parts.onDefect(error);
      });
    });
  }

  /**
   * Extends the lease. If the process was evicted, takes another row. Rejects with `StoreUnavailable` if it could
   * not look at the others for the length of a lease: it must not own what it no longer knows the changes of.
   */
  async renew(): Promise<void> {
    let delayMs = Math.min(RETRY_MS, this.leaseMs / 3);
    try {
      const { clock } = this.parts;
      if (clock.steady() - this.#lookedAt > this.leaseMs) throw new StoreUnavailable(UNINFORMED);
      const isOurs = !this.#isLost && (await this.#reserve(clock.now()));
      if (!isOurs && !this.#closed) await this.acquire();
      delayMs = this.leaseMs / 3;
    } finally {
      this.#renewLater(delayMs);
    }
  }

  /**
   * Returns what stores the number of a transaction in it, and the number up to which this process has then
   * committed everything. Throws `InstanceLost` if the process was evicted.
   */
  mark(commit: number, floor: Seq): Opening {
    // The numbers of the messages are not those of the row that is being taken.
    if (this.#isLost) throw new InstanceLost();
    this.#marked = this.#held;
    return { sql: MARK, parameters: [this.#held.slot, this.#held.fence, commit, floor] };
  }

  /** Returns false if the process was evicted before the transaction that it has marked. */
  isMarked(opened: Opened): boolean {
    const { marked, instances } = opened as MarkResult;
    if (marked === 0) return this.#lost(this.#marked);
    this.#isShared = instances > 1;
    return true;
  }

  /** Returns the number of the last transaction that took effect, after waiting for one that is under way. */
  async lastCommit(): Promise<number> {
    const { slot, fence } = this.#marked;
    const row = await this.parts.queries.first<{ commits: number }>(LAST_COMMIT, [slot, fence]);
    // The one who took the row has also reset its number.
    if (row === null) throw new StoreUnavailable("Another process has taken the row of this one.");
    return row.commits;
  }

  /** Gives the row back. The next process continues after the last number. */
  async release(): Promise<void> {
    this.#closed = true;
    this.#cancelRenewal();
    const { slot, fence } = this.#held;
    await this.parts.queries.run(GIVE_BACK, [slot, fence, this.parts.numbers.last]);
  }
}
