import type { Database } from "bun:sqlite";
import type { BatchCandidate, PendingDelivery, Queue } from "../../src/store/index.ts";
import type { Dice } from "./dice.ts";

/**
 * Keeps endpoints marked as failing that were failing before a settlement, even if the attempt
 * succeeded.
 */
export async function unhealed<T>(settling: Promise<T>, db: Database): Promise<T> {
  const failing = db
    .query<{ seq: number; since: number }, []>(
      "SELECT seq, failing_since AS since FROM endpoint WHERE failing_since IS NOT NULL",
    )
    .all();
  const settled = await settling;
  for (const { seq, since } of failing) db.run("UPDATE endpoint SET failing_since = ? WHERE seq = ?", [since, seq]);
  return settled;
}

/** Sometimes returns a row of the previous read again. */
export function repeating(due: Queue["due"], dice: Dice): Queue["due"] {
  const before = new Map<number, PendingDelivery>();
  return async (endpointSeq, ...rest) => {
    const rows = await due(endpointSeq, ...rest);
    const again = before.get(endpointSeq);
    if (rows.length > 0) before.set(endpointSeq, rows[0]!);
    return again !== undefined && dice.chance(0.1) ? [again, ...rows] : rows;
  };
}

/** Adds a waiting delivery of the same endpoint to the members of a batch. */
export async function withOthers(queue: Queue, batchSeq: number): Promise<readonly BatchCandidate[]> {
  const members = await queue.batch.members(batchSeq);
  const [first] = members;
  if (first === undefined) return members;
  const start = { position: 0, seq: 0 };
  const waiting = await queue.batch.due(first.endpointSeq, start, Number.MAX_SAFE_INTEGER, 100);
  const other = waiting.find((one) => one.batchSeq === null);
  if (other === undefined) return members;
  return [...members, { ...other, batchSeq }].toSorted((one, two) => one.messageSeq - two.messageSeq);
}
