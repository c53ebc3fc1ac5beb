import type { Seq } from "../../../core/id.ts";
import type { History, PollerKey } from "../../index.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import type { Database, Queries } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";

export function pollers(database: Database, committer: Committer): History["pollers"] {
  return {
    cursor: (key) => cursorOf(database, key),
    move: (key, to, { onlyForward, consumersMax, now }) =>
      committer.write(async (transaction) => {
        const { applicationSeq, sink, consumer } = key;
        if ((await cursorOf(transaction, key)) === null) {
          // The application was deleted together with its cursors.
          if (!(await keepApplication(transaction, applicationSeq))) return true;
          const isNew = (await cursorOf(transaction, key)) === null;
          if (isNew && (await countOf(transaction, applicationSeq)) >= consumersMax) return false;
          await transaction.run(
            `INSERT INTO poller (application_seq, sink, consumer, cursor, updated_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING`,
            [applicationSeq, sink, consumer, to, now],
          );
        }
        await transaction.run(
          `UPDATE poller SET cursor = $4, updated_at = $5 WHERE application_seq = $1 AND sink = $2 AND consumer = $3
             ${onlyForward ? "AND cursor < $4" : ""}`,
          [applicationSeq, sink, consumer, to, now],
        );
        return true;
      }),
  };
}

async function cursorOf(queries: Queries, { applicationSeq, sink, consumer }: PollerKey): Promise<Seq | null> {
  const row = await queries.first<{ cursor: Seq }>(
    "SELECT cursor FROM poller WHERE application_seq = $1 AND sink = $2 AND consumer = $3",
    [applicationSeq, sink, consumer],
  );
  return row?.cursor ?? null;
}

async function countOf(transaction: Transaction, applicationSeq: Seq): Promise<number> {
  const row = await transaction.first<{ count: number }>(
    "SELECT count(*) AS count FROM poller WHERE application_seq = $1",
    [applicationSeq],
  );
  return row!.count;
}

/**
 * Returns whether an application exists, and keeps it until the commit. Others who call this wait, so
 * that they count what this one creates.
 */
export async function keepApplication(transaction: Transaction, seq: Seq): Promise<boolean> {
  const row = await transaction.first(
    "SELECT 1 FROM application WHERE seq = $1 AND deleted_at IS NULL FOR NO KEY UPDATE",
    [seq],
  );
  return row !== null;
}

/** Deletes the consumers and groups of applications. */
export async function removePollers(transaction: Transaction, applicationSeqs: readonly Seq[]): Promise<void> {
  const of = [numberArray(applicationSeqs)];
  await transaction.run("DELETE FROM poller WHERE application_seq = ANY ($1::bigint[])", of);
  await transaction.run(
    "DELETE FROM poller_lease WHERE group_id IN (SELECT id FROM poller_group WHERE application_seq = ANY ($1::bigint[]))",
    of,
  );
  await transaction.run("DELETE FROM poller_group WHERE application_seq = ANY ($1::bigint[])", of);
}
