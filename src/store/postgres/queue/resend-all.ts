import type { DeliveryWas } from "../../../core/fact.ts";
import type { Seq } from "../../../core/id.ts";
import type { Queue, Replayable, Resent } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import { numberArray } from "../connection/parameters.ts";
import type { TaskUpdate } from "../housekeeping/tasks.ts";
import type { SlotSeqSource } from "../instances/numbers.ts";

/** Sends messages of a replay to an endpoint. */
export function resendAllVerb(committer: Committer, seqs: SlotSeqSource, storeTask: TaskUpdate): Queue["resendAll"] {
  return (endpointSeq, rows, { first, now }, progress) =>
    committer.write(async (transaction): Promise<Resent> => {
      seqs.reach(first + (rows.length - 1) * seqs.stride);
      const placed = rows.map((row, index) => ({ ...row, position: first + index * seqs.stride }));
      const resent = await resend(transaction, endpointSeq, placed, now);
      await storeTask(transaction, progress(resent));
      return resent;
    }, rows.length);
}

type Placed = Replayable & { readonly position: Seq };

async function resend(
  transaction: Transaction,
  endpointSeq: Seq,
  rows: readonly Placed[],
  now: number,
): Promise<Resent> {
  const resent: Record<DeliveryWas, number> = { none: 0, pending: 0, delivered: 0, dead: 0, cancelled: 0 };
  const kept = await lockKept(transaction, rows);
  const sendable = rows.filter(({ messageSeq }) => kept.has(messageSeq));
  await lockPending(transaction, endpointSeq, sendable);
  // The lock keeps the endpoint enabled until the commit.
  const endpoint = await transaction.first<{ isFifo: boolean }>(
    `SELECT fifo = 1 AS "isFifo" FROM endpoint WHERE seq = $1 AND disabled = 0 AND deleted_at IS NULL FOR SHARE`,
    [endpointSeq],
  );
  if (endpoint === null) return resent;
  const by = (was: DeliveryWas) => sendable.filter(({ delivery }) => (delivery?.state ?? "none") === was);
  resent.none = await begin(transaction, endpointSeq, by("none"), now);
  resent.pending = await restart(transaction, endpointSeq, by("pending"), now, endpoint.isFifo);
  for (const was of ["delivered", "dead", "cancelled"] as const) {
    resent[was] = await revive(transaction, endpointSeq, by(was), now, STATE[was]);
  }
  return resent;
}

/**
 * Locks those messages whose payload exists. Whoever creates a delivery of a message later than the
 * message holds this lock, so a delivery is never created twice.
 */
async function lockKept(transaction: Transaction, rows: readonly Placed[]): Promise<ReadonlySet<Seq>> {
  const kept = await transaction.all<{ seq: Seq }>(
    `SELECT seq FROM message WHERE seq = ANY ($1::bigint[]) AND payload IS NOT NULL ORDER BY seq FOR NO KEY UPDATE`,
    [numberArray(rows.map(({ messageSeq }) => messageSeq))],
  );
  return new Set(kept.map(({ seq }) => seq));
}

/**
 * Locks the pending deliveries before the endpoint, as settlements do, so that this transaction and
 * that of an instance that settles them do not wait for each other.
 */
async function lockPending(transaction: Transaction, endpointSeq: Seq, rows: readonly Placed[]): Promise<void> {
  await transaction.run(
    `SELECT 1 FROM pending WHERE endpoint_seq = $1 AND message_seq = ANY ($2::bigint[])
     ORDER BY message_seq FOR UPDATE`,
    [endpointSeq, numberArray(rows.map(({ messageSeq }) => messageSeq))],
  );
}

/** Creates deliveries for messages that have none. Returns their number. */
async function begin(
  transaction: Transaction,
  endpointSeq: Seq,
  rows: readonly Placed[],
  now: number,
): Promise<number> {
  if (rows.length === 0) return 0;
  return transaction.run(
    `INSERT INTO pending (seq, message_seq, endpoint_seq, position, due_at, attempts, attempts_total, round, trigger)
     SELECT r.position, r.message_seq, $1, r.position, $2, 0, 0, 0, 1
     FROM unnest($3::bigint[], $4::bigint[]) AS r(message_seq, position)
     WHERE NOT EXISTS (SELECT 1 FROM pending p WHERE p.message_seq = r.message_seq AND p.endpoint_seq = $1)
       AND NOT EXISTS (SELECT 1 FROM ended e WHERE e.message_seq = r.message_seq AND e.endpoint_seq = $1)`,
    [endpointSeq, now, ...placesOf(rows)],
  );
}

/** Starts a new round of pending deliveries. Returns the number of those that have not changed since they were found. */
async function restart(
  transaction: Transaction,
  endpointSeq: Seq,
  rows: readonly Placed[],
  now: number,
  isFifo: boolean,
): Promise<number> {
  if (rows.length === 0) return 0;
  return transaction.run(
    `UPDATE pending p SET due_at = $2, attempts = 0, round = p.round + 1, trigger = 1, batch_seq = NULL,
       position = ${isFifo ? "p.position" : "r.position"}
     FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::integer[]) AS r(message_seq, position, seq, round)
     WHERE p.message_seq = r.message_seq AND p.endpoint_seq = $1 AND p.seq = r.seq AND p.round = r.round`,
    [endpointSeq, now, ...placesOf(rows), ...identitiesOf(rows)],
  );
}

/** Makes ended deliveries pending. Returns the number of those that have not changed since they were found. */
async function revive(
  transaction: Transaction,
  endpointSeq: Seq,
  rows: readonly Placed[],
  now: number,
  state: number,
): Promise<number> {
  if (rows.length === 0) return 0;
  return transaction.run(
    `WITH again AS (DELETE FROM ended e
       USING unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::integer[]) AS r(message_seq, position, seq, round)
       WHERE e.message_seq = r.message_seq AND e.endpoint_seq = $1 AND e.seq = r.seq AND e.round = r.round AND e.state = $7
       RETURNING e.*, r.position)
     INSERT INTO pending (seq, message_seq, endpoint_seq, position, due_at, attempts, attempts_total, round, trigger)
     SELECT seq, message_seq, endpoint_seq, position, $2, 0, attempts_total, round + 1, 1 FROM again`,
    [endpointSeq, now, ...placesOf(rows), ...identitiesOf(rows), state],
  );
}

function placesOf(rows: readonly Placed[]): [string, string] {
  return [numberArray(rows.map(({ messageSeq }) => messageSeq)), numberArray(rows.map(({ position }) => position))];
}

function identitiesOf(rows: readonly Placed[]): [string, string] {
  return [
    numberArray(rows.map(({ delivery }) => delivery!.seq)),
    numberArray(rows.map(({ delivery }) => delivery!.round)),
  ];
}
