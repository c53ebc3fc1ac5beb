import type { Fact } from "../../../core/fact.ts";
import { type Seq, seqAt } from "../../../core/id.ts";
import type { Housekeeping } from "../../index.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import { FunctionSends } from "../queue/function-sends.ts";
import type { Days } from "./days.ts";
import { OldDays, retentionOf } from "./prune-days.ts";
import { dropMessages, expiredPayloads, expirePayloads, oldMessages } from "./prune-messages.ts";
import { pruneRecords } from "./prune-records.ts";

/** The key of the lock of the instance that deletes rows. */
const LOCK = 7_263_452;

interface Parts {
  readonly database: Database;
  readonly committer: Committer;
  readonly days: Days;
  readonly onFact: (fact: Fact) => void;
}

/**
 * Deletes rows that are past their retention. Days of messages are dropped whole; what remains of them
 * and all other rows are deleted one by one, a limited number of rows per commit. One instance at a time
 * does that.
 */
export function pruneVerb({ database, committer, days, onFact }: Parts): Housekeeping["prune"] {
  const [expired, old] = [expiredPayloads(), oldMessages()];
  const oldDays = new OldDays(database, days);
  const functionSends = new FunctionSends(database);
  const stateDropped = (dead: ReadonlyMap<Seq, number>) => {
    for (const [environmentSeq, count] of dead) onFact({ type: "deadletters.dropped", environmentSeq, count });
  };

  return async (before, now, limit) => {
    const retention = retentionOf(before, now);
    const day = await oldDays.dropNext(retention.before, retention.which, limit);
    stateDropped(day.dead);
    const sends = await functionSends.forgettable(seqAt(retention.before), limit);
    const pruned = await committer.write(async (transaction) => {
      if (!(await isOnly(transaction))) return null;
      const payloads = await expired.read(transaction, now, limit);
      const payloadCount = await expirePayloads(transaction, payloads.seqs);
      const messages = await old.read(transaction, seqAt(retention.before), limit);
      const dropped = await dropMessages(transaction, messages.seqs);
      const records = [
        ...(await pruneRecords(transaction, before, now, limit)),
        await functionSends.forget(transaction, sends),
      ];
      return { payloads, messages, payloadCount, dropped, records };
    }, limit);
    if (pruned === null) return { deleted: day.rows, more: day.more };
    stateDropped(pruned.dropped.dead);
    const hasMore = [expired.advance(pruned.payloads), old.advance(pruned.messages), functionSends.advance(sends)];
    return {
      deleted: pruned.records.reduce((sum, count) => sum + count, day.rows + pruned.payloadCount + pruned.dropped.rows),
      more: day.more || hasMore.includes(true) || pruned.records.some((count) => count >= limit),
    };
  };
}

/** Returns whether no other instance deletes rows at this time. */
async function isOnly(transaction: Transaction): Promise<boolean> {
  const row = await transaction.first<{ isOnly: boolean }>(`SELECT pg_try_advisory_xact_lock($1) AS "isOnly"`, [LOCK]);
  return row!.isOnly;
}
