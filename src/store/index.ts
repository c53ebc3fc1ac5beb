import type { SeqSource } from "../core/id.ts";
import type { Configuration } from "./configuration.ts";
import type { Feed } from "./feed.ts";
import type { History } from "./history.ts";
import type { Housekeeping } from "./housekeeping.ts";
import type { Queue } from "./queue.ts";

export type { Configuration } from "./configuration.ts";
export type { Feed } from "./feed.ts";
export type { History } from "./history.ts";
export type { Housekeeping } from "./housekeeping.ts";
export type { Queue } from "./queue.ts";
export * from "./records/common.ts";
export type * from "./records/configuration.ts";
export type * from "./records/delivery.ts";
export type * from "./records/history.ts";
export type * from "./records/message.ts";
export * from "./records/task.ts";
export type * from "./records/token.ts";

/**
 * The durable store, by role. Nothing outside `store/` knows SQL.
 *
 * What every implementation must guarantee:
 *
 * - **Durable.** A write resolves only after the commit that holds it has been synced to disk (under the setting `sync`).
 * - **Atomic.** A verb changes everything that it promises or nothing; `together` extends this to several verbs.
 * - **Unknown outcomes.** A write that rejects with `StoreUnavailable` has not been acknowledged. It has usually changed
 *   nothing, but where the connection to the database broke during the commit it may have taken effect: callers repeat
 *   only what may be repeated (a settlement of the same round, a step of a task).
 * - **Own writes are visible.** A read that begins after a write of the same process resolved sees that write.
 * - **Unique numbers.** No two processes get the same number from `numbers`, and none gets one that was in use when it
 *   opened the store. Numbers of one process rise; those of several need not rise together.
 * - **Stable order.** See `Queue` and `History`.
 *
 * Reads may take as long as a network does: no caller may rely on one resolving within the same turn of the event loop.
 *
 * All instants are ms since the Unix epoch and end in `At`. Names ending in `Seq` are sequence numbers (`core/id.ts`).
 */
export interface Store {
  /** Four random words made with the data: the seed of `IdCodec`. */
  readonly idSeed: readonly [number, number, number, number];
  /** Gives out the numbers of new rows. */
  readonly numbers: SeqSource;
  readonly queue: Queue;
  readonly configuration: Configuration;
  readonly history: History;
  readonly housekeeping: Housekeeping;
  readonly feed: Feed;
  /**
   * Runs `start` at once, commits the writes that it begins as one atomic group, in the order in which it begins them, and
   * resolves to their results.
   *
   * - `start` returns the promises of all writes that it began, and begins no other write later.
   * - When a write fails, none is stored. Its promise rejects with its error, the others with `GroupUndone`; the call
   *   rejects with that error.
   * - A unique name that is taken undoes the group too: the verb says so as usual (`false`, `taken`), the others and the
   *   call reject with `GroupUndone`. Every other refusal (`gone`, an `eventId` that is known, a token that was revoked
   *   before) is a result like any other, and the rest is stored.
   * - A group that is begun within `start` becomes part of the outer one.
   * - When `start` throws, none of its writes happens, and their promises never settle.
   */
  together<T extends readonly Promise<unknown>[]>(
    start: () => readonly [...T],
  ): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }>;
  /** Commits what is queued and closes. */
  close(): Promise<void>;
}
