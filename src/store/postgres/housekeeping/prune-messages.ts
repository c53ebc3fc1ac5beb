import type { Seq } from "../../../core/id.ts";
import { STATE } from "../../sql/delivery-row.ts";
import type { Transaction } from "../commit/commit.ts";
import { numberArray } from "../connection/parameters.ts";
import { dropPayloads, lockMessages } from "../queue/expunge.ts";
import { releasePayloads } from "../queue/quota-usage.ts";
import { Sweep } from "./sweep.ts";

/**
 * True if the message `m` has a pending delivery. Then neither the message nor its payload is
 * deleted, however old it is.
 */
const STAYS = "EXISTS (SELECT 1 FROM pending p WHERE p.message_seq = m.seq) AS stays";

/**
 * A step ends before the message with which it has more than this number of deliveries per message of
 * its limit, because a message may have thousands.
 */
const DELIVERIES_PER_MESSAGE = 4;

/** Returns a sweep over the messages whose payloads have expired. */
export function expiredPayloads(): Sweep {
  return new Sweep(
    `SELECT payload_expires_at AS at, seq, ${STAYS} FROM message m
     WHERE payload_expires_at <= $upTo AND (payload_expires_at, seq) > ($at, $seq)
     ORDER BY payload_expires_at, seq LIMIT $limit`,
  );
}

/** Returns a sweep over the messages that are old enough to be deleted. */
export function oldMessages(): Sweep<{ readonly deliveries: number }> {
  return new Sweep(
    `SELECT $at::bigint AS at, seq, ${STAYS}, (SELECT count(*) FROM ended e WHERE e.message_seq = m.seq) AS deliveries
     FROM message m WHERE seq < $upTo AND seq > $seq ORDER BY seq LIMIT $limit`,
    (rows, limit) => {
      let deliveries = 0;
      for (const [index, row] of rows.entries()) {
        deliveries += row.deliveries;
        if (deliveries > limit * DELIVERIES_PER_MESSAGE) return Math.max(1, index);
      }
      return rows.length;
    },
  );
}

/**
 * Locks messages. Returns those that still have no pending delivery. Other instances create pending
 * deliveries only under this lock.
 */
async function lockFree(transaction: Transaction, seqs: readonly Seq[]): Promise<readonly Seq[]> {
  await lockMessages(transaction, seqs);
  const free = await transaction.all<{ seq: Seq }>(
    `SELECT seq FROM message m WHERE seq = ANY ($1::bigint[])
       AND NOT EXISTS (SELECT 1 FROM pending p WHERE p.message_seq = m.seq)`,
    [numberArray(seqs)],
  );
  return free.map(({ seq }) => seq);
}

/** Deletes expired payloads. Returns their number. */
export async function expirePayloads(transaction: Transaction, seqs: readonly Seq[]): Promise<number> {
  if (seqs.length === 0) return 0;
  const free = await lockFree(transaction, seqs);
  await releasePayloads(transaction, free);
  return dropPayloads(transaction, free);
}

export interface DroppedMessages {
  readonly rows: number;
  /** The number of deleted dead letters by environment. */
  readonly dead: ReadonlyMap<Seq, number>;
}

/** Deletes messages that have no pending delivery, with their deliveries and attempts. */
export async function dropMessages(transaction: Transaction, seqs: readonly Seq[]): Promise<DroppedMessages> {
  if (seqs.length === 0) return { rows: 0, dead: new Map() };
  const free = await lockFree(transaction, seqs);
  await releasePayloads(transaction, free);
  const ofFree = [numberArray(free)];
  const messages = await transaction.run("DELETE FROM message WHERE seq = ANY ($1::bigint[])", ofFree);
  const attempts = await transaction.run("DELETE FROM attempt WHERE message_seq = ANY ($1::bigint[])", ofFree);
  await transaction.run("DELETE FROM event_id WHERE message_seq = ANY ($1::bigint[])", ofFree);
  const deliveries = await transaction.all<{ environmentSeq: Seq | null; count: number; dead: number }>(
    `WITH gone AS (DELETE FROM ended WHERE message_seq = ANY ($1::bigint[]) RETURNING endpoint_seq, state)
     SELECT a.environment_seq AS "environmentSeq", count(*) AS count,
       count(*) FILTER (WHERE gone.state = ${STATE.dead}) AS dead
     FROM gone LEFT JOIN endpoint e ON e.seq = gone.endpoint_seq LEFT JOIN application a ON a.seq = e.application_seq
     GROUP BY a.environment_seq`,
    ofFree,
  );
  const dead = deliveries.flatMap(({ environmentSeq, dead: count }): [Seq, number][] =>
    environmentSeq === null || count === 0 ? [] : [[environmentSeq, count]],
  );
  const ended = deliveries.reduce((sum, { count }) => sum + count, 0);
  return { rows: messages + attempts + ended, dead: new Map(dead) };
}
