import { isAftermath, isCancelled, isConflict, isOutage, unavailable } from "../connection/errors.ts";
import { type Opened, type Opening, open } from "./opening.ts";
import type { BatchVerb, Transaction, Write } from "./write.ts";

type Result = PromiseSettledResult<unknown>;

const fulfilled = (value: unknown): Result => ({ status: "fulfilled", value });

/** What became of writes, and the row of the statement with which the transaction began. */
export interface Together {
  readonly opened: Opened;
  readonly results: readonly Result[];
}

/**
 * Runs writes without savepoints. Rejects if one of them fails. Neighbouring writes of batch verbs run
 * at the same time, those of one verb together. `mark` and the openings of the first ones are one statement.
 */
export async function runTogether(
  transaction: Transaction,
  writes: readonly Write[],
  mark: Opening,
): Promise<Together> {
  const results: Result[] = new Array(writes.length);
  const runBatches = async (begin: number, end: number, openings: readonly Opening[]) => {
    const batches = await batchesOf(writes.slice(begin, end));
    const all = [...openings, ...batches.flatMap(({ opening }) => opening ?? [])];
    const opened = all.length === 0 ? null : open(transaction, all);
    await first([
      ...(opened === null ? [] : [opened]),
      ...batches.map(async ({ verb, indexes, inputs, opening }) => {
        const values = await verb.run(transaction, inputs, opening === null ? null : await opened);
        indexes.forEach((index, i) => {
          results[begin + index] = fulfilled(values[i]);
        });
      }),
    ]);
    return opened;
  };
  const endOfBatches = (begin: number) => {
    let end = begin;
    while (writes[end]?.batch !== undefined) end++;
    return end;
  };
  let at = endOfBatches(0);
  const opened = (await runBatches(0, at, [mark]))!;
  while (at < writes.length) {
    results[at] = fulfilled(await writes[at]!.run(transaction));
    const end = endOfBatches(++at);
    if (end > at) await runBatches(at, end, []);
    at = end;
  }
  return { opened, results };
}

interface Batch {
  readonly verb: BatchVerb;
  readonly indexes: readonly number[];
  readonly inputs: readonly never[];
  readonly opening: Opening | null;
}

/** Returns the writes of each verb. */
async function batchesOf(writes: readonly Write[]): Promise<Batch[]> {
  const indexes = Map.groupBy(writes.keys(), (index) => writes[index]!.batch!.verb);
  return Promise.all(
    [...indexes].map(async ([verb, indexes]) => {
      const inputs = indexes.map((index) => writes[index]!.batch!.input as never);
      return { verb, indexes, inputs, opening: await verb.opening(inputs) };
    }),
  );
}

/**
 * Waits until all have ended, so that no statement is begun after a rollback. Rejects with the error
 * that made the others fail.
 */
async function first(running: ReadonlyArray<Promise<unknown>>): Promise<void> {
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
