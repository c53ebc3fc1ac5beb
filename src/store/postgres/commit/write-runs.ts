import { isAftermath, isCancelled, isConflict, isOutage, unavailable } from "../connection/errors.ts";
import type { BatchVerb, Transaction, Write } from "./write.ts";

type Result = PromiseSettledResult<unknown>;

const fulfilled = (value: unknown): Result => ({ status: "fulfilled", value });

/**
 * Runs writes without savepoints. Rejects if one of them fails. Neighbouring writes of batch verbs run
 * at the same time, those of one verb together.
 */
export async function runTogether(transaction: Transaction, writes: readonly Write[]): Promise<readonly Result[]> {
  const results: Result[] = new Array(writes.length);
  let stretch = new Map<BatchVerb, number[]>();
  const endStretch = async () => {
    const [...batches] = stretch;
    stretch = new Map();
    await first(batches.map(([verb, indexes]) => runBatch(transaction, verb, writes, indexes, results)));
  };
  for (let i = 0; i < writes.length; i++) {
    const { batch } = writes[i]!;
    if (batch !== undefined) {
      const indexes = stretch.get(batch.verb);
      if (indexes === undefined) stretch.set(batch.verb, [i]);
      else indexes.push(i);
      continue;
    }
    if (stretch.size > 0) await endStretch();
    results[i] = fulfilled(await writes[i]!.run(transaction));
  }
  if (stretch.size > 0) await endStretch();
  return results;
}

async function runBatch(
  transaction: Transaction,
  verb: BatchVerb,
  writes: readonly Write[],
  indexes: readonly number[],
  results: Result[],
): Promise<void> {
  const inputs = indexes.map((index) => writes[index]!.batch!.input as never);
  const values = await verb.run(transaction, inputs);
  indexes.forEach((index, i) => {
    results[index] = fulfilled(values[i]);
  });
}

/**
 * Waits until all have ended, so that no statement is begun after a rollback. Rejects with the error
 * that made the others fail.
 */
async function first(running: readonly Promise<void>[]): Promise<void> {
  const errors = (await Promise.allSettled(running)).flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
  if (errors.length > 0) throw errors.find((error) => !isAftermath(error)) ?? errors[0];
}

/** Runs each write in a savepoint, so that a write that fails does so alone. */
export async function runApart(transaction: Transaction, writes: readonly Write[]): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const write of writes) {
    await transaction.run("SAVEPOINT one");
    try {
      results.push(fulfilled(await write.run(transaction)));
    } catch (reason) {
      if (isOutage(reason) || isConflict(reason)) throw reason;
      await transaction.run("ROLLBACK TO one");
      results.push({
        status: "rejected",
        reason: isCancelled(reason) ? unavailable(reason, "Nothing was stored.") : reason,
      });
    }
    await transaction.run("RELEASE one");
  }
  return results;
}
