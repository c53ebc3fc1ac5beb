import type { SeqSource, ShardPeriod } from "../core/id.ts";
import type { Clock } from "../ports.ts";
import type { Configuration } from "./configuration.ts";
import type { StoreDatabase } from "./database-state.ts";
import type { Feed } from "./feed.ts";
import type { History } from "./history.ts";
import type { Housekeeping } from "./housekeeping.ts";
import type { Moves } from "./moves.ts";
import type { Queue } from "./queue.ts";
import type { StoreReplica } from "./replica.ts";
import type { Survey } from "./survey.ts";

export type { Configuration } from "./configuration.ts";
export type * from "./database-state.ts";
export type { Feed } from "./feed.ts";
export type { History } from "./history.ts";
export type { Housekeeping } from "./housekeeping.ts";
export type * from "./move-pages.ts";
export type * from "./moves.ts";
export type * from "./notices.ts";
export type { Queue } from "./queue.ts";
export * from "./records/index.ts";
export type { ReplicaState, StoreReplica } from "./replica.ts";
export type { Survey } from "./survey.ts";

/**
 * The durable store, by role. Nothing outside `store/` knows SQL.
 *
 * An open store belongs to one process. Several processes may have the same data open. Every
 * implementation guarantees the following, and the suites in `test/store/suites` check it.
 *
 * - **Durable.** A write resolves only after its commit has been synced to disk (unless the setting
 *   `sync` is `normal`).
 * - **Atomic.** A method makes all of its changes or none. `together` extends this to several
 *   writes.
 * - **Ordered writes.** The writes of one process take effect in the order in which they are begun.
 *   Their results may arrive in another order, except those of `Queue.accept`.
 * - **Visible writes.** A read that begins after a write of the same process has resolved sees the
 *   write. A read may also see a write whose result has not arrived yet.
 * - **Slow reads.** A result may be out of date when it arrives. No caller relies on a read
 *   resolving within one turn of the event loop.
 * - **Unknown outcomes.** A write that rejects with `StoreUnavailable` was not acknowledged.
 *   Usually it changed nothing, but if the connection broke during the commit, the write may have
 *   taken effect. Callers retry only idempotent writes: `settle`, the steps and updates of a task,
 *   `bury`, `drop`, `expunge`, `prune`. See also `Feed`.
 * - **Unique numbers.** No two processes get the same number from `numbers`, and no process gets a
 *   number that was in use when it opened the store. The numbers of one process increase; the
 *   numbers of several processes may interleave in any order.
 * - **Stable order.** A reader that follows a list by number misses no row. See `Queue`.
 *
 * Times end in `At` and are in ms since the Unix epoch. Names ending in `Seq` are sequence numbers
 * (`core/id.ts`).
 */
export interface Store {
  /** The seed of `IdCodec`: four random words, generated with the data directory. */
  readonly idSeed: readonly [number, number, number, number];
  /** The names that the installation has had, for `IdCodec`. Absent if the store has none. */
  readonly shards?: readonly ShardPeriod[];
  /** The key that signs links to payloads, generated with the data directory. It is stored encrypted. */
  readonly payloadLinkKey: string;
  /** Generates the numbers of new rows. */
  readonly numbers: SeqSource;
  /**
   * The clock that the process must use for everything that it stores. Processes with the same data have
   * the same time, even if the clocks of their machines differ.
   */
  readonly clock: Clock;
  readonly queue: Queue;
  readonly configuration: Configuration;
  readonly history: History;
  readonly housekeeping: Housekeeping;
  readonly survey: Survey;
  readonly feed: Feed;
  /** Moves of applications. Absent if the store does not support them. */
  readonly moves?: Moves;
  /** The database server. Absent if the data are in files. */
  readonly database?: StoreDatabase;
  /** The replica of the data. Absent if there is none. */
  readonly replica?: StoreReplica;
  /**
   * Calls `start`, commits the writes that it begins as one atomic group, in the order in which
   * they were begun, and resolves to their results.
   *
   * - `start` returns the promises of all writes that it began. It must not begin another write
   *   later.
   * - If a write fails, none is stored. The failed write and the call reject with its error; the
   *   other writes reject with `GroupUndone`.
   * - A unique name that is taken also undoes the group. The write itself reports this in its
   *   result as usual (`false`, `taken`); the other writes and the call reject with `GroupUndone`.
   *   Every other refusal (`gone`, a known `eventId`, a token that is already revoked) is a normal
   *   result, and the rest of the group is stored.
   * - A group that is begun within `start` becomes part of the outer group.
   * - If `start` throws, no write is made, and the promises of its writes never settle.
   */
  together<T extends readonly Promise<unknown>[]>(
    start: () => readonly [...T],
  ): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }>;
  /**
   * Commits the queued writes and closes the store. Later writes reject with `StoreUnavailable`.
   */
  close(): Promise<void>;
}
