import type { Housekeeping } from "../index.ts";
import type { Committer } from "./commit.ts";
import { pruneRecords } from "./prune-records.ts";

/** Deletes rows that are past their retention. Messages, attempts and tasks are not deleted yet. */
export function pruneVerb(committer: Committer): Housekeeping["prune"] {
  return (before, now, limit) =>
    committer.write(async (transaction) => {
      const counts = await pruneRecords(transaction, before, now, limit);
      return { deleted: counts.reduce((sum, count) => sum + count, 0), more: counts.some((count) => count >= limit) };
    }, limit);
}
