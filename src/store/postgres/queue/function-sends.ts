import type { Seq } from "../../../core/id.ts";
import type { Queue } from "../../index.ts";
import type { Transaction } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";

/** Returns how many functions had a part in a message. See `Queue.hopsOf`. */
export function hopsOfVerb(database: Database): Queue["hopsOf"] {
  return async (messageSeq) => {
    const row = await database.first<{ hops: number }>("SELECT hops FROM function_send WHERE message_seq = $1", [
      messageSeq,
    ]);
    return row?.hops ?? 0;
  };
}

/** A step of the deletion of what functions have sent. */
export interface OldSends {
  /** The deliveries whose rows can be deleted. */
  readonly deliverySeqs: readonly Seq[];
  /** The delivery to continue after, or null after the last one. */
  readonly last: Seq | null;
}

/** Deletes what functions have sent for deliveries that are old and no longer pending. */
export class FunctionSends {
  /** Rows are read after this delivery. */
  #after: Seq = 0;

  constructor(private readonly database: Database) {}

  /**
   * Finds the next deliveries before `before`. Whether one is pending is found by reading all pending
   * deliveries, so that must not be done within a commit.
   */
  async forgettable(before: Seq, limit: number): Promise<OldSends> {
    const rows = await this.database.all<{ seq: Seq }>(
      `SELECT DISTINCT delivery_seq AS seq FROM function_send WHERE delivery_seq > $1 AND delivery_seq < $2
       ORDER BY delivery_seq LIMIT $3`,
      [this.#after, before, limit],
    );
    if (rows.length === 0) return { deliverySeqs: [], last: null };
    const seqs = rows.map(({ seq }) => seq);
    const pending = await this.database.all<{ seq: Seq }>("SELECT seq FROM pending WHERE seq = ANY ($1::bigint[])", [
      numberArray(seqs),
    ]);
    const waiting = new Set(pending.map(({ seq }) => seq));
    return {
      deliverySeqs: seqs.filter((seq) => !waiting.has(seq)),
      last: rows.length < limit ? null : seqs.at(-1)!,
    };
  }

  /** Returns the number of deleted rows. */
  async forget(transaction: Transaction, { deliverySeqs }: OldSends): Promise<number> {
    if (deliverySeqs.length === 0) return 0;
    return transaction.run("DELETE FROM function_send WHERE delivery_seq = ANY ($1::bigint[])", [
      numberArray(deliverySeqs),
    ]);
  }

  /** Moves on after the step was committed. Returns whether more rows are left. */
  advance({ last }: OldSends): boolean {
    this.#after = last ?? 0;
    return last !== null;
  }
}
