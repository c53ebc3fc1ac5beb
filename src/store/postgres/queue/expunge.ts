import type { Seq } from "../../../core/id.ts";
import type { Clock } from "../../../ports.ts";
import type { Expunged, Key, Queue } from "../../index.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import { numberArray, textArray } from "../connection/parameters.ts";
import type { TaskUpdate } from "../housekeeping/tasks.ts";
import { cancelMessages } from "./cancel.ts";
import { releasePayloads } from "./quota-usage.ts";

/** Deletes payloads without reading them. */
export function expungeVerbs(committer: Committer, storeTask: TaskUpdate, clock: Clock): Queue["expunge"] {
  const expungeAll = async (transaction: Transaction, seqs: readonly Seq[]): Promise<Expunged> => {
    if (seqs.length === 0) return { messages: 0, cancelled: 0, endpoints: [] };
    await lockMessages(transaction, seqs);
    await releasePayloads(transaction, seqs);
    const messages = await dropPayloads(transaction, seqs);
    const endpointSeqs = await cancelMessages(transaction, seqs, clock.now());
    const endpoints = [...new Set(endpointSeqs)].toSorted((a, b) => a - b);
    return { messages, cancelled: endpointSeqs.length, endpoints };
  };
  return {
    message: (seq) => committer.write(async (transaction) => (await expungeAll(transaction, [seq])).cancelled),
    messages: (applicationSeq, keys) =>
      committer.write(async (transaction) => {
        const seqs = await seqsOf(transaction, applicationSeq, keys);
        const expunged = await expungeAll(
          transaction,
          seqs.filter((seq) => seq !== null),
        );
        return { ...expunged, found: seqs.map((seq) => seq !== null) };
      }, keys.length),
    step: (applicationSeq, { from, to, limit }, progress) =>
      committer.write(async (transaction) => {
        const rows = await transaction.all<{ seq: Seq }>(
          "SELECT seq FROM message WHERE application_seq = $1 AND seq > $2 AND seq < $3 ORDER BY seq LIMIT $4",
          [applicationSeq, from, to, limit],
        );
        const expunged = await expungeAll(
          transaction,
          rows.map(({ seq }) => seq),
        );
        const last = rows.length < limit ? null : rows.at(-1)!.seq;
        await storeTask(transaction, progress(expunged, last));
        return { ...expunged, last };
      }, limit),
  };
}

/** Locks messages in order, so that transactions that change the same messages do not block each other. */
export async function lockMessages(transaction: Transaction, seqs: readonly Seq[]): Promise<void> {
  await transaction.run("SELECT 1 FROM message WHERE seq = ANY ($1::bigint[]) ORDER BY seq FOR UPDATE", [
    numberArray(seqs),
  ]);
}

/** Deletes the payloads of locked messages. Returns the number of those that had one. */
export function dropPayloads(transaction: Transaction, seqs: readonly Seq[]): Promise<number> {
  return transaction.run(
    `UPDATE message SET payload = NULL, payload_expires_at = NULL WHERE seq = ANY ($1::bigint[]) AND payload IS NOT NULL`,
    [numberArray(seqs)],
  );
}

/** Returns the number of the message with each key, or null if the application has none. */
async function seqsOf(
  transaction: Transaction,
  applicationSeq: Seq,
  keys: readonly Key[],
): Promise<ReadonlyArray<Seq | null>> {
  const rows = await transaction.all<{ seq: Seq; uid: string | null }>(
    `SELECT seq, NULL AS uid FROM message WHERE application_seq = $1 AND seq = ANY ($2::bigint[])
     UNION ALL SELECT m.seq, e.event_id FROM event_id e JOIN message m ON m.seq = e.message_seq
     WHERE e.application_seq = $1 AND e.event_id = ANY ($3::text[])`,
    [
      applicationSeq,
      numberArray(keys.flatMap((key) => ("seq" in key ? [key.seq] : []))),
      textArray(keys.flatMap((key) => ("seq" in key ? [] : [key.uid]))),
    ],
  );
  const known = new Map(rows.map(({ seq, uid }) => [uid ?? seq, seq]));
  return keys.map((key) => known.get("seq" in key ? key.seq : key.uid) ?? null);
}
